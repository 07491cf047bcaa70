/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: headers that the configuration adds: expires, add_header, add_trailer, as nginx's
 *   ngx_http_headers_module. An empty value adds nothing. Last-Modified and ETag replace the answer's own,
 *   also for conditions and ranges.
 * Lifetime: the lists lie in the generation's pool, what is added in the request's.
 * Threads: the connection's worker.
 * Errors: 0 or -ENOMEM.
 */
#ifndef HTTP_MODULES_OUTPUT_HEADERS_H
#define HTTP_MODULES_OUTPUT_HEADERS_H

#include "http/request.h"

extern const struct http_module http_headers_module;

#endif
