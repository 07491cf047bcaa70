/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: sends FILE.gz instead of FILE, if it is there: nginx's ngx_http_gzip_static_module. Its step comes
 *   before static files.
 * Lifetime: settings in the generation's pool.
 * Threads: the request's worker.
 * Errors: outcomes.
 */
#ifndef HTTP_MODULES_CONTENT_GZIP_STATIC_H
#define HTTP_MODULES_CONTENT_GZIP_STATIC_H

#include "http/module.h"

extern const struct http_module http_gzip_static_module;

#endif
