/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a location does without any other directive: GET and HEAD of files below root or alias. A
 *   directory is redirected to its name with a slash, and shown by its index (index.h) or as a list
 *   (autoindex.h).
 * Lifetime: settings lie in the generation's pool.
 * Threads: the request's worker.
 * Errors: those of files.h.
 */
#ifndef HTTP_MODULES_CONTENT_STATIC_H
#define HTTP_MODULES_CONTENT_STATIC_H

#include "http/module.h"

extern const struct http_module http_static_module;

#endif
