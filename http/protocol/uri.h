/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the path of a request, decoded and normalised once, at the start (RFC 3986 2.1, 5.2.4, 6.2.2); and
 *   escaping.
 * Lifetime: results point into the input, or into the buffer handed in.
 * Threads: any. Errors: 400.
 *
 * As nginx: %XX is decoded, dot segments are removed after decoding (so %2e%2e counts), // becomes / if
 * merge_slashes, and the query stays as it is. 400: %00, a bad escape, a path that climbs above the root.
 * Bytes from 0x80 on are taken as they are. Encoded slashes are decoded too: what is matched is what is
 * served.
 */
#ifndef HTTP_PROTOCOL_URI_H
#define HTTP_PROTOCOL_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "http/protocol/head.h"

struct http_uri {
    struct http_text path;      /* begins with /, no NUL in it */
    struct http_text args;      /* after the first ?, raw; empty if there is none */
    struct http_text extension; /* of the last segment, without the dot; empty if none */
    bool has_args;              /* there was a ?, even if nothing follows it */
    bool plain;                 /* path points into the input: nothing had to be changed */
};

/* Whether the path is a slash and bytes without any meaning: it needs no change, and has neither args nor an
 * extension. */
static inline bool http_uri_bare(const char *bytes, size_t length, size_t unmarked)
{
    return unmarked == length && bytes[0] == '/';
}

/* True if the path needs no change: *uri is filled and no buffer is needed. False: use http_uri_normalize.
 * `unmarked`: as in struct http_head; 1 if it is not known. */
__attribute__((warn_unused_result)) bool http_uri_plain(const char *bytes, size_t length, size_t unmarked,
                                                        bool merge_slashes, struct http_uri *uri);

/* Normalises path and query as in head->path. `out` has length + 1 bytes and may hold the path afterwards. 0
 * or 400. */
__attribute__((warn_unused_result)) int http_uri_normalize(const char *bytes, size_t length, char *out,
                                                           bool merge_slashes, struct http_uri *uri);

/* Which bytes http_uri_escape escapes. */
enum http_uri_escape {
    HTTP_ESCAPE_CONTROLS, /* a URL that is one already: controls and DEL */
    HTTP_ESCAPE_URI, /* a path: also blank, " # % < > ? \ ^ ` { | } and bytes from 0x80 (NGX_ESCAPE_URI) */
    HTTP_ESCAPE_COMPONENT, /* a segment or argument: all but unreserved bytes (NGX_ESCAPE_URI_COMPONENT) */
};

/* Bytes that the escaped form takes: equals `length` if nothing needs escaping. */
size_t http_uri_escaped_length(const char *bytes, size_t length, enum http_uri_escape);

/* Writes the escaped form (http_uri_escaped_length bytes, no NUL) and returns the byte after it. */
char *http_uri_escape(char *out, const char *bytes, size_t length, enum http_uri_escape);

#endif
