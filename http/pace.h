/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an answer leaves: limit_rate, no faster than so many bytes a second; tcp_nodelay.
 *
 * Purpose: a share for each second of the answer, the first one at once, after limit_rate_after bytes that
 *   are free. What leaves before the answer in the same queue counts with it. The pace says how much may
 *   leave; sending is the connection's, as for any answer.
 * Lifetime: in the request's pool; the timer stops with it.
 * Threads: the connection's worker.
 * Errors: -ENOMEM.
 */
#ifndef HTTP_PACE_H
#define HTTP_PACE_H

#include "http/connection.h"

struct http_pace;

/* Before the head of an answer is queued, if its location or its connection is `tuned`. 0 or -ENOMEM. */
int http_pace_begin(struct http_request *request);

/* `set $limit_rate`: `text` is a size; what is none is logged, and changes nothing, as in nginx. */
void http_pace_set(struct http_request *request, const char *text);

/* $limit_rate: bytes a second, as far as it is known; 0: no limit. */
size_t http_pace_rate(const struct http_request *request);

/* How many bytes may leave now; 0: none, the timer goes on with it. */
size_t http_pace_share(struct http_pace *pace);

/* So many of them left. If they were all that might (OUTPUT_AGAIN), the timer goes on. */
void http_pace_sent(struct http_pace *pace, uint64_t sent, enum output_result result);

bool http_pace_waits(const struct http_request *request);

#endif
