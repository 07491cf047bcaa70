/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how long requests took, and how they ended: the histogram of request times and the counts by class
 *   of status, for metrics.
 * Lifetime: part of struct worker, zeroed with it. A struct timings_sum is the caller's.
 * Threads: one writer, the worker; any thread may read and sum, as with server/counters.h.
 * Errors: none.
 *
 * Time is that of the access log's $request_time: of the loop's turns, so that a request that is answered in
 * the turn that read it took none.
 */
#ifndef SERVER_TIMINGS_H
#define SERVER_TIMINGS_H

#include <stdint.h>

#include "server/counters.h"

enum { TIMINGS_BUCKETS = 15 /* with bounds; one more is for what took longer */, TIMINGS_CLASSES = 6 };

struct timings {
    _Atomic uint64_t counts[TIMINGS_BUCKETS + 1];
    _Atomic uint64_t micros;                    /* the sum of all */
    _Atomic uint64_t statuses[TIMINGS_CLASSES]; /* by the first digit; 0: it ended without an answer */
};

struct timings_sum {
    uint64_t counts[TIMINGS_BUCKETS + 1], micros, statuses[TIMINGS_CLASSES];
};

extern const double timings_bounds[TIMINGS_BUCKETS]; /* seconds: not more than */

/* A request of `seconds` ends with `status` (100 to 599, or 0). */
static inline void timings_add(struct timings *timings, double seconds, int status);

void timings_collect(const struct timings *timings, struct timings_sum *sum); /* adds */

/* ---- inline bodies ---- */

void timings_add_slow(struct timings *timings, double seconds);

static inline void timings_add(struct timings *timings, double seconds, int status)
{
    unsigned digit = (unsigned)status / 100;

    counter_add(&timings->statuses[digit < TIMINGS_CLASSES ? digit : 0], 1);
    if (seconds > 0)
        timings_add_slow(timings, seconds);
    else
        counter_add(&timings->counts[0], 1);
}

#endif
