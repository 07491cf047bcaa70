/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the way of a request after its head: from step to step, to its answer, to its end. It runs the
 *   steps of a location and the ways back from them, queues the answer, and ends the request. route/route.h
 *   leads here; driver.h has http_resume, for a step that answers later.
 * Lifetime: of the request. http_request_end gives all of it back.
 * Threads: the connection's worker.
 * Errors: no memory is 503; once the answer has begun, connection->cut is set.
 */
#ifndef HTTP_REQUEST_RUN_H
#define HTTP_REQUEST_RUN_H

#include "http/request.h"

/* Goes on with the outcome of the route, a step or a body's taker: to the next steps, or the answer.
 * Afterwards request->complete says whether the answer is queued; if not, the body is waited for. If no
 * answer is possible any more, connection->cut is set. */
void http_request_go_on(struct http_request *request, enum http_outcome outcome);

/* The request cannot be read: answers `status`; the connection will close. `why` is logged at level info;
 * null: it has been. */
void http_request_refuse(struct http_request *request, int status, const char *why);

/* The head cannot go on: answers the `status` of http_receive_grow_head (503 has been logged), or too many
 * fields. */
void http_refuse_head(struct http_request *request, int status);
void http_refuse_fields(struct http_request *request);

/* The request of this connection is over: runs its log steps and gives its memory back. `idle`: no byte of
 * another one has arrived. */
void http_request_end(struct http_connection *connection, bool idle);

#endif
