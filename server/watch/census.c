/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of living workers, and the counters that ended ones have left. */
#include "server/watch/census.h"

#include <pthread.h>
#include <time.h>

#include "pool/holds.h"
#include "server/watch/watched.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *living; /* under the lock, as is the past */
static struct census past;
static double began; /* Unix time; 0: no worker has come yet */

static void collect(struct census *census, const struct worker *worker)
{
    snapshot_counters_add(&census->counters, &worker->counters);
    timings_collect(&worker->timings, &census->timings);
    marks_collect(&worker->marks.requests, &census->requests);
    marks_collect(&worker->marks.connections, &census->connections);
}

void census_add(struct worker *worker)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&lock);
    if (began == 0.)
        began = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    watched_of(worker)->next_living = living;
    living = worker;
    holds_take(worker, &living, "the census");
    pthread_mutex_unlock(&lock);
}

void census_remove(struct worker *worker)
{
    struct worker **link = &living;

    pthread_mutex_lock(&lock);
    while (*link != worker)
        link = &watched_of(*link)->next_living;
    *link = watched_of(worker)->next_living;
    holds_give(worker, &living, "the census");
    collect(&past, worker);
    pthread_mutex_unlock(&lock);
}

void census_take(struct census *census)
{
    pthread_mutex_lock(&lock);
    *census = past;
    for (const struct worker *worker = living; worker; worker = watched_of(worker)->next_living)
        collect(census, worker);
    pthread_mutex_unlock(&lock);
}

void census_take_counters(struct snapshot_counters *counters)
{
    pthread_mutex_lock(&lock);
    *counters = past.counters;
    for (const struct worker *worker = living; worker; worker = watched_of(worker)->next_living)
        snapshot_counters_add(counters, &worker->counters);
    pthread_mutex_unlock(&lock);
}

double census_began(void)
{
    double time;

    pthread_mutex_lock(&lock);
    time = began;
    pthread_mutex_unlock(&lock);
    return time;
}
