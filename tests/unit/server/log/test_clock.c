/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/log/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    clock_init_zone();
}

static void test_the_three_texts(void **state)
{
    struct clock clock = {0};
    char error[20];

    (void)state;
    zone("UTC0");
    assert_true(clock_update(&clock, 1795231560.25)); /* date -u -d @1795231560 */
    assert_string_equal(clock.log_time, "21/Nov/2026:03:26:00 +0000");
    clock_format_error(1795231560, error);
    assert_string_equal(error, "2026/11/21 03:26:00");
    assert_string_equal(clock.iso8601, "2026-11-21T03:26:00+00:00");
}

static void test_changes_once_a_second(void **state)
{
    struct clock clock = {0};

    (void)state;
    zone("UTC0");
    assert_true(clock_update(&clock, 1795231560.0));
    assert_false(clock_update(&clock, 1795231560.999));
    assert_true(clock_update(&clock, 1795231561.0));
    assert_string_equal(clock.iso8601, "2026-11-21T03:26:01+00:00");
    assert_true(clock_update(&clock, 1795231500.0)); /* somebody set it back */
    assert_string_equal(clock.iso8601, "2026-11-21T03:25:00+00:00");
}

static void test_zones_east_and_west(void **state)
{
    struct clock clock = {0};

    (void)state;
    zone("XST-5:45"); /* POSIX counts the other way round */
    clock_update(&clock, 1795231560.0);
    assert_string_equal(clock.log_time, "21/Nov/2026:09:11:00 +0545");
    assert_string_equal(clock.iso8601, "2026-11-21T09:11:00+05:45");
    zone("YST3:30");
    clock_update(&clock, 1795231561.0);
    assert_string_equal(clock.log_time, "20/Nov/2026:23:56:01 -0330");
    assert_string_equal(clock.iso8601, "2026-11-20T23:56:01-03:30");
    zone("UTC0");
}

static void test_agrees_with_strftime(void **state)
{
    (void)state;
    zone("UTC0");
    for (int64_t seconds = 1; seconds < 4102444800; seconds += 86399 * 13) {
        struct clock clock = {0};
        char expected[40];
        char text[20];

        time_t time = (time_t)seconds;
        struct tm tm;
        gmtime_r(&time, &tm);
        clock_update(&clock, (double)seconds);
        strftime(expected, sizeof expected, "%d/%b/%Y:%H:%M:%S +0000", &tm);
        assert_string_equal(clock.log_time, expected);
        strftime(expected, sizeof expected, "%Y/%m/%d %H:%M:%S", &tm);
        clock_format_error(seconds, text);
        assert_string_equal(text, expected);
    }
}

/* As localtime_r has it: each day of 400 years and more, leap years of both kinds among them, in two zones.
 * */
static void test_the_date_in_a_signal(void **state)
{
    static const char *const zones[] = {"UTC0", "XST-5:45", "YST3:30"};

    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        zone(zones[i]);
        for (int64_t second = 86400; second < 430LL * 366 * 86400; second += 86400 - 1) {
            char expected[20], text[20];

            clock_format_error(second, expected); /* it tells the zone, too */
            clock_format_signal(second, text);
            if (strcmp(text, expected) != 0)
                fail_msg("%lld in %s: %s, expected %s", (long long)second, zones[i], text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_three_texts),      cmocka_unit_test(test_changes_once_a_second),
        cmocka_unit_test(test_zones_east_and_west),  cmocka_unit_test(test_agrees_with_strftime),
        cmocka_unit_test(test_the_date_in_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
