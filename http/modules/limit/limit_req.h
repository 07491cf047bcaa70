/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit_req_zone and limit_req: how many requests a key may have in a time.
 *
 * Purpose: as nginx's module of that name: up to `rate` requests pass; those that are early by no more than
 *   `burst` wait until they are not (but for the first `delay` of them; `nodelay`: none waits); others are
 *   answered with limit_req_status. Of several limits a request waits for the longest. A request is asked
 *   once, wherever it is redirected to. $limit_req_status says what came of it.
 * Lifetime: zones outlive reloads (server/shared/rates.h).
 * Threads: the request's worker; zones are shared.
 * Errors: a zone that is full refuses, as in nginx; a key that is empty is not limited, one of more than 1024
 *   bytes neither (logged).
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
