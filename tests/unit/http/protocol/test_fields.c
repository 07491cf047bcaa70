/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>

#include "tests/unit/http/protocol/request.h"

/* Every name is found by its own text in any case, and by nothing that differs in one byte (RFC 9110 5.1). */
static void test_every_name(void **state)
{
    (void)state;
    for (unsigned id = 1; id < HTTP_FIELD_COUNT; id++) {
        const char *upper = (const char *)http_field_names[id].text, *colon = strchr(upper, ':');
        char text[64], name[64];
        assert_non_null(colon);
        size_t length = (size_t)(colon - upper);
        assert_in_range(length, 2, 31);
        for (size_t i = 0; i < length; i++)
            name[i] = (char)tolower((unsigned char)upper[i]);
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
}

/* Methods are case-sensitive (RFC 9110 9.1). */
static void test_methods(void **state)
{
    (void)state;
    static const char *const names[HTTP_METHODS] = {
        "GET",   "HEAD",  "POST", "PUT",  "DELETE",   "OPTIONS",   "CONNECT", "TRACE",
        "PATCH", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK",    "UNLOCK"};
    for (uint8_t method = 0; method < HTTP_METHODS; method++) {
        assert_int_equal(http_method_lookup(names[method], strlen(names[method])), method);
        assert_int_equal(http_method_lookup(names[method], strlen(names[method]) - 1), HTTP_METHOD_UNKNOWN);
    }
    assert_int_equal(http_method_lookup("get", 3), HTTP_METHOD_UNKNOWN);
    assert_int_equal(http_method_lookup("BREW", 4), HTTP_METHOD_UNKNOWN);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_finding_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
