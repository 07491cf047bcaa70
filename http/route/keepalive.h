/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: whether a location lets a connection go on after its answer: keepalive_timeout,
 *   keepalive_requests, keepalive_time and keepalive_disable. The browser is checked only where
 *   keepalive_disable may apply: for msie6, as in nginx, after a POST.
 * Lifetime: nothing is kept.
 * Threads: the request's worker.
 * Errors: none.
 */
#ifndef HTTP_ROUTE_KEEPALIVE_H
#define HTTP_ROUTE_KEEPALIVE_H

#include "http/connection.h"
#include "http/request.h"

enum http_keepalive_disable { HTTP_KEEPALIVE_MSIE6 = 1, HTTP_KEEPALIVE_SAFARI = 2 };

/* Whether keepalive_disable applies to this client. */
__attribute__((noinline)) bool http_keepalive_disabled(const struct http_request *request);

/* In request->location. */
static inline bool http_keepalive_allowed(const struct http_request *request)
{
    const struct http_core *core = &request->location->core;
    const struct connection *connection = &request->connection->base;
    int suspect = request->head.method == HTTP_METHOD_POST ? HTTP_KEEPALIVE_MSIE6 : HTTP_KEEPALIVE_SAFARI;

    return core->keepalive_timeout && connection->requests < core->keepalive_requests &&
           request->began <= connection->opened + core->keepalive_seconds &&
           (core->keepalive_disable < suspect || !http_keepalive_disabled(request));
}

#endif
