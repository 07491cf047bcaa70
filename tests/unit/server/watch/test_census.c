/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/watch/census.h"
#include "server/watch/watched.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 20000, GENERATIONS = 50 };

/* Of a worker, what the census looks at. */
static struct worker *worker_new(void)
{
    struct worker *worker = calloc(1, sizeof *worker + sizeof(struct watched));

    assert_non_null(worker);
    worker->watched = worker + 1;
    census_add(worker);
    return worker;
}

static void worker_end(struct worker *worker)
{
    census_remove(worker);
    free(worker);
}

/* One request of 100 bytes, answered 200 after `seconds`, on a connection of its own that held 512. */
static void serve(struct worker *worker, double seconds)
{
    counter_add(&worker->counters.accepted, 1);
    counter_add(&worker->counters.requests, 1);
    counter_add(&worker->counters.received, 40);
    counter_add(&worker->counters.sent, 60);
    timings_add(&worker->timings, seconds, 200);
    marks_add(&worker->marks.requests, 100);
    marks_add(&worker->marks.connections, 512);
    counter_add(&worker->counters.closed, 1);
}

/* What came since a census was taken: the census is the process', and other tests have been there. */
static uint64_t requests_since(const struct census *before)
{
    struct census now;

    census_take(&now);
    assert_int_equal(now.requests.total - before->requests.total,
                     now.counters.requests - before->counters.requests);
    assert_int_equal(now.connections.total - before->connections.total,
                     now.counters.closed - before->counters.closed);
    assert_int_equal(now.timings.statuses[2] - before->timings.statuses[2],
                     now.counters.requests - before->counters.requests);
    assert_int_equal(now.counters.accepted, now.counters.closed);
    return now.counters.requests - before->counters.requests;
}

/* Every order of leaving: the first, the last, one in the middle; what they did stays. */
static void test_those_who_left_count(void **state)
{
    struct worker *workers[4];
    struct census before;
    static const unsigned order[] = {1, 3, 0, 2};

    (void)state;
    census_take(&before);
    for (unsigned i = 0; i < 4; i++)
        workers[i] = worker_new();
    for (unsigned i = 0; i < 4; i++)
        for (unsigned n = 0; n <= i; n++)
            serve(workers[i], 0);
    assert_int_equal(requests_since(&before), 10);
    for (unsigned i = 0; i < 4; i++) {
        worker_end(workers[order[i]]);
        assert_int_equal(requests_since(&before), 10);
    }
}

static void test_counters_alone(void **state)
{
    struct worker *worker = worker_new();
    struct snapshot_counters before, now;
    struct census census;

    (void)state;
    census_take_counters(&before);
    serve(worker, 2);
    census_take_counters(&now);
    census_take(&census);
    assert_int_equal(now.requests - before.requests, 1);
    assert_int_equal(now.received - before.received, 40);
    assert_int_equal(now.sent - before.sent, 60);
    assert_memory_equal(&now, &census.counters, sizeof now);
    worker_end(worker);
    census_take_counters(&now);
    assert_memory_equal(&now, &census.counters, sizeof now);
}

/* ---- never back, whoever comes and goes meanwhile ---- */

static atomic_bool over;

static void *serve_on(void *worker)
{
    for (int i = 0; i < REQUESTS / GENERATIONS; i++)
        serve(worker, 0);
    return NULL;
}

static void *watch(void *failed)
{
    struct census last, now;

    census_take(&last);
    while (!atomic_load(&over)) {
        census_take(&now);
        if (now.counters.requests < last.counters.requests || now.counters.sent < last.counters.sent ||
            now.requests.total < last.requests.total || now.timings.counts[0] < last.timings.counts[0] ||
            now.counters.closed > now.counters.accepted)
            *(bool *)failed = true;
        last = now;
    }
    return NULL;
}

static void test_never_back(void **state)
{
    pthread_t watcher, server;
    struct census before;
    bool failed = false;

    (void)state;
    census_take(&before);
    assert_int_equal(pthread_create(&watcher, NULL, watch, &failed), 0);
    for (int i = 0; i < GENERATIONS; i++) {
        struct worker *worker = worker_new();

        assert_int_equal(pthread_create(&server, NULL, serve_on, worker), 0);
        pthread_join(server, NULL);
        worker_end(worker);
    }
    atomic_store(&over, true);
    pthread_join(watcher, NULL);
    assert_false(failed);
    assert_int_equal(requests_since(&before), REQUESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_who_left_count),
        cmocka_unit_test(test_counters_alone),
        cmocka_unit_test(test_never_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
