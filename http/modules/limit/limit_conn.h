/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: limit_conn_zone and limit_conn: how many requests a key may have in progress. As in nginx, a
 *   request counts from its first location until it ends; one more than allowed is answered with
 *   limit_conn_status. An empty key is not counted, nor is one of more than 255 bytes, which is logged.
 *   $limit_conn_status tells the result.
 * Lifetime: zones outlive reloads (server/shared/limit_zones.h). A cleanup of the request's pool leaves them.
 * Threads: the request's worker; zones are shared.
 * Errors: a zone that is full refuses, as in nginx.
 */
#ifndef HTTP_MODULES_LIMIT_LIMIT_CONN_H
#define HTTP_MODULES_LIMIT_LIMIT_CONN_H

#include "http/module.h"

enum http_limited_conn {
    HTTP_LIMITED_CONN_NOT,
    HTTP_LIMITED_CONN_PASSED,
    HTTP_LIMITED_CONN_REJECTED,
    HTTP_LIMITED_CONN_REJECTED_DRY_RUN
};

extern const struct http_module http_limit_conn_module;

#endif
