/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: settings for all methods but some. `limit_except METHOD … { … }`: a request by another method is
 *   under the settings of the block (GET allows HEAD, too). As in nginx, the location's rewrite directives
 *   are then not run.
 * Lifetime: in the generation's pool.
 * Threads: the request's worker. Errors: none.
 */
#ifndef HTTP_MODULES_REWRITE_LIMIT_EXCEPT_H
#define HTTP_MODULES_REWRITE_LIMIT_EXCEPT_H

#include "http/module.h"

extern const struct http_module http_limit_except_module;

#endif
