/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/watch/advice.h"
#include "server/connection.h"
#include "server/worker.h"

#include <string.h>

/* A server of two workers with an echo and an HTTP address, as far as advice looks at it. */
static struct worker workers[2];
static struct share shares[2];
static struct binding echo, http;
static struct generation generation;
static struct tenure tenure;

static int set_up(void **state)
{
    static const struct protocol plain = {.name = "echo", .connection_size = 100};
    static const struct protocol requests = {.name = "http", .connection_size = 250};

    (void)state;
    memset(workers, 0, sizeof workers);
    generation = (struct generation){.bindings = &echo, .shares = shares, .worker_count = 2};
    echo = (struct binding){
        .next = &http, .protocol = &plain, .pools = {.first_size = 1024, .block_size = 1024}};
    http = (struct binding){
        .protocol = &requests, .measured = true, .pools = {.first_size = 500, .block_size = 4000}};
    tenure.generation = &generation;
    for (unsigned i = 0; i < 2; i++) {
        shares[i].worker = &workers[i];
        workers[i].tenure = &tenure;
        auto_size_init(&workers[i].auto_size);
    }
    return 0;
}

static void serve(struct worker *worker, unsigned requests, size_t bytes)
{
    while (requests--)
        marks_add(&worker->marks.requests, bytes);
}

static void test_sums_all_workers(void **state)
{
    struct advice advice;

    (void)state;
    serve(&workers[0], 900, 1000);
    serve(&workers[1], 100, 9000);
    marks_add(&workers[1].marks.connections, 12000);
    counter_add(&workers[0].counters.accepted, 10);
    counter_add(&workers[1].counters.accepted, 20);
    counter_add(&workers[1].counters.closed, 5);
    advice_of(&workers[0], &advice);
    assert_int_equal(advice.requests, 1000);
    assert_int_equal(advice.open, 25);
    assert_int_equal(advice.first_size, 512); /* what 500 and 4,000 get: their classes */
    assert_int_equal(advice.block_size, 4096);
    assert_int_equal(advice.request_p50_bytes, 1024);
    assert_int_equal(advice.request_p99_bytes, 9024);
    assert_int_equal(advice.connection_p99_bytes, 12032);
    assert_int_equal(advice.block_advised, 12288);
    assert_int_equal(advice.first_advised, sizeclass_round(9024 + POOL_HEADER_MAX + 256));
    assert_false(advice.automatic);
}

static void test_nothing_to_advise_on(void **state)
{
    struct advice advice;

    (void)state;
    http.measured = false;
    advice_of(&workers[0], &advice);
    assert_false(advice.known);
    assert_int_equal(advice.first_size, 0);
}

static void second(struct worker *worker, int64_t now_ms)
{
    auto_size_second(&worker->auto_size, &generation, &worker->marks.requests, now_ms);
}

static void test_follows_only_if_asked_to(void **state)
{
    struct advice advice;

    (void)state;
    second(&workers[0], 1000);
    serve(&workers[0], 1000, 9000);
    second(&workers[0], 9000);
    assert_int_equal(workers[0].auto_size.block_size, AUTO_SIZE_BEGIN);
    http.automatic = true;
    second(&workers[0], 10000); /* its first window begins here */
    serve(&workers[0], 1000, 9000);
    second(&workers[0], 19000);
    assert_int_equal(workers[0].auto_size.block_size, 12288);
    assert_int_equal(workers[1].auto_size.block_size, AUTO_SIZE_BEGIN);
    advice_of(&workers[0], &advice);
    assert_true(advice.automatic);
    assert_int_equal(advice.block_size, 12288);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sums_all_workers, set_up),
        cmocka_unit_test_setup(test_nothing_to_advise_on, set_up),
        cmocka_unit_test_setup(test_follows_only_if_asked_to, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
