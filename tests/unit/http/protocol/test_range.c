/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/range.h"
#include "tests/unit/http/protocol/request.h"

enum {
    CAPACITY = 4,
};

#define NONE HTTP_RANGE_NONE
#define OK   HTTP_RANGE_OK
#define NOT  HTTP_RANGE_UNSATISFIABLE

static const struct {
    const char *value;
    int64_t size;
    enum http_range_result result;
    unsigned count;
    struct http_range ranges[CAPACITY];
} cases[] = {
    /* RFC 9110 14.1.2: its examples, for 10,000 bytes */
    {"bytes=0-499", 10000, OK, 1, {{0, 499}}},
    {"bytes=500-999", 10000, OK, 1, {{500, 999}}},
    {"bytes=-500", 10000, OK, 1, {{9500, 9999}}},
    {"bytes=9500-", 10000, OK, 1, {{9500, 9999}}},
    {"bytes=0-0,-1", 10000, OK, 2, {{0, 0}, {9999, 9999}}},
    {"bytes= 0-999, 4500-5499, -1000", 10000, OK, 3, {{0, 999}, {4500, 5499}, {9000, 9999}}},
    {"bytes=500-700,601-999", 10000, OK, 2, {{500, 700}, {601, 999}}},
    {"BYTES=0-0", 10000, OK, 1, {{0, 0}}},
    /* ends are cut to the size; a suffix longer than everything is everything */
    {"bytes=0-", 10, OK, 1, {{0, 9}}},
    {"bytes=5-100", 10, OK, 1, {{5, 9}}},
    {"bytes=-100", 10, OK, 1, {{0, 9}}},
    {"bytes=9-9", 10, OK, 1, {{9, 9}}},
    {"bytes=0-99999999999999999999999", 10, OK, 1, {{0, 9}}},
    {"bytes=-99999999999999999999999", 10, OK, 1, {{0, 9}}},
    {"bytes=0-9223372036854775807", 10, OK, 1, {{0, 9}}},
    {"bytes=9223372036854775806-", INT64_MAX, OK, 1, {{INT64_MAX - 1, INT64_MAX - 1}}},
    /* 15.5.17: none of them overlaps the content; those that do are served */
    {"bytes=10-", 10, NOT, 0, {{0}}},
    {"bytes=10-20,30-", 10, NOT, 0, {{0}}},
    {"bytes=-0", 10, NOT, 0, {{0}}},
    {"bytes=99999999999999999999999-", 10, NOT, 0, {{0}}},
    {"bytes=0-0,10-,-1", 10, OK, 2, {{0, 0}, {9, 9}}},
    /* 14.2: a unit that is not understood is ignored, as is a server's choice */
    {"lines=0-1", 10, NONE, 0, {{0}}},
    {"bytes", 10, NONE, 0, {{0}}},
    {"bytes:0-1", 10, NONE, 0, {{0}}},
    {"", 10, NONE, 0, {{0}}},
    {"bytes=0-1", 0, NONE, 0, {{0}}},
    /* malformed: 416, as nginx and its tests have it */
    {"bytes=", 10, NOT, 0, {{0}}},
    {"bytes=alpha", 10, NOT, 0, {{0}}},
    {"bytes=1-alpha", 10, NOT, 0, {{0}}},
    {"bytes=1", 10, NOT, 0, {{0}}},
    {"bytes=-", 10, NOT, 0, {{0}}},
    {"bytes=--1", 10, NOT, 0, {{0}}},
    {"bytes=5-4", 10, NOT, 0, {{0}}},
    {"bytes=0-1 3-", 10, NOT, 0, {{0}}},
    {"bytes=0-1;2-3", 10, NOT, 0, {{0}}},
    {"bytes=0-1,x", 10, NOT, 0, {{0}}},
    {"bytes=+1-2", 10, NOT, 0, {{0}}},
    /* RFC 9110 17.15: more than there is, or more ranges than allowed, gets everything */
    {"bytes=0-9,0-0", 10, NONE, 0, {{0}}},
    {"bytes=0-,0-,0-", 10, NONE, 0, {{0}}},
    {"bytes=0-0,1-1,2-2,3-3", 10, OK, 4, {{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
    {"bytes=0-0,1-1,2-2,3-3,4-4", 10, NONE, 0, {{0}}},
    {"bytes=0-0,1-1,2-2,3-3,20-", 10, OK, 4, {{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
    {"bytes=,0-0, ,1-1,", 10, OK, 2, {{0, 0}, {1, 1}}},
};

static void test_ranges(void **state)
{
    (void)state;
    char *guard = guard_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].value);
        struct http_text value = {guard_place(guard, cases[i].value, length), length};
        struct http_range ranges[CAPACITY];
        unsigned count;
        enum http_range_result result = http_range_parse(value, cases[i].size, ranges, CAPACITY, &count);
        if (result != cases[i].result)
            fail_msg("%s gave %d", cases[i].value, result);
        if (result != HTTP_RANGE_OK)
            continue;
        assert_int_equal(count, cases[i].count);
        for (unsigned j = 0; j < count; j++) {
            assert_int_equal(ranges[j].first, cases[i].ranges[j].first);
            assert_int_equal(ranges[j].last, cases[i].ranges[j].last);
        }
    }
    guard_destroy(guard);
}

/* max_ranges 0: ranges are off. */
static void test_off(void **state)
{
    (void)state;
    unsigned count;
    struct http_range range;
    assert_int_equal(http_range_parse((struct http_text)BYTES("bytes=0-0"), 10, &range, 0, &count),
                     HTTP_RANGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
