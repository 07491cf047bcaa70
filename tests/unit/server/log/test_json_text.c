/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: RFC 8259 7 and 8.1, RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/log/json_text.h"

static void test_json(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"\"\\\b\f\n\r\t", "\\\"\\\\\\b\\f\\n\\r\\t"},
        /* C1 (ECMA-48 8.3: 0x9b begins what ESC [ begins) in one byte and in two; DEL. */
        {"\x01\x1f\x7f\x80\x9b[2J", "\\u0001\\u001F\\u007F\\u0080\\u009B[2J"},
        {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u0080\\u009B\\u009F\xc2\xa0"},
        /* RFC 3629: characters; no longer forms than needed, no surrogates, nothing cut short. */
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a"},
        {"\xc0\x9b", "\\u00C0\\u009B"},
        {"\xe0\x82\x9b", "\\u00E0\\u0082\\u009B"},
        {"\xed\xa0\x80", "\\u00ED\\u00A0\\u0080"},
        {"\xf4\x90\x80\x80", "\\u00F4\\u0090\\u0080\\u0080"},
        {"\xff\xe2\x82", "\\u00FF\\u00E2\\u0082"},
        {"\xc2", "\\u00C2"},
        {"a/b", "a/b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i][0]);
        char out[64];

        assert_int_equal(json_measure(rows[i][0], length), strlen(rows[i][1]));
        *json_write(out, rows[i][0], length) = '\0';
        assert_string_equal(out, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
