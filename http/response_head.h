/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the head of an answer, and the framing of its body. request->response becomes bytes, with
 *   Content-Length, in chunks, or up to the end of the connection. Decisions about the answer are made
 *   before: filters.h, response.h.
 * Lifetime: what is queued outlives the request. The beginning of a head is kept for a second by each thread.
 * Threads: the request's worker.
 * Errors: -ENOMEM, with nothing or a part queued.
 */
#ifndef HTTP_RESPONSE_HEAD_H
#define HTTP_RESPONSE_HEAD_H

#include "http/request.h"

/* Queues the head, with room for `body_room` bytes behind it. */
int http_head_queue(struct http_request *request, size_t body_room);

/* Whether no body follows the head, even if there is one. */
bool http_response_bodiless(const struct http_request *request);

/* Whether the body goes out in chunks: its length is not known, and the client can take them. */
bool http_response_chunked(const struct http_request *request);

/* Before the head: if neither a length nor chunks say where the body ends, the connection's end does. */
void http_response_frame(struct http_request *request);

/* Queues what has passed all transforms (filters.h), as a chunk or as it is. */
int http_stream_sink(struct http_request *request, struct http_text bytes);

#endif
