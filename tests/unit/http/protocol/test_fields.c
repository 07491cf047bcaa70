/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>

#include "tests/unit/http/protocol/request.h"

/* Every name is found by its own text in any case, and by nothing that differs in one byte (RFC 9110 5.1). */
static void test_every_name(void **state)
{
    (void)state;
    for (unsigned id = 1; id < HTTP_FIELD_COUNT; id++) {
        const char *name = http_field_text((enum http_field_id)id);
        char text[64], upper[64];
        size_t length = strlen(name);
        assert_in_range(length, 2, 31);
        for (size_t i = 0; i <= length; i++)
            upper[i] = (char)toupper((unsigned char)name[i]);
        assert_int_equal(http_field_lookup(name, length), id);
        assert_int_equal(http_field_lookup(upper, length), id);
        assert_int_equal(http_field_lookup(name, length - 1), HTTP_FIELD_OTHER);
        for (size_t i = 0; i < length; i++) {
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, name, length);
                text[i] = (char)byte;
                enum http_field_id found = http_field_lookup(text, length);
                if (tolower(byte) == name[i])
                    assert_int_equal(found, id);
                else
                    assert_int_not_equal(found, id);
            }
        }
    }
}

static void test_unknown_names(void **state)
{
    (void)state;
    assert_int_equal(http_field_lookup("", 0), HTTP_FIELD_OTHER);
    assert_int_equal(http_field_lookup("h", 1), HTTP_FIELD_OTHER);
    assert_int_equal(http_field_lookup("hostx", 5), HTTP_FIELD_OTHER);
    assert_int_equal(http_field_lookup("x-custom", 8), HTTP_FIELD_OTHER);
    assert_string_equal(http_field_text(HTTP_FIELD_OTHER), "");
}

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

/* Methods are case-sensitive (RFC 9110 9.1). */
static void test_methods(void **state)
{
    (void)state;
    for (uint8_t method = 0; method < HTTP_METHODS; method++) {
        const char *text = http_method_text(method);
        assert_int_equal(http_method_lookup(text, strlen(text)), method);
        assert_int_equal(http_method_lookup(text, strlen(text) - 1), HTTP_METHOD_UNKNOWN);
    }
    assert_int_equal(http_method_lookup("GET", 3), HTTP_METHOD_GET);
    assert_int_equal(http_method_lookup("get", 3), HTTP_METHOD_UNKNOWN);
    assert_int_equal(http_method_lookup("BREW", 4), HTTP_METHOD_UNKNOWN);
    assert_string_equal(http_method_text(HTTP_METHOD_UNKNOWN), "");
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

static void test_finding_fields(void **state)
{
    (void)state;
    static const char text[] =
        "GET / HTTP/1.1\r\nX-One: 1\r\nRange: a\r\nx-two: 2\r\nrange: b\r\nX-ONE: 3\r\n\r\n";
    struct request request;
    request_parse(&request, text, sizeof(text) - 1);
    const struct http_head *head = &request.head;
    const struct http_field *first = &head->fields[1], *second = &head->fields[3];
    assert_ptr_equal(http_head_find(head, HTTP_FIELD_RANGE), first);
    assert_ptr_equal(http_head_next(head, first), second);
    assert_null(http_head_next(head, second));
    assert_true(http_head_repeats(head, HTTP_FIELD_RANGE));
    assert_int_equal(http_field_value(head, second).bytes[0], 'b');
    assert_null(http_head_find(head, HTTP_FIELD_HOST));
    assert_false(http_head_has(head, HTTP_FIELD_HOST));
    const struct http_field *one = http_head_find_name(head, "x-oNe", 5);
    assert_ptr_equal(one, &head->fields[0]);
    assert_null(http_head_find_name(head, "x-on", 4));
    assert_null(http_head_find_name(head, "x-onf", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name), cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_alphabets),  cmocka_unit_test(test_methods),
        cmocka_unit_test(test_text_is),    cmocka_unit_test(test_finding_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
