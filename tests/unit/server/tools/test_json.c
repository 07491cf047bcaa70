/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON as RFC 8259 has it: what is taken, what is refused, and looking up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pool/pool.h"
#include "server/tools/json.h"

/* Each text is read where its last byte is the last one that may be touched. */
static struct json *read_text(struct pool *pool, const char *text)
{
    size_t length = strlen(text) + 1;
    char *copy = pool_memalign(pool, 16, length, "text");

    assert_non_null(copy);
    memcpy(copy, text, length);
    return json_read(pool, copy);
}

static int open_pool(void **state)
{
    *state = pool_create(&(struct pool_options){.name = "json"});
    return *state ? 0 : -1;
}

static int close_pool(void **state)
{
    pool_destroy(*state);
    return 0;
}

static void what_is_json_is_taken(void **state)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "10",
                                       "1.5",
                                       "-1.5e+3",
                                       "1E-2",
                                       "0e0",
                                       "-0.0",
                                       "1e05",
                                       "1e999",
                                       "[0,-0]",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       " \t\r\n[ ] ",
                                       "{}",
                                       "[1,2]",
                                       "{\"a\":{\"b\":[{}]}}",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
                                       "\"\xc3\xa9\"",
                                       "[[[[[[]]]]]]"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!read_text(*state, good[i]))
            fail_msg("%s", good[i]);
}

static void what_is_not_is_refused(void **state)
{
    static const char *const bad[] = {
        "",          " ",           "01",    "-",      "+1",        ".5",       "0x10",       "inf",
        "nan",       "-inf",        "tru",   "nulll",  "\"",        "\"a",      "\"\\\"",     "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\u", "\"\n\"", "[",         "]",        "[1",         "[1,",
        "[1,]",      "[,]",         "{",     "{\"a\"", "{\"a\":",   "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}", "{1:1}",       "1 2",   "[] []",  "{\"a\":1]", "[1}",      "1.",         "-0.",
        "1.e5",      "[1.]",        "1e",    "1e+",    "1E-",       "1e+-1",    "1.5.5",      "-",
        "--1",       "00",          "-01",   "1e5.5",  "0x1p3",     "1.0x",     "-.5",        "[1.,2]",
        "\xc2\xb2",  "{\"\n\":1}"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (read_text(*state, bad[i]))
            fail_msg("%s", bad[i]);
}

static void it_is_not_nested_without_end(void **state)
{
    char text[4096] = "";

    for (int i = 0; i < JSON_DEPTH; i++)
        strcat(text, "[");
    strcat(text, "1");
    for (int i = 0; i < JSON_DEPTH; i++)
        strcat(text, "]");
    assert_non_null(read_text(*state, text));
    memmove(text + 1, text, strlen(text) + 1);
    strcat(text, "]");
    assert_null(read_text(*state, text));
    memset(text, '[', sizeof text - 1);
    assert_null(read_text(*state, text));
}

static void texts_are_decoded(void **state)
{
    static const char *const pairs[][2] = {
        {"\"a\\u0041\\u00e9\\u20ac\"", "aA\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83c\\udf0a!\"", "\xf0\x9f\x8c\x8a!"},
        {"\"\\ud83c!\"", "\xef\xbf\xbd!"},
        {"\"\\udf0a\\ud83c\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"\\ud83c\\u0041\"", "\xef\xbf\xbd"
                               "A"},
        {"\"\\\"\\\\\\/\\n\"", "\"\\/\n"},
        {"\"x\\u0000y\"", "x"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(json_text(read_text(*state, pairs[i][0]), ""), pairs[i][1]);
}

static void the_way_leads_to_members(void **state)
{
    const struct json *json = read_text(
        *state, "{\"a\":{\"b\":-1.5,\"bc\":2},\"list\":[{\"n\":1},{\"n\":2}],\"t\":\"x\",\"\":7,\"z\":null}");
    const struct json *list = json_at(json, "list");

    assert_non_null(json);
    assert_true(json_number(json, "a.b") == -1.5);
    assert_true(json_number(json, "a.bc") == 2);
    assert_true(json_number(json, "a.b.c") == 0);
    assert_true(json_number(json, "t") == 0);
    assert_string_equal(json_text(json, "t"), "x");
    assert_string_equal(json_text(json, "a"), "");
    assert_null(json_at(json, "a.c"));
    assert_null(json_at(NULL, "a"));
    assert_int_equal(json_at(json, "z")->kind, JSON_NULL);
    assert_string_equal(read_text(*state, " { \" a\" : 1 }")->first->name, " a");
    assert_true(json_number(list->first, "n") == 1 && json_number(list->first->next, "n") == 2);
    assert_null(list->first->next->next);
    assert_null(list->first->name);
}

/* Whichever byte of a good text is missing or another, nothing is touched that is not its own. */
static void broken_texts_stay_inside(void **state)
{
    const char *text =
        "{\"server\":{\"pid\":4711,\"t\":\"\\u00e9\\ud83c\\udf0a\"},\"rows\":[{\"a\":1.5e3},null,true]}";
    char copy[128];

    assert_non_null(read_text(*state, text));
    for (size_t i = 0; i < strlen(text); i++) {
        snprintf(copy, sizeof copy, "%.*s", (int)i, text);
        assert_null(read_text(*state, copy));
        for (const char *byte = "\"\\{}[]:,0uz\x01"; *byte; byte++) {
            snprintf(copy, sizeof copy, "%s", text);
            copy[i] = *byte;
            (void)read_text(*state, copy);
        }
        pool_reset(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_json_is_taken, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(what_is_not_is_refused, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(it_is_not_nested_without_end, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(texts_are_decoded, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(the_way_leads_to_members, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(broken_texts_stay_inside, open_pool, close_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
