/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: judges one line of a head (RFC 9112 2.2, 3, 5), for parser.c, which takes most lines by a shorter
 *   way. Both find the same in a line that both take.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: HTTP_LINE_BAD with the status in the parser and the reason in head->error.
 */
#ifndef HTTP_PROTOCOL_LINES_H
#define HTTP_PROTOCOL_LINES_H

#include "http/protocol/parser.h"

enum http_line {
    HTTP_LINE_TAKEN, /* parser->line stands behind it */
    HTTP_LINE_MORE,  /* its LF is not there yet */
    HTTP_LINE_LAST,  /* the empty line that ends the head */
    HTTP_LINE_FULL,  /* no room for the field */
    HTTP_LINE_BAD,
};

enum {
    HTTP_VERSION_LENGTH = 8, /* "HTTP/1.1" */
};

/* The bytes fed: [base, end). */
struct http_fed {
    const char *base;
    const char *end;
};

/* At least one byte of the line at parser->line is there. Not inlined: most requests need neither. */
__attribute__((noinline)) enum http_line http_judge_request_line(struct http_parser *parser,
                                                                 struct http_head *head,
                                                                 const struct http_fed *fed);
__attribute__((noinline)) enum http_line http_judge_field(struct http_parser *parser, struct http_head *head,
                                                          const struct http_fed *fed);

#endif
