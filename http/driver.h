/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of an HTTP connection.
 *
 * Purpose: receives bytes, runs requests one after another, sends what they answered: receive → advance →
 *   send → wait, each in a file of that name; driver.c is the loop. Everything that one read brought is
 *   answered before anything is sent, and leaves in as few calls as possible.
 * Lifetime: nothing is kept: all state lies in struct http_connection.
 * Threads: the connection's worker.
 * Errors: what the peer does wrong is answered and the connection closed; memory that is missing is 503, or a
 *   cut.
 */
#ifndef HTTP_DRIVER_H
#define HTTP_DRIVER_H

#include "http/connection.h"
#include "http/module.h"

extern const struct protocol http_protocol;

/* A step that said HTTP_OUTCOME_TAKEN without reading the body goes on with this: another outcome answers,
 * HTTP_OUTCOME_TAKEN again sends what a streamed answer has queued. The request may be gone when it returns.
 * A step that waits adds a cleanup to request->pool, which says that the client has left. */
void http_resume(struct http_request *request, enum http_outcome outcome);

/* For a step to return: it is run again after `ms` > 0 milliseconds, and must know then that it was. A client
 * that shuts its sending side still waits; one that is gone is noticed. HTTP_OUTCOME_STATUS: no memory. */
enum http_outcome http_delay(struct http_request *request, int64_t ms);

#endif
