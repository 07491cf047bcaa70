/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: queues answers: bytes, a file, or a stream. The described answer (answer.h) passes the filters and
 *   is queued, head first; the head says how the body is framed. What follows later: response_body.h.
 * Lifetime: what is queued outlives the request. The beginning of a head is kept for a second by each thread.
 * Threads: the request's worker.
 * Errors: -ENOMEM, with nothing or a part of the answer queued.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "http/response_body.h"

/* Queues head and body, or the file. 0 or -ENOMEM, with nothing or a part of it queued. */
int http_response_queue(struct http_request *request);

/* Queues the head of a streamed answer, HTTP_BODY_STREAM: http_stream_write follows. 0 or -ENOMEM. */
int http_stream_begin(struct http_request *request);

#endif
