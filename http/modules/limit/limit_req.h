/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: limit_req_zone and limit_req: how many requests a key may make per second or minute. As in nginx,
 *   up to `burst` requests above the rate wait for their turn, except the first `delay` of them; with
 *   `nodelay` none waits. More are answered with limit_req_status. Under several limits a request waits for
 *   the longest. A request is asked once, wherever it is redirected to. $limit_req_status tells the result.
 * Lifetime: zones outlive reloads (server/shared/rates.h).
 * Threads: the request's worker; zones are shared.
 * Errors: a zone that is full refuses, as in nginx; an empty key is not limited, nor is one of more than 1024
 *   bytes, which is logged.
 */
#ifndef HTTP_MODULES_LIMIT_LIMIT_REQ_H
#define HTTP_MODULES_LIMIT_LIMIT_REQ_H

#include "http/module.h"

enum http_limited {
    HTTP_LIMITED_NOT,
    HTTP_LIMITED_PASSED,
    HTTP_LIMITED_DELAYED,
    HTTP_LIMITED_REJECTED,
    HTTP_LIMITED_DELAYED_DRY_RUN,
    HTTP_LIMITED_REJECTED_DRY_RUN
};

extern const struct http_module http_limit_req_module;

#endif
