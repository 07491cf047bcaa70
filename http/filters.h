/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the chain between an answer as described and its bytes on the wire. The order is that of enum
 *   http_filter_place: headers, charset, gzip, each if the location has it; then ranges; then the head is
 *   written (response.c). A filter changes the description, or adds a transform, which the bytes of the body
 *   then pass: file or bytes → the ranges' parts → transforms in the order in which they were added → chunks.
 *   A location without filters has no chain.
 * Lifetime: transforms and parts lie in the request's pool.
 * Threads: the connection's worker.
 * Errors: 0 or -ENOMEM; once the head is queued, the connection is cut.
 */
#ifndef HTTP_FILTERS_H
#define HTTP_FILTERS_H

#include "http/request.h"

enum http_piece {
    HTTP_PIECE_MORE,  /* more follows soon: a transform may hold it back */
    HTTP_PIECE_FLUSH, /* the client waits for it */
    HTTP_PIECE_LAST   /* nothing follows; may be empty */
};

/* Stands first in a struct of the filter's own. */
struct http_transform {
    struct http_transform *next; /* null: to the client */
    int (*write)(struct http_transform *transform, struct http_request *request, struct http_text bytes,
                 enum http_piece piece);
};

/* One of several ranges, or, with size 0, the end of them. */
struct http_part {
    struct http_text before; /* boundary and head of the part */
    int64_t offset, size;    /* bytes of the file */
};

/* Runs the location's filters (there are some) and takes the ranges. */
int http_filters_run(struct http_request *request);

/* For a filter: adds a transform after those that are there. The length of the body is then unknown, unless
 * the filter sets response.content_length again. Null: only makes it unknown, for an answer to HEAD. */
void http_add_transform(struct http_request *request, struct http_transform *transform);

/* RFC 9110 9.3.2, 8.6: an answer to HEAD describes the body that it does not have, so filters of bodies apply
 * to it too. */
static inline bool http_head_stands_for_body(const struct http_request *request)
{
    return request->head.method == HTTP_METHOD_HEAD && request->response.content_length != 0;
}

/* For a transform: hands bytes to what follows it. */
int http_pass(struct http_transform *next, struct http_request *request, struct http_text bytes,
              enum http_piece piece);

/* Whether no body follows the head, even if there is one. */
bool http_response_bodiless(const struct http_request *request);

/* Whether the body goes out in chunks: its length is not known, and the client can take them. */
bool http_response_chunked(const struct http_request *request);

/* ranges.c: a file is about to be answered with 200 and accept_ranges: makes it 206 or 416 if that was
 * asked for. */
int http_ranges_take(struct http_request *request);

#endif
