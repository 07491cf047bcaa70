/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/timings.h"

#include <string.h>

static struct timings timings;

static int set_up(void **state)
{
    (void)state;
    memset(&timings, 0, sizeof timings);
    return 0;
}

/* The bucket that a time went to. */
static unsigned bucket_of(double seconds)
{
    memset(&timings, 0, sizeof timings);
    timings_add(&timings, seconds, 200);
    for (unsigned i = 0; i <= TIMINGS_BUCKETS; i++)
        if (counter_read(&timings.counts[i]) == 1)
            return i;
    fail_msg("%g seconds went nowhere", seconds);
    return 0;
}

/* Every bound belongs to its bucket ("le": less or equal), what is a little more to the next. */
static void test_bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TIMINGS_BUCKETS; i++) {
        assert_int_equal(bucket_of(timings_bounds[i]), i);
        assert_int_equal(bucket_of(timings_bounds[i] * (1 + 1e-12)), i + 1);
        if (i)
            assert_true(timings_bounds[i] > timings_bounds[i - 1]);
    }
    assert_int_equal(bucket_of(1e9), TIMINGS_BUCKETS);
}

/* A request answered in the turn that read it, and one during which the clock was set back. */
static void test_no_time(void **state)
{
    (void)state;
    assert_int_equal(bucket_of(0), 0);
    assert_int_equal(bucket_of(-3600), 0);
    assert_int_equal(counter_read(&timings.micros), 0);
}

static void test_statuses(void **state)
{
    static const struct {
        int status;
        unsigned class;
    } cases[] = {{0, 0},   {99, 0},  {100, 1}, {199, 1}, {200, 2}, {304, 3},
                 {404, 4}, {444, 4}, {499, 4}, {500, 5}, {599, 5}, {600, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&timings, 0, sizeof timings);
        timings_add(&timings, 0, cases[i].status);
        for (unsigned class = 0; class < TIMINGS_CLASSES; class ++)
            assert_int_equal(counter_read(&timings.statuses[class]), class == cases[i].class);
    }
}

static void test_sums(void **state)
{
    struct timings other;
    struct timings_sum sum = {0};
    uint64_t counts = 0, statuses = 0;

    (void)state;
    memset(&other, 0, sizeof other);
    for (int i = 0; i < 100; i++) {
        timings_add(&timings, 0.25 * i, 200 + i);
        timings_add(&other, 0, 503);
    }
    timings_collect(&timings, &sum);
    timings_collect(&other, &sum);
    for (unsigned i = 0; i <= TIMINGS_BUCKETS; i++)
        counts += sum.counts[i];
    for (unsigned i = 0; i < TIMINGS_CLASSES; i++)
        statuses += sum.statuses[i];
    assert_int_equal(counts, 200);
    assert_int_equal(statuses, 200);
    assert_int_equal(sum.statuses[2], 100);
    assert_int_equal(sum.statuses[5], 100);
    assert_int_equal(sum.counts[0], 101);                     /* all of `other`, and the first of the rest */
    assert_int_equal(sum.micros, UINT64_C(250000) * 99 * 50); /* 0.25 × (1 + … + 99) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bounds, set_up),
        cmocka_unit_test_setup(test_no_time, set_up),
        cmocka_unit_test_setup(test_statuses, set_up),
        cmocka_unit_test_setup(test_sums, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
