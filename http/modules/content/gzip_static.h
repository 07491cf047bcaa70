/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gzip_static: FILE.gz instead of FILE, if it is there.
 *
 * Purpose: nginx's ngx_http_gzip_static_module: files that were compressed beforehand. Comes before static
 *   files.
 * Lifetime: settings in the generation's pool.
 * Threads: the request's worker.
 * Errors: outcomes.
 */
#ifndef HTTP_MODULES_CONTENT_GZIP_STATIC_H
#define HTTP_MODULES_CONTENT_GZIP_STATIC_H

#include "http/module.h"

extern const struct http_module http_gzip_static_module;

#endif
