/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub_status: how many connections there are, and what they do.
 *
 * Purpose: nginx's page of figures, of the census (server/watch/census.h), and its variables $connections_….
 * Lifetime: nothing is kept.
 * Threads: any worker; the census has a lock for as long as it reads. Counters are read relaxed, so a sum is
 *   near the truth.
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

/* Now, this request being one that is written. Workers that have gone count too: the totals never fall back,
 * and a request under an old configuration names workers that may be no more. */
struct http_status_counts http_status_count(const struct http_request *request);

extern const struct http_module http_stub_status_module;

#endif
