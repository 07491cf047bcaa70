/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: nginx's page of connections and requests, from the census (server/watch/census.h), and its
 *   variables $connections_….
 * Lifetime: nothing is kept.
 * Threads: any worker; the census has a lock for as long as it reads. Counters are read relaxed, so a sum may
 *   be slightly off.
 * Errors: outcomes; getters say HTTP_VALUE_NONE when memory is missing.
 */
#ifndef HTTP_MODULES_VIEW_STUB_STATUS_H
#define HTTP_MODULES_VIEW_STUB_STATUS_H

#include "http/request.h"

struct http_status_counts {
    uint64_t accepted; /* connections so far */
    uint64_t handled;  /* of them those that were not closed at once for want of memory or descriptors */
    uint64_t requests; /* so far */
    uint64_t active;   /* open now; the sum of the next three */
    uint64_t reading, writing, waiting;
};

/* The figures now; this request counts as writing. Ended workers count too, so the totals never fall back. */
struct http_status_counts http_status_count(const struct http_request *request);

extern const struct http_module http_stub_status_module;

#endif
