/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "pool/fault.h"

static void test_an_unarmed_point_never_fires_and_counts_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(fault_fires(FAULT_SGI));
    assert_int_equal(fault_calls(FAULT_SGI), 0);
}

static void test_the_nth_call_fails_once(void **state)
{
    (void)state;
    fault_arm(FAULT_POOL, 3, false);
    for (int call = 1; call <= 10; call++)
        assert_int_equal(fault_fires(FAULT_POOL), call == 3);
    assert_int_equal(fault_calls(FAULT_POOL), 10);
    assert_false(fault_fires(FAULT_SYSTEM)); /* another point */
    fault_arm(FAULT_POOL, 0, false);
    assert_false(fault_fires(FAULT_POOL));
    assert_int_equal(fault_calls(FAULT_POOL), 10);
}

static void test_persist_fails_all_later_calls(void **state)
{
    (void)state;
    fault_arm(FAULT_SYSTEM, 4, true);
    for (int call = 1; call <= 10; call++)
        assert_int_equal(fault_fires(FAULT_SYSTEM), call >= 4);
    fault_arm(FAULT_SYSTEM, 1, false); /* arming anew counts anew */
    assert_true(fault_fires(FAULT_SYSTEM));
    assert_false(fault_fires(FAULT_SYSTEM));
    fault_arm(FAULT_SYSTEM, 0, false);
}

static void test_counting_lets_all_through(void **state)
{
    (void)state;
    fault_count(FAULT_SIZECLASS);
    for (int call = 0; call < 7; call++)
        assert_false(fault_fires(FAULT_SIZECLASS));
    assert_int_equal(fault_calls(FAULT_SIZECLASS), 7);
    fault_arm(FAULT_SIZECLASS, 0, false);
}

static int arm_from(const char *text)
{
    int result;

    setenv("TIDEPOOL_FAULT", text, 1);
    result = fault_from_environment();
    unsetenv("TIDEPOOL_FAULT");
    return result;
}

static void test_the_environment_arms(void **state)
{
    (void)state;
    assert_int_equal(fault_from_environment(), 0);
    assert_int_equal(arm_from(""), 0);
    assert_int_equal(arm_from("system:2,sgi:1+,pool:0"), 0);
    assert_false(fault_fires(FAULT_SYSTEM));
    assert_true(fault_fires(FAULT_SYSTEM));
    assert_false(fault_fires(FAULT_SYSTEM));
    assert_true(fault_fires(FAULT_SGI));
    assert_true(fault_fires(FAULT_SGI));
    assert_false(fault_fires(FAULT_POOL));
    assert_int_equal(fault_calls(FAULT_POOL), 1);
    for (int point = 0; point < FAULT_POINTS; point++)
        fault_arm((enum fault_point)point, 0, false);
}

static void test_a_wrong_environment_arms_nothing(void **state)
{
    static const char *const wrong[] = {
        "system",    "system:",    "system:x",  "systems:1", "system:1,",
        "system:1;", "system:1++", "system:-1", ",",         "system:99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof(wrong[0]); i++)
        assert_int_equal(arm_from(wrong[i]), -EINVAL);
    assert_int_equal(arm_from("system:1,pool:y"), -EINVAL);
    assert_false(fault_fires(FAULT_SYSTEM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unarmed_point_never_fires_and_counts_nothing),
        cmocka_unit_test(test_the_nth_call_fails_once),
        cmocka_unit_test(test_persist_fails_all_later_calls),
        cmocka_unit_test(test_counting_lets_all_through),
        cmocka_unit_test(test_the_environment_arms),
        cmocka_unit_test(test_a_wrong_environment_arms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
