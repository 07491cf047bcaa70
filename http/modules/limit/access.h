/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: allow and deny: which clients may ask here. The first rule that the client's address matches
 *   decides, as in nginx: 403 and the line "access forbidden by rule" at level error. A level that has any
 *   rule inherits none.
 * Lifetime: in the generation's pool. Threads: the request's worker. Errors: those of reading.
 */
#ifndef HTTP_MODULES_LIMIT_ACCESS_H
#define HTTP_MODULES_LIMIT_ACCESS_H

#include "http/module.h"

extern const struct http_module http_access_module;

#endif
