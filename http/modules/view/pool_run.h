/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: answers for the page's own requests ("Run a request"), below pool_view's prefix. run/hello answers
 *   a few bytes, run/body takes a body and tells its length, run/slow answers 4 MiB that are made as they are
 *   sent.
 * Lifetime: the request's.
 * Threads: the request's worker.
 * Errors: as http_no_memory; a body over client_max_body_size is 413.
 */
#ifndef HTTP_MODULES_VIEW_POOL_RUN_H
#define HTTP_MODULES_VIEW_POOL_RUN_H

#include "http/request.h"

enum http_outcome http_pool_run_hello(struct http_request *request);
enum http_outcome http_pool_run_body(struct http_request *request); /* POST alone */
enum http_outcome http_pool_run_slow(struct http_request *request);

#endif
