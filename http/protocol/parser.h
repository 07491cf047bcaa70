/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the parser of a request head (RFC 9112 2–5): strict, in place, restartable at every byte. It
 *   judges a line when its LF has arrived, so the verdict does not depend on how the bytes were split. Only
 *   the very first byte is judged at once: a client that speaks TLS sends no LF and would wait. Feeding byte
 *   by byte costs linear time. It never reads outside [buffer, buffer + filled) and never writes into the
 *   buffer, which is where this request begins, maybe in the middle of a larger block (pipelining): offsets
 *   count from it.
 * Lifetime: the caller owns everything; init makes the parser ready for one head.
 * Threads: one owner.
 * Errors: HTTP_PARSE_BAD with the answer's status in `status` and the reason in head->error; the parser is
 *   then spent.
 *
 * Use: http_parser_init, then http_parser_feed until it says something else than MORE.
 * - MORE: receive behind `filled` and feed the same buffer again. If it is full, take a larger one, copy the
 *   http_parser_unfinished() bytes from buffer + parser.line to its start, call http_parser_move and feed the
 *   new buffer with as many bytes filled. http_parser_overlong decides about a line that is too long for the
 *   largest buffer.
 * - FIELDS_FULL: give head.fields a larger array with the old entries in it, set field_capacity, feed again
 *   (or answer 431).
 * - DONE: the head is complete; the byte after it is buffer[parser.offset].
 *
 * Decisions. Empty lines before the request line are skipped (RFC 9112 2.2). A bare LF ends a line unless
 *   strict_line_endings; a bare CR, NUL, other control byte, obs-fold, blank before the colon, empty name,
 *   byte outside tchar in a name: 400. A line without a version (HTTP/0.9) is 400, another major version
 *   505, HTTP/1.2 … 1.9 are as 1.1.
 */
#ifndef HTTP_PROTOCOL_PARSER_H
#define HTTP_PROTOCOL_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/protocol/head.h"

enum {
    HTTP_PARSER_EMPTY_LINES = 16, /* skipped before the request line; one more is 400 */
};

struct http_parser_limits {
    bool strict_line_endings; /* refuse a bare LF */
};

enum http_parse {
    HTTP_PARSE_DONE,
    HTTP_PARSE_MORE,
    HTTP_PARSE_FIELDS_FULL,
    HTTP_PARSE_BAD,
};

struct http_parser {
    uint32_t offset;     /* DONE: first byte after the head in the current buffer */
    uint32_t line;       /* where the line being read begins */
    uint32_t scanned;    /* no LF in [line, scanned) */
    uint16_t status;     /* BAD: 400, 431 or 505 */
    uint8_t empty_lines; /* skipped so far */
    bool in_fields;      /* the request line has been read */
    bool strict_line_endings;
};

/* Makes parser and head ready; head->fields and field_capacity stay as they are. */
void http_parser_init(struct http_parser *, const struct http_parser_limits *, struct http_head *);

/* Goes on with `buffer`, of which `filled` bytes (less than 4 GiB) are valid and those fed before are
 * unchanged. */
__attribute__((warn_unused_result)) enum http_parse http_parser_feed(struct http_parser *, struct http_head *,
                                                                     const char *buffer, size_t filled);

/* The unfinished line now stands at the start of another buffer, the next in head->buffers. False if there is
 * none left (431). */
__attribute__((warn_unused_result)) bool http_parser_move(struct http_parser *, struct http_head *);

/* Bytes of the line being read, if `filled` bytes are in the current buffer: what has to move with it. */
static inline size_t http_parser_unfinished(const struct http_parser *parser, size_t filled)
{
    return filled - parser->line;
}

/* The answer to a line that outgrows all buffers; the current one has `filled` bytes. In the fields 431. In
 * the request line 414, or 501 for a method longer than any implemented one (RFC 9112 3), or 400 if it is not
 * a method. */
int http_parser_overlong(const struct http_parser *, const char *buffer, size_t filled);

/* Whether the request line is still being read. */
static inline bool http_parser_in_request_line(const struct http_parser *parser)
{
    return !parser->in_fields;
}

/* Whether any byte of a request has been seen: an end of stream before that is not an error. Empty lines do
 * not count.
 */
static inline bool http_parser_begun(const struct http_parser *parser)
{
    return parser->in_fields || parser->scanned > parser->line;
}

#endif
