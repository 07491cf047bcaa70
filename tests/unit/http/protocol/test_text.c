/* SPDX-License-Identifier: BSD-2-Clause */
/* Alphabets, comparing, and numbers as text. */
#include <ctype.h>
#include <stdlib.h>

#include "tests/unit/http/protocol/request.h"

/* RFC 9110 5.6.2, 5.5; RFC 3986 3.2.2, checked against their grammar rule by rule. */
static void test_alphabets(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool alnum = c < 128 && isalnum(c);
        bool token = alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        bool host = alnum || (c != 0 && strchr("-._~!$&'()*+;=", c) != NULL);
        assert_int_equal(http_char_is(byte, HTTP_CHAR_TOKEN), token);
        assert_int_equal(http_char_is(byte, HTTP_CHAR_VALUE), c == '\t' || (c >= 0x20 && c != 0x7f));
        assert_int_equal(http_char_is(byte, HTTP_CHAR_HOST), host);
        assert_int_equal(http_char_is(byte, HTTP_CHAR_HEX), c < 128 && isxdigit(c));
        assert_int_equal(http_char_is(byte, HTTP_CHAR_DNS), (alnum && !isupper(c)) || c == '-' || c == '_');
        assert_int_equal(http_hex(byte),
                         c < 128 && isxdigit(c) ? (int)strtol((char[]){byte, 0}, NULL, 16) : -1);
        assert_int_equal((unsigned char)http_lower(byte), c < 128 ? tolower(c) : c);
    }
}

static void test_text_is(void **state)
{
    (void)state;
    assert_true(http_text_is("ClOsE", 5, "close"));
    assert_false(http_text_is("close", 5, "clos"));
    assert_false(http_text_is("clos", 4, "close"));
    assert_false(http_text_is("close\0", 6, "close"));
    assert_true(http_text_is("", 0, ""));
}

static void check_read(const char *text, int64_t expected, size_t length, bool above)
{
    int64_t number = -1;
    bool is_above = false;

    assert_ptr_equal(http_read_number(text, text + strlen(text), &number, &is_above), text + length);
    assert_int_equal(number, expected);
    assert_int_equal(is_above, above);
}

static void test_read_number(void **state)
{
    (void)state;
    check_read("", 0, 0, false);
    check_read("-1", 0, 0, false);
    check_read("0042x", 42, 4, false);
    check_read("9223372036854775807", INT64_MAX, 19, false);
    check_read("9223372036854775808", INT64_MAX, 19, true);
    check_read("92233720368547758070000,", INT64_MAX, 23, true);
}

/* Whatever printf writes is written, and read back. */
static void test_print_number(void **state)
{
    (void)state;
    for (uint64_t base = 1; base < UINT64_MAX / 10; base *= 10)
        for (uint64_t number = base - 1; number <= base + 1; number++) {
            char expected[32], text[32] = "";

            (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)number);
            assert_ptr_equal(http_print_number(text, number), text + strlen(expected));
            assert_string_equal(text, expected);
            if (number <= INT64_MAX)
                check_read(expected, (int64_t)number, strlen(expected), false);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alphabets),
        cmocka_unit_test(test_text_is),
        cmocka_unit_test(test_read_number),
        cmocka_unit_test(test_print_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
