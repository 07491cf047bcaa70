/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "http/protocol/date.h"
#include "tests/unit/http/protocol/request.h"

static const struct {
    const char *text;
    bool valid;
    int64_t seconds;
} cases[] = {
    /* RFC 9110 5.6.7: its examples, and the edges of the calendar */
    {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777},
    {"Sun Nov  6 08:49:37 1994", true, 784111777},
    {"Wed Nov 16 08:49:37 1994", true, 784975777},
    {"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
    {"Wed, 31 Dec 1969 23:59:59 GMT", true, -1},
    {"Tue, 19 Jan 2038 03:14:08 GMT", true, 2147483648},
    {"Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799},
    {"Sat, 29 Feb 2020 00:00:00 GMT", true, 1582934400},
    {"Sat, 29 Feb 2000 00:00:00 GMT", true, 951782400},
    {"Thu, 29 Feb 1900 00:00:00 GMT", false, 0},
    {"Mon, 29 Feb 2021 00:00:00 GMT", false, 0},
    {"Sat, 31 Dec 2016 23:59:60 GMT", true, 1483228800},
    {"Thursday, 01-Jan-70 00:00:00 GMT", true, 0},
    {"Tuesday, 01-Jan-69 00:00:00 GMT", true, 3124224000},
    {"Wednesday, 01-Jan-20 00:00:00 GMT", true, 1577836800},
    {"Sun, 06 Nov 1994 24:00:00 GMT", false, 0},
    {"Sun, 06 Nov 1994 08:60:00 GMT", false, 0},
    {"Sun, 06 Nov 1994 08:49:61 GMT", false, 0},
    {"Sun, 00 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 31 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 32 Dec 1994 08:49:37 GMT", false, 0},
    {"Sun, 06 nov 1994 08:49:37 GMT", false, 0},
    {"sun, 06 Nov 1994 08:49:37 GMT", false, 0},
    {"Xxx, 06 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
    {"Sun, 06 Nov 1994 08:49:37", false, 0},
    {"Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
    {"Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, +6 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 06-Nov-1994 08:49:37 GMT", false, 0},
    {"Sun, 06 Nov 1994 08-49-37 GMT", false, 0},
    {"Sunday, 06-Nov-1994 08:49:37 GMT", false, 0},
    {"Sunday, 06 Nov 94 08:49:37 GMT", false, 0},
    {"Sun, 06-Nov-94 08:49:37 GMT", false, 0},
    {"Sunda, 06-Nov-94 08:49:37 GMT", false, 0},
    {"Sun Nov 06 08:49:37 1994", true, 784111777},
    {"Sun Nov 6 08:49:37 1994", false, 0},
    {"Sun Nov  x 08:49:37 1994", false, 0},
    {"Sun Nov  6 08:49:37 94", false, 0},
    {"784111777", false, 0},
    {"", false, 0},
};

static void test_parse(void **state)
{
    (void)state;
    char *guard = guard_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].text);
        int64_t seconds = 12345;
        if (http_date_parse(guard_place(guard, cases[i].text, length), length, &seconds) != cases[i].valid)
            fail_msg("%s", cases[i].text);
        assert_int_equal(seconds, cases[i].valid ? cases[i].seconds : 12345);
    }
    guard_destroy(guard);
}

/* A date cut short or with any byte exchanged is read or refused, never read past (RFC 9110 5.6.7). */
static void test_damaged(void **state)
{
    (void)state;
    char *guard = guard_create();
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(cases[i].text);
        int64_t seconds;
        for (size_t cut = 0; cut < length; cut++)
            assert_false(http_date_parse(guard_place(guard, cases[i].text, cut), cut, &seconds));
        for (size_t at = 0; at < length; at++) {
            char *text = guard_place(guard, cases[i].text, length);
            text[at] = '\xff';
            assert_false(http_date_parse(text, length, &seconds));
        }
    }
    guard_destroy(guard);
}

/* The C library is the oracle. Steps of a prime number of seconds, so that all fields vary. */
static void test_against_libc(void **state)
{
    (void)state;
    for (int64_t seconds = -62135596800; seconds < 253402300800; seconds += 7654321) {
        char ours[HTTP_DATE_LENGTH + 1], theirs[64];
        struct tm tm;
        struct http_civil civil;
        int64_t back;
        time_t time = (time_t)seconds;
        assert_non_null(gmtime_r(&time, &tm));
        http_date_format(seconds, ours);
        (void)snprintf(theirs, sizeof(theirs), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                       http_date_days[tm.tm_wday], tm.tm_mday, http_date_months[tm.tm_mon], tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(ours, theirs);
        assert_true(http_date_parse(ours, HTTP_DATE_LENGTH, &back));
        assert_int_equal(back, seconds);
        http_civil_from_unix(seconds, &civil);
        assert_int_equal(civil.year, tm.tm_year + 1900);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_against_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
