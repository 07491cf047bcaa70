/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the parsed head of a request: method, target, version and fields, all of them spans of the
 *   received bytes. A head may lie in several buffers (large_client_header_buffers): a field names its
 *   buffer, the request line has one.
 * Lifetime: the caller owns the struct, the array of fields and the buffers. Nothing is copied: a span is
 *   valid as long as buffers[] points at the bytes it was parsed from. A buffer may move if its entry in
 *   buffers[] is changed with it.
 * Threads: one owner.
 * Errors: none here; the parser (parser.h) sets `error`.
 */
#ifndef HTTP_PROTOCOL_HEAD_H
#define HTTP_PROTOCOL_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/protocol/fields.h"
#include "http/protocol/text.h"

enum {
    HTTP_HEAD_BUFFERS = 16, /* at most: one small buffer and 15 large ones */
};

/* The four forms of a request target, RFC 9112 3.2. */
enum http_target_form {
    HTTP_TARGET_ORIGIN,    /* /path?query */
    HTTP_TARGET_ABSOLUTE,  /* http://authority/path?query */
    HTTP_TARGET_AUTHORITY, /* host:port, CONNECT only */
    HTTP_TARGET_ASTERISK,  /* *, OPTIONS only */
};

/* A part of the request line: offset into buffers[line_buffer]. */
struct http_span {
    uint32_t offset;
    uint32_t length;
};

struct http_field {
    uint32_t name;         /* offset in buffers[buffer] */
    uint32_t value;        /* likewise; blanks around the value are not part of it */
    uint32_t value_length; /* may be 0 */
    uint16_t name_length;  /* 1 and more */
    uint8_t buffer;        /* index into buffers[] */
    uint8_t id;            /* enum http_field_id */
};

struct http_head {
    /* Set by the caller before http_parser_feed (and whenever the array grows; the entries move with it). */
    struct http_field *fields;
    uint16_t field_capacity;

    /* Set by the parser. */
    uint16_t field_count;
    uint8_t buffer_count;          /* buffers in use */
    uint8_t line_buffer;           /* the buffer of the request line */
    uint8_t major, minor;          /* 1 and 0…9 once the request line has been read */
    uint8_t method;                /* enum http_method */
    uint8_t form;                  /* enum http_target_form */
    struct http_span request_line; /* all of it, without its line end */
    struct http_span method_text;  /* as sent: methods are case-sensitive (RFC 9110 9.1) */
    struct http_span target;       /* as sent, the fragment included */
    struct http_span authority;    /* forms absolute and authority; else empty */
    /* Path and query without the fragment; may be empty or begin with ? in the absolute form
     * (http_uri_normalize makes / of it). */
    struct http_span path;
    uint32_t
        unmarked;     /* bytes at the start of the path, the slash among them, without another # % . / or ? */
    uint64_t present; /* bit per field id: there is at least one */
    uint64_t repeated; /* bit per field id: there are several lines */
    /* Index of the first field of an id; valid if its bit in `present` is set. */
    uint16_t first[HTTP_FIELD_COUNT];
    const char *buffers[HTTP_HEAD_BUFFERS]; /* [buffer_count-1] is the one being filled */
    const char *error;                      /* a literal: what was wrong; null if nothing was */
};

/* Whether a field of this known name was sent. `id` is not HTTP_FIELD_OTHER. */
static inline bool http_head_has(const struct http_head *head, enum http_field_id id)
{
    return (head->present >> id & 1) != 0;
}

/* Whether more than one line of this known name was sent. */
static inline bool http_head_repeats(const struct http_head *head, enum http_field_id id)
{
    return (head->repeated >> id & 1) != 0;
}

/* Whether a field that is not a list came twice, and two readers could believe different lines about the
 * client or its body (RFC 9110 5.3; 8.3 and 11.6.2 name the danger). Other repeated fields do no harm: dates,
 * ranges and If-Range are then ignored (condition.h, ranges.c). */
bool http_head_repeats_singleton(const struct http_head *head);

/* The first field of a known name, or null. */
static inline const struct http_field *http_head_find(const struct http_head *head, enum http_field_id id)
{
    return http_head_has(head, id) ? &head->fields[head->first[id]] : NULL;
}

/* The next line of the same known name after `field`, or null. */
const struct http_field *http_head_next(const struct http_head *head, const struct http_field *field);

/* The name and the value of a field, and a part of the request line, as bytes. */
static inline struct http_text http_field_name(const struct http_head *head, const struct http_field *field)
{
    return (struct http_text){head->buffers[field->buffer] + field->name, field->name_length};
}

static inline struct http_text http_field_value(const struct http_head *head, const struct http_field *field)
{
    return (struct http_text){head->buffers[field->buffer] + field->value, field->value_length};
}

static inline struct http_text http_head_text(const struct http_head *head, struct http_span span)
{
    return (struct http_text){head->buffers[head->line_buffer] + span.offset, span.length};
}

#endif
