/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/status.h"
#include "tests/unit/http/protocol/request.h"

static void test_reasons(void **state)
{
    (void)state;
    /* RFC 9110 15 where nginx agrees; nginx's own, which its tests compare, where it does not. */
    assert_string_equal(http_status_line(200).bytes, "200 OK");
    assert_string_equal(http_status_line(404).bytes, "404 Not Found");
    assert_string_equal(http_status_line(302).bytes, "302 Moved Temporarily");
    assert_string_equal(http_status_line(405).bytes, "405 Not Allowed");
    assert_string_equal(http_status_line(408).bytes, "408 Request Time-out");
    assert_string_equal(http_status_line(413).bytes, "413 Request Entity Too Large");
    assert_string_equal(http_status_line(414).bytes, "414 Request-URI Too Large");
    assert_string_equal(http_status_line(416).bytes, "416 Requested Range Not Satisfiable");
    assert_string_equal(http_status_line(503).bytes, "503 Service Temporarily Unavailable");
    assert_string_equal(http_status_line(504).bytes, "504 Gateway Time-out");
    assert_string_equal(http_status_line(299).bytes, "");
    assert_string_equal(http_status_line(0).bytes, "");
    assert_string_equal(http_status_line(99).bytes, "");
    assert_string_equal(http_status_line(600).bytes, "");
    assert_string_equal(http_status_line(-1).bytes, "");
}

/* Every line begins with its own code, and is as long as it says. */
static void test_lines(void **state)
{
    (void)state;
    unsigned known = 0;
    for (int status = -10; status < 1000; status++) {
        struct http_text line = http_status_line(status);
        char code[16];
        (void)snprintf(code, sizeof(code), "%d ", status);
        assert_int_equal(line.length, strlen(line.bytes));
        if (line.length == 0)
            continue;
        known++;
        assert_memory_equal(line.bytes, code, 4);
        assert_true(line.length > 4);
    }
    assert_in_range(known, 40, 70);
}

/* RFC 9112 6.3 rule 1. */
static void test_bodiless(void **state)
{
    (void)state;
    assert_true(http_status_bodiless(100));
    assert_true(http_status_bodiless(204));
    assert_true(http_status_bodiless(304));
    assert_false(http_status_bodiless(200));
    assert_false(http_status_bodiless(205));
    assert_false(http_status_bodiless(404));
}

/* RFC 9110 15.3.6: 205 has no content either, but a length. */
static void test_empty(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++)
        assert_int_equal(http_status_empty(status), http_status_bodiless(status) || status == 205);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bodiless),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
