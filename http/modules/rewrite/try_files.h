/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: `try_files FILE … WHERE;`: files below root or alias, folders with a slash at their end. The first
 *   that exists becomes the request's path, otherwise WHERE decides. WHERE: a path (an internal redirect), a
 *   @location, or =CODE.
 * Lifetime: in the generation's pool.
 * Threads: the request's worker.
 * Errors: a name that cannot be looked at counts as missing; the reason is logged, unless it is just missing.
 */
#ifndef HTTP_MODULES_REWRITE_TRY_FILES_H
#define HTTP_MODULES_REWRITE_TRY_FILES_H

#include "http/module.h"

extern const struct http_module http_try_files_module;

#endif
