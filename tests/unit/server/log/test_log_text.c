/* SPDX-License-Identifier: BSD-2-Clause */
/* What log_text prints is what vsnprintf prints (C17 7.21.6.12), at every size, but for quotes in quotes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/log/log_text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { ROOM = 200 };

__attribute__((format(printf, 1, 2))) static void both(const char *format, ...)
{
    char whole[ROOM], mine[ROOM + 1];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(whole, sizeof whole, format, arguments);
    va_end(arguments);
    assert_in_range(length, 0, ROOM - 1);
    for (size_t size = 1; size <= ROOM; size++) {
        size_t expected = (size_t)length < size ? (size_t)length : size - 1;
        memset(mine, '#', sizeof mine);
        va_start(arguments, format);
        assert_int_equal(log_text_vprint(mine, size, format, arguments), expected);
        va_end(arguments);
        assert_memory_equal(mine, whole, expected);
        assert_int_equal(mine[expected], '\0');
        assert_int_equal(mine[size], '#');
    }
}

static void test_texts(void **state)
{
    (void)state;
    both("no conversion");
    both("%s", "");
    both("%s failed, client: %s%.*s.", "open()", "[::1]:80", 3, ", request");
    both("%.*s|%.*s|%.*s", 0, "none", -1, "all of it", 40, "shorter");
    both("*%u.%llu [%s] %d#%d: ", 3u, 18446744073709551615ull, "error", 4711, -1);
}

static void test_numbers(void **state)
{
    (void)state;
    both("%d %d %d %d", 0, INT_MAX, INT_MIN, -1);
    both("%u %u %u", 0u, 10u, UINT_MAX);
    both("%zu %zu %llu", (size_t)0, SIZE_MAX, 1ull);
}

/* One conversion that is not among them, and all of the line is vsnprintf's. */
static void test_others(void **state)
{
    (void)state;
    both("%s: 100 %% of %d, %5d|%-4s|%x|%c|%ld|%.2f", "a", 1, 2, "b", 255u, 'c', -3l, 0.5);
}

/* An encoding error (a code point that is none): the format itself. */
static void test_broken(void **state)
{
    char text[ROOM];

    (void)state;
    assert_int_equal(log_text_print(text, sizeof text, "%s %lc", "a", (wint_t)0x7fffffff), 6);
    assert_string_equal(text, "%s %lc");
}

/* What a client sends as the name of a file does not end the text that it stands in. */
static void test_quotes(void **state)
{
    char text[ROOM];

    (void)state;
    log_text_print(text, sizeof text, "open() \"%s\" failed, \"%.*s\"", "/a\" b\"", 3, "\"x\"yz");
    assert_string_equal(text, "open() \"/a\\x22 b\\x22\" failed, \"\\x22x\\x22\"");
    assert_int_equal(log_text_print(text, sizeof text, "%s", "as \"it\" is"), 10);
    assert_string_equal(text, "as \"it\" is");
    assert_int_equal(log_text_print(text, 5, "\"%s\"", "a\"b"), 4);
    assert_string_equal(text, "\"a\\x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_others), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_quotes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
