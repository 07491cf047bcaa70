/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a server process that died is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/master/back_off.h"

/* Issue "Unbreakable": after 0, then 100 ms, 1 s … at most 10 s. */
static void test_row(void **state)
{
    static const int row[] = {0, 100, 1000, 2000, 4000, 8000, 10000, 10000, 10000};
    struct back_off back_off = BACK_OFF_NEW;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_int_equal(back_off_delay(&back_off, 9999, false), row[i]);
}

static void test_long_life_starts_the_row_anew(void **state)
{
    struct back_off back_off = BACK_OFF_NEW;

    (void)state;
    for (int i = 0; i < 3; i++)
        (void)back_off_delay(&back_off, 0, false);
    assert_int_equal(back_off_delay(&back_off, BACK_OFF_LONG_LIFE, false), 0);
    assert_int_equal(back_off_delay(&back_off, 0, false), 100);
}

/* The same issue: 50 kills in a row, each with an answer soon after. */
static void test_what_served_is_replaced_at_once(void **state)
{
    struct back_off back_off = BACK_OFF_NEW;

    (void)state;
    for (int i = 0; i < BACK_OFF_AT_ONCE; i++)
        assert_int_equal(back_off_delay(&back_off, 10, true), 0);
    assert_int_equal(back_off_delay(&back_off, 10, true), 0); /* the row begins */
    assert_int_equal(back_off_delay(&back_off, 10, true), 100);
    assert_int_equal(back_off_delay(&back_off, 10, true), 1000);
    assert_int_equal(back_off_delay(&back_off, 1000, true), 0); /* a second of life */
    assert_int_equal(back_off_delay(&back_off, 999, true), 2000);
}

/* However long it lived, there are not more. */
static void test_no_savings(void **state)
{
    struct back_off back_off = BACK_OFF_NEW;

    (void)state;
    assert_int_equal(back_off_delay(&back_off, INT64_MAX / 2, true), 0);
    for (int i = 1; i < BACK_OFF_AT_ONCE + 1; i++)
        assert_int_equal(back_off_delay(&back_off, 0, true), 0);
    assert_int_equal(back_off_delay(&back_off, 0, true), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_long_life_starts_the_row_anew),
        cmocka_unit_test(test_what_served_is_replaced_at_once),
        cmocka_unit_test(test_no_savings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
