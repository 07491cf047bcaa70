/* SPDX-License-Identifier: BSD-2-Clause */
/* Histograms of request times, and their sums. */
#include "server/timings.h"

const double timings_bounds[TIMINGS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                0.5,   1,      2.5,   5,    10,    30,   60};

void timings_add_slow(struct timings *timings, double seconds)
{
    unsigned bucket = 0;

    while (bucket < TIMINGS_BUCKETS && seconds > timings_bounds[bucket])
        bucket++;
    counter_add(&timings->counts[bucket], 1);
    counter_add(&timings->micros, (uint64_t)(seconds * 1e6));
}

void timings_collect(const struct timings *timings, struct timings_sum *sum)
{
    for (unsigned i = 0; i <= TIMINGS_BUCKETS; i++)
        sum->counts[i] += counter_read(&timings->counts[i]);
    for (unsigned i = 0; i < TIMINGS_CLASSES; i++)
        sum->statuses[i] += counter_read(&timings->statuses[i]);
    sum->micros += counter_read(&timings->micros);
}
