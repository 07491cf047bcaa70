/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the driver of an HTTP connection: receives bytes, runs requests one after another, sends their
 *   answers: receive → advance → send → wait, each in a file of that name; driver.c is the loop. All requests
 *   of one read are answered before anything is sent, in as few calls as possible.
 * Lifetime: nothing is kept: all state lies in struct http_connection.
 * Threads: the connection's worker.
 * Errors: mistakes of the peer are answered and the connection closed; without memory the answer is 503, or
 *   it is cut.
 */
#ifndef HTTP_DRIVER_H
#define HTTP_DRIVER_H

#include "http/connection.h"
#include "http/module.h"

extern const struct protocol http_protocol;

/* Goes on with a step that returned HTTP_OUTCOME_TAKEN without reading the body. Another outcome answers;
 * HTTP_OUTCOME_TAKEN again sends what a streamed answer has queued. The request may be gone when it returns.
 * A step that waits adds a cleanup to request->pool, to learn that the client has left. */
void http_resume(struct http_request *request, enum http_outcome outcome);

/* For a step to return: it runs again after `ms` > 0 milliseconds, and must know then that it has waited. A
 * client that shuts its sending side is still served; one that is gone is noticed. HTTP_OUTCOME_STATUS: no
 * memory. */
enum http_outcome http_delay(struct http_request *request, int64_t ms);

#endif
