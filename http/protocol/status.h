/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: status codes and their reason phrases: nginx's if it has one, since its clients and tests compare
 *   them; otherwise those of RFC 9110 15.
 * Lifetime: constant.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_STATUS_H
#define HTTP_PROTOCOL_STATUS_H

#include <stdbool.h>

#include "http/protocol/head.h"

/* The code and reason as in a status line, "404 Not Found". For a code without a reason: length 0 (write the
 * number and a blank). */
struct http_text http_status_line(int status);

/* Whether an answer with this status never has a body (1xx, 204, 304: RFC 9112 6.3). */
static inline bool http_status_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* Whether an answer with this status must have no content: those, and 205, which has Content-Length: 0 (RFC
 * 9110 15.3.6). */
static inline bool http_status_empty(int status)
{
    return http_status_bodiless(status) || status == 205;
}

/* Whether it redirects to `Location`. */
static inline bool http_status_redirects(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

#endif
