/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the life of a pool as server-sent events, below pool_view's prefix (pool_view.md): follow?id=,
 *   next=1 or mine=1.
 * Lifetime: the request's.
 * Threads: the request's worker.
 * Errors: 400 with a sentence, 404, 503.
 */
#ifndef HTTP_MODULES_VIEW_POOL_FOLLOW_H
#define HTTP_MODULES_VIEW_POOL_FOLLOW_H

#include "http/module.h"

enum http_outcome http_pool_follow(struct http_request *request);

#endif
