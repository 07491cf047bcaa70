/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request waits for a while before it goes on.
 *
 * Purpose: a step returns what http_delay returns, and is run again when the time is over; it must then know
 *   that it was. A client that shuts its sending side still waits; one that is gone is noticed.
 * Lifetime: the timer lies in the request's pool and stops with it.
 * Threads: the request's worker.
 * Errors: HTTP_OUTCOME_STATUS, no memory.
 */
#ifndef HTTP_MODULES_LIMIT_DELAY_H
#define HTTP_MODULES_LIMIT_DELAY_H

#include "http/module.h"

/* HTTP_OUTCOME_TAKEN; `ms` > 0. */
enum http_outcome http_delay(struct http_request *request, int64_t ms);

#endif
