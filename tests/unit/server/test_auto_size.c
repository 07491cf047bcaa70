/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/auto_size.h"

#include <string.h>

static struct marks_histogram histogram;
static struct auto_size size;
static int64_t now_ms;

static int set_up(void **state)
{
    size_t p99;

    (void)state;
    memset(&histogram, 0, sizeof histogram);
    auto_size_init(&size);
    now_ms = 1000;
    return auto_size_step(&size, &histogram, now_ms, &p99) ? 1 : 0;
}

/* A window in which `count` requests needed `bytes`. Whether the size changed. */
static bool window(unsigned count, size_t bytes)
{
    size_t p99;

    while (count--)
        marks_add(&histogram, bytes);
    now_ms += AUTO_SIZE_WINDOW_MS;
    return auto_size_step(&size, &histogram, now_ms, &p99);
}

/* How many windows of `bytes` it takes until something changes. */
static unsigned windows_until_change(size_t bytes)
{
    unsigned count = 1;

    while (!window(1000, bytes))
        assert_true(++count < 1000);
    return count;
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(auto_size_of(0), POOL_BLOCK_MIN);
    assert_int_equal(auto_size_of(4096 - sizeof(struct pool_block)), 4096);
    assert_true(auto_size_of(4096) > 4096);
    assert_int_equal(auto_size_of(65536 - sizeof(struct pool_block)), 65536);
    assert_int_equal(auto_size_of(65536), 65536);
    assert_int_equal(auto_size_of(SIZE_MAX), 65536);
}

static void test_grows_at_once(void **state)
{
    (void)state;
    assert_int_equal(size.block_size, AUTO_SIZE_BEGIN);
    assert_true(window(1000, 7000));
    assert_int_equal(size.block_size, 8192);
    assert_true(window(1000, 200 * 1000));
    assert_int_equal(size.block_size, AUTO_SIZE_MOST);
    assert_false(window(1000, 200 * 1000));
}

static void test_shrinks_to_the_most_of_calm_windows(void **state)
{
    (void)state;
    assert_false(window(1000, 600));
    assert_false(window(1000, 1900));
    assert_true(window(1000, 600));
    assert_int_equal(size.block_size, 2048);
}

static void test_one_window_that_needs_it_begins_anew(void **state)
{
    (void)state;
    for (int n = 0; n < 20; n++) {
        assert_false(window(1000, 600));
        assert_false(window(1000, 600));
        assert_false(window(1000, 4000));
    }
    assert_int_equal(size.block_size, AUTO_SIZE_BEGIN);
}

/* One in a hundred may need more. */
static void test_rare_ones_do_not_count(void **state)
{
    (void)state;
    for (int n = 0; n < 10; n++)
        marks_add(&histogram, 50000);
    assert_false(window(990, 4000));
    assert_int_equal(size.block_size, AUTO_SIZE_BEGIN);
    for (int n = 0; n < 11; n++)
        marks_add(&histogram, 50000);
    assert_true(window(989, 4000));
}

static void test_little_is_no_window(void **state)
{
    size_t p99;

    (void)state;
    assert_false(window(AUTO_SIZE_REQUESTS - 1, 7000));
    assert_true(window(1, 7000)); /* together they are enough */
    set_up(NULL);
    for (int n = 0; n < 10000; n++)
        marks_add(&histogram, 7000);
    assert_false(auto_size_step(&size, &histogram, now_ms + AUTO_SIZE_WINDOW_MS - 1, &p99));
}

/* A load that swings between two sizes: the calm it takes doubles, up to a bound. */
static void test_swings_die_down(void **state)
{
    unsigned before = 0;

    (void)state;
    for (int n = 0; n < 12; n++) {
        unsigned calm = windows_until_change(600);

        assert_true(calm >= before && calm <= AUTO_SIZE_PATIENCE_MOST);
        before = calm;
        assert_int_equal(windows_until_change(4000), 1);
        assert_int_equal(size.block_size, AUTO_SIZE_BEGIN);
    }
    assert_int_equal(before, AUTO_SIZE_PATIENCE_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test_setup(test_grows_at_once, set_up),
        cmocka_unit_test_setup(test_shrinks_to_the_most_of_calm_windows, set_up),
        cmocka_unit_test_setup(test_one_window_that_needs_it_begins_anew, set_up),
        cmocka_unit_test_setup(test_rare_ones_do_not_count, set_up),
        cmocka_unit_test_setup(test_little_is_no_window, set_up),
        cmocka_unit_test_setup(test_swings_die_down, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
