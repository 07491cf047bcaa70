/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/etag.h"
#include "tests/unit/http/protocol/request.h"

static struct http_text text_of(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

/* nginx: "%xT-%xO". */
static void test_format(void **state)
{
    (void)state;
    char out[HTTP_ETAG_MAX];
    assert_int_equal(http_etag_format(0x5f3b2a1c, 0x1a4, out), 14);
    assert_string_equal(out, "\"5f3b2a1c-1a4\"");
    assert_int_equal(http_etag_format(0, 0, out), 5);
    assert_string_equal(out, "\"0-0\"");
    assert_int_equal(http_etag_format(-1, INT64_MAX, out), HTTP_ETAG_MAX - 1);
    assert_string_equal(out, "\"ffffffffffffffff-7fffffffffffffff\"");
}

/* The table of RFC 9110 8.8.3.2. */
static void test_comparison(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool strong, weak;
    } cases[] = {
        {"W/\"1\"", "W/\"1\"", false, true},
        {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},
        {"\"1\"", "\"1\"", true, true},
        {"w/\"1\"", "\"1\"", false, false},
        {"1", "1", false, false},
        {"", "", false, false},
        {"\"1\"", "\"1", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_text a = text_of(cases[i].a), b = text_of(cases[i].b);
        assert_int_equal(http_etag_equal(a, b, false), cases[i].strong);
        assert_int_equal(http_etag_equal(b, a, false), cases[i].strong);
        assert_int_equal(http_etag_equal(a, b, true), cases[i].weak);
        assert_int_equal(http_etag_equal(b, a, true), cases[i].weak);
    }
}

/* RFC 9110 13.1.1, 8.8.3: lists; a comma may stand inside a tag. */
static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool strong, weak;
    } cases[] = {
        {"\"x\"", true, true},
        {"*", true, true},
        {"\"a\", \"b\", \t\"x\" , \"c\"", true, true},
        {"\"a\",,\"x\"", true, true},
        {"W/\"x\"", false, true},
        {"\"a\",W/\"x\"", false, true},
        {"\"a,\"x\"", false, false},
        {"\"a, x\"", false, false},
        {"\"y\"", false, false},
        {"\"xx\"", false, false},
        {"x", false, false},
        {"x, \"x\"", false, false},
        {"\"x", false, false},
        {"W/", false, false},
        {"", false, false},
        {"\"a\" *", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (http_etag_listed(text_of(cases[i].list), text_of("\"x\""), false) != cases[i].strong ||
            http_etag_listed(text_of(cases[i].list), text_of("\"x\""), true) != cases[i].weak)
            fail_msg("%s", cases[i].list);
    }
    assert_true(http_etag_listed(text_of("\"a\", \"b,c\""), text_of("\"b,c\""), false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
