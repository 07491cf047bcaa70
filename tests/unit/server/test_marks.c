/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/marks.h"

#include <string.h>

static struct marks_histogram histogram;

static int set_up(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    return 0;
}

/* The bucket that a mark went to. */
static unsigned bucket_of(size_t bytes)
{
    memset(&histogram, 0, sizeof histogram);
    marks_add(&histogram, bytes);
    for (unsigned i = 0; i < MARKS_BUCKETS; i++)
        if (counter_read(&histogram.counts[i]) == 1)
            return i;
    fail_msg("%zu bytes went nowhere", bytes);
    return 0;
}

/* Every bound belongs to its bucket, one byte more to the next. */
static void test_bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < MARKS_BUCKETS; i++) {
        assert_int_equal(bucket_of(marks_bound(i)), i);
        assert_int_equal(bucket_of(marks_bound(i) + 1), i + 1);
        assert_true(marks_bound(i) < marks_bound(i + 1));
    }
    assert_int_equal(marks_bound(MARKS_FINE - 1), 16 * 1024);
    assert_int_equal(marks_bound(MARKS_BUCKETS - 2), 16 * 1024 * 1024);
    assert_true(marks_bound(MARKS_BUCKETS - 1) == SIZE_MAX);
    assert_int_equal(bucket_of(UINT32_MAX), MARKS_BUCKETS - 1);
}

static void test_quantiles(void **state)
{
    struct marks_sum sum = {0};

    (void)state;
    assert_int_equal(marks_quantile(&sum, 990), 0);
    for (size_t n = 1; n <= 1000; n++)
        marks_add(&histogram, n * 8);
    marks_collect(&histogram, &sum);
    assert_int_equal(sum.total, 1000);
    assert_int_equal(marks_quantile(&sum, 500), 4032); /* 4,000, in a bucket of 64 */
    assert_int_equal(marks_quantile(&sum, 990), 7936); /* 7,920 */
    assert_int_equal(marks_quantile(&sum, 1000), 8000);
    assert_int_equal(marks_within(&sum, 4096), 512);
    assert_int_equal(marks_within(&sum, 4095), 504); /* the bucket of up to 4,096 may hold larger ones */
    assert_true(marks_bytes(&sum) >= 8 * 1000 * 1001 / 2);
    assert_true(marks_bytes(&sum) < 8 * 1000 * 1001 / 2 + 1000 * 64);
}

/* 99 % of 3 are all 3, and a quantile is never of nobody. */
static void test_few(void **state)
{
    struct marks_sum sum = {0};

    (void)state;
    marks_add(&histogram, 0);
    marks_add(&histogram, 64);
    marks_add(&histogram, (size_t)1 << 40);
    marks_collect(&histogram, &sum);
    assert_int_equal(marks_quantile(&sum, 1), 0);
    assert_int_equal(marks_quantile(&sum, 600), 64);
    assert_true(marks_quantile(&sum, 990) == SIZE_MAX);
    assert_int_equal(marks_within(&sum, 1 << 20), 2);
}

static void test_sums_and_differences(void **state)
{
    struct marks_sum before = {0}, now = {0}, both = {0}, window;

    (void)state;
    marks_add(&histogram, 100);
    marks_collect(&histogram, &before);
    marks_add(&histogram, 1000);
    marks_add(&histogram, 1000);
    marks_collect(&histogram, &now);
    marks_since(&now, &before, &window);
    assert_int_equal(window.total, 2);
    assert_int_equal(marks_quantile(&window, 1), 1024);
    marks_collect(&histogram, &both);
    marks_collect(&histogram, &both);
    assert_int_equal(both.total, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bounds, set_up),
        cmocka_unit_test_setup(test_quantiles, set_up),
        cmocka_unit_test_setup(test_few, set_up),
        cmocka_unit_test_setup(test_sums_and_differences, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
