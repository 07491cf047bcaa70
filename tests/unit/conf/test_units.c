/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: ngx_parse_size, ngx_parse_offset and ngx_parse_time in nginx's src/core/ngx_parse.c. */
#include "tests/unit/conf/fixture.h"

#include "conf/units.h"

enum { REFUSED = -1 };

struct row {
    const char *text;
    int64_t value; /* REFUSED */
};

#define COUNT(array) (sizeof array / sizeof array[0])

static void test_number(void **state)
{
    static const struct row rows[] = {
        {"0", 0},
        {"12", 12},
        {"007", 7},
        {"", REFUSED},
        {"-1", REFUSED},
        {"+1", REFUSED},
        {" 1", REFUSED},
        {"1 ", REFUSED},
        {"1k", REFUSED},
        {"0x1", REFUSED},
        {"1.5", REFUSED},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", REFUSED},
        {"99999999999999999999999", REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t value = 77;
        bool taken = conf_parse_number(rows[i].text, &value);
        print_message("\"%s\"\n", rows[i].text);
        assert_int_equal(taken, rows[i].value != REFUSED);
        assert_int_equal(value, taken ? rows[i].value : 77);
    }
}

static void test_size_and_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t size, offset;
    } rows[] = {
        {"0", 0, 0},
        {"512", 512, 512},
        {"8k", 8192, 8192},
        {"8K", 8192, 8192},
        {"1m", 1048576, 1048576},
        {"3M", 3145728, 3145728},
        {"2g", REFUSED, 2147483648},
        {"2G", REFUSED, 2147483648},
        {"8589934591g", REFUSED, 8589934591LL << 30},
        {"8589934592g", REFUSED, REFUSED},
        {"9007199254740991k", 9007199254740991LL << 10, 9007199254740991LL << 10},
        {"9007199254740992k", REFUSED, REFUSED},
        {"8796093022208m", REFUSED, REFUSED},
        {"", REFUSED, REFUSED},
        {"k", REFUSED, REFUSED},
        {"1kk", REFUSED, REFUSED},
        {"1 k", REFUSED, REFUSED},
        {"1t", REFUSED, REFUSED},
        {"-1k", REFUSED, REFUSED},
        {"1.5m", REFUSED, REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t size = 77;
        off_t offset = 77;
        bool taken;

        print_message("\"%s\"\n", rows[i].text);
        taken = conf_parse_size(rows[i].text, &size);
        assert_int_equal(taken, rows[i].size != REFUSED);
        assert_int_equal(size, taken ? (size_t)rows[i].size : 77);
        taken = conf_parse_offset(rows[i].text, &offset);
        assert_int_equal(taken, rows[i].offset != REFUSED);
        assert_int_equal(offset, taken ? rows[i].offset : 77);
    }
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t msec, sec;
    } rows[] = {
        {"0", 0, 0},
        {"60", 60000, 60},
        {"60s", 60000, 60},
        {"500ms", 500, REFUSED},
        {"5m", 300000, 300},
        {"1h", 3600000, 3600},
        {"1d", 86400000, 86400},
        {"2w", 1209600000, 1209600},
        {"1M", REFUSED, 2592000},
        {"1y", REFUSED, 31536000},
        {"1y1M", REFUSED, 34128000},
        {"1M1y", REFUSED, REFUSED},
        {"1h30m", 5400000, 5400},
        {"1h 30m", 5400000, 5400},
        {"1h  30m ", 5400000, 5400},
        {"30m 1h", REFUSED, REFUSED},
        {"1h1h", REFUSED, REFUSED},
        {"1m 10", 70000, 70},
        {"1s500ms", 1500, REFUSED},
        {"500ms1s", REFUSED, REFUSED},
        {"1d 2h 3m 4s 5ms", 93784005, REFUSED},
        {"5 6", 11000, 11}, /* nginx's parser takes it */
        {"5 6s", REFUSED, REFUSED},
        {" 5", 5000, 5},
        {"5 ", 5000, 5},
        {"", REFUSED, REFUSED},
        {" ", REFUSED, REFUSED},
        {"s", REFUSED, REFUSED},
        {"ms", REFUSED, REFUSED},
        {"-1", REFUSED, REFUSED},
        {"1.5s", REFUSED, REFUSED},
        {"1S", REFUSED, REFUSED},
        {"1H", REFUSED, REFUSED},
        {"9223372036854775807ms", INT64_MAX, REFUSED},
        {"9223372036854775808ms", REFUSED, REFUSED},
        {"9223372036854775", 9223372036854775000, 9223372036854775},
        {"9223372036854776", REFUSED, 9223372036854776},
        {"9223372036854775807", REFUSED, INT64_MAX},
        {"9223372036854775807s 1", REFUSED, REFUSED},
        {"106751991167301d", REFUSED, REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t msec = 77, sec = 77;
        bool taken;

        print_message("\"%s\"\n", rows[i].text);
        taken = conf_parse_msec(rows[i].text, &msec);
        assert_int_equal(taken, rows[i].msec != REFUSED);
        assert_int_equal(msec, taken ? rows[i].msec : 77);
        taken = conf_parse_sec(rows[i].text, &sec);
        assert_int_equal(taken, rows[i].sec != REFUSED);
        assert_int_equal(sec, taken ? rows[i].sec : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_size_and_offset),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
