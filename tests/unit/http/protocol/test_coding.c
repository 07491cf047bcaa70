/* SPDX-License-Identifier: BSD-2-Clause */
/* Accept-Encoding, RFC 9110 12.5.3; what nginx makes of "*" and of a weight that is none. */
#include "http/protocol/coding.h"
#include "tests/unit/http/protocol/request.h"

static void check(const char *fields, bool expected)
{
    struct request request;
    char text[512];
    int length = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", fields);
    request_parse(&request, text, (size_t)length);
    if (http_coding_accepted(&request.head, "gzip") != expected)
        fail_msg("%s", fields);
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool accepted;
    } cases[] = {
        {"gzip", true},
        {"GZip", true},
        {"gzip, deflate", true},
        {"deflate ,\tgzip", true},
        {", ,gzip,", true},
        {"gzip;q=1", true},
        {"gzip;q=1.000", true},
        {"gzip ; q=0.5", true},
        {"gzip;Q=0.001", true},
        {"br;q=1, gzip;q=0.8, *;q=0", true},
        {"gzip;q=0, gzip;q=1", true},
        {"gzip;q=0", false},
        {"gzip;q=0.0", false},
        {"gzip;q=0.000, deflate", false},
        {"gzip;q=", false},
        {"gzip;q", false},
        {"gzip;", false},
        {"gzip;x=1", false},
        {"gzip q=1", false},
        {"xgzip", false},
        {"gzipx", false},
        {"x-gzip", false},
        {"gz ip", false},
        {"*", false},
        {"*;q=1", false},
        {"identity", false},
        {";q=1", false},
        {",", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char fields[128];
        snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n", cases[i].value);
        check(fields, cases[i].accepted);
    }
}

static void test_lines(void **state)
{
    (void)state;
    check("", false);
    check("Accept: gzip\r\n", false);
    check("Accept-Encoding: deflate\r\nAccept: a/b\r\nAccept-Encoding: gzip\r\n", true);
    check("Accept-Encoding: deflate\r\nAccept-Encoding: br\r\n", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
