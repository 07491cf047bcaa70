/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the way of a request from its head to a server and a path, to a location, and the ways back. A
 *   server may have steps of its own (its rewrite directives), which run first; then the location of the path
 *   is entered. From there rewrite leads to another one (HTTP_OUTCOME_LOCATE, advance.c), an internal
 *   redirect begins again with the server's steps (HTTP_OUTCOME_RELOCATE), and @names are entered directly
 *   (http_route_named).
 * Lifetime: the request's.
 * Threads: the request's worker.
 * Errors: outcomes: HTTP_OUTCOME_STATUS with request->status set; more than ten ways back are a cycle, which
 *   is 500.
 */
#ifndef HTTP_ROUTE_ROUTE_H
#define HTTP_ROUTE_ROUTE_H

#include "http/request.h"

/* The head is complete: decides framing, host and server, path, then enters the server's steps or the
 * location. Returns what a step may. */
enum http_outcome http_route(struct http_request *request);

/* The request cannot be read: the answer will be `status`, and the connection closes. `why` is logged at
 * level info; null: it has been. HTTP_OUTCOME_STATUS. */
enum http_outcome http_route_refused(struct http_request *request, int status, const char *why);

/* HTTP_OUTCOME_LOCATE: enters the location of the path, unless the body is too large for it. */
enum http_outcome http_route_locate(struct http_request *request);

/* For replay: where a request with this head would go. No step runs. 0: a location takes it; else the status
 * that it would be answered with. */
int http_route_only(struct http_request *request);

/* HTTP_OUTCOME_RELOCATE: counts it, then begins anew. */
enum http_outcome http_route_again(struct http_request *request);

/* Counts one more way back. False: too many, which is logged, and request->status is 500. */
bool http_route_count(struct http_request *request);

/* `name` has its @. An outcome that a step may return. */
enum http_outcome http_route_named(struct http_request *request, struct http_text name);

/* Goes on at `target`, a path with or without ?args, NUL-terminated and in the request's memory. */
enum http_outcome http_route_redirect(struct http_request *request, struct http_text target);

/* Goes on at another path of this server (NUL-terminated, the request's); null `args` are kept. */
enum http_outcome http_relocate(struct http_request *request, struct http_text path,
                                const struct http_text *args);

#endif
