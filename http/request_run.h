/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a request behind its head: from step to step, to its answer, to its end.
 *
 * Purpose: runs the steps of a location and the ways back from them, queues the answer, and ends the
 *   request. route/route.h leads here; driver.h has http_resume, for a step that answers later.
 * Lifetime: of the request. http_request_end gives all of it back.
 * Threads: the connection's worker.
 * Errors: no memory is 503; once the answer has begun, connection->cut is set.
 */
#ifndef HTTP_REQUEST_RUN_H
#define HTTP_REQUEST_RUN_H

#include "http/request.h"

/* What the route, a step or a body's taker said: goes on with the steps, or queues the answer. Afterwards
 * request->complete says whether the answer is queued, else the body is waited for. If nothing can be said
 * any more, connection->cut is set. */
void http_request_go_on(struct http_request *request, enum http_outcome outcome);

/* It cannot be read: answers `status`; the connection will close. `why` is logged at level info; null: it has
 * been said. */
void http_request_refuse(struct http_request *request, int status, const char *why);

/* The head cannot go on: http_receive_grow_head said `status` (503 it has said already), or there are too
 * many fields. Answers. */
void http_refuse_head(struct http_request *request, int status);
void http_refuse_fields(struct http_request *request);

/* The request of this connection is over: its log steps run, and its memory goes back. `idle`: nothing of
 * another one is here. */
void http_request_end(struct http_connection *connection, bool idle);

#endif
