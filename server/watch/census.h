/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the census: what all workers have counted, ended ones included. Metrics are counters: their totals
 *   must not fall when a reload ends workers.
 * Lifetime: static. A worker is in it from worker_create until worker_destroy, which adds its counters to the
 *   past.
 * Threads: add and remove: the main thread. census_take: any; counters are read under the lock, which is
 *   never held for longer than that.
 * Errors: none.
 */
#ifndef SERVER_WATCH_CENSUS_H
#define SERVER_WATCH_CENSUS_H

#include "server/marks.h"
#include "server/timings.h"
#include "server/watch/snapshot_part.h"

struct worker;

struct census {
    struct snapshot_counters counters;
    struct timings_sum timings;
    struct marks_sum requests, connections;
};

void census_add(struct worker *worker);
void census_remove(struct worker *worker);
void census_take(struct census *census);
void census_take_counters(struct snapshot_counters *counters); /* of it, only these */
double census_began(void); /* Unix time when the first worker came: with the pid it names the process */

#endif
