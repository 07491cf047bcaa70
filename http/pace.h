/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how fast an answer is sent: limit_rate; and tcp_nodelay. Each second of the answer has its share,
 *   the first one at once, after limit_rate_after bytes without a limit. Bytes before the answer in the same
 *   queue count too. The pace only says how much may be sent; the connection sends.
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

/* `set $limit_rate`: `text` is a size; an invalid one is logged and changes nothing, as in nginx. */
void http_pace_set(struct http_request *request, const char *text);

/* $limit_rate: bytes a second, as far as it is known; 0: no limit. */
size_t http_pace_rate(const struct http_request *request);

/* How many bytes may be sent now; 0: none, the timer will go on. */
size_t http_pace_share(struct http_pace *pace);

/* `sent` bytes were sent. If that was all that was allowed (OUTPUT_AGAIN), the timer will go on. */
void http_pace_sent(struct http_pace *pace, uint64_t sent, enum output_result result);

bool http_pace_waits(const struct http_request *request);

#endif
