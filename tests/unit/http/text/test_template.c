/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx's ngx_http_script_compile. */
#include "tests/unit/http/asked.h"

#include <errno.h>

static int compile(struct asked *asked, const char *text, struct http_template *template)
{
    asked->generation->conf.error[0] = '\0';
    return http_template_compile(&asked->generation->conf, NULL, text, template);
}

static void test_constant(void **state)
{
    struct asked *asked = *state;
    struct http_template template;
    struct http_text text;
    static const char *const texts[] = {"", "plain", "with { braces } and \\ and %"};

    asked_load(asked, "server { }");
    asked_run(asked, "GET", "/", "");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(compile(asked, texts[i], &template), 0);
        assert_true(http_template_constant(&template));
        assert_true(http_template_write(&template, asked->request, &text));
        assert_ptr_equal(text.bytes, texts[i]);
        assert_int_equal(text.length, strlen(texts[i]));
    }
}

static void test_written(void **state)
{
    static const char *const rows[][2] = {
        {"$uri", "/path"},
        {"a${uri}b", "a/pathb"},
        {"$uri$uri", "/path/path"},
        {"$arg_a-$arg_b.", "1-two."},
        {"[$arg_missing]", "[]"},
        {"${request_method}s", "GETs"},
        {"$request_method s", "GET s"},
        {"$uri.", "/path."},
        {"$1", ""},
        {"$10", "0"}, /* one digit is the name of a group */
        {"$args?", "a=1&b=two?"},
    };
    struct asked *asked = *state;

    asked_load(asked, "server { }");
    asked_run(asked, "GET", "/path?a=1&b=two", "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_template template;
        struct http_text text;

        assert_int_equal(compile(asked, rows[i][0], &template), 0);
        assert_false(http_template_constant(&template));
        assert_true(http_template_write(&template, asked->request, &text));
        asked_equal(text, rows[i][1]);
        assert_int_equal(text.bytes[text.length], '\0');
    }
}

static void test_refused(void **state)
{
    static const char *const rows[][2] = {
        {"$", "invalid variable name"},
        {"a$ b", "invalid variable name"},
        {"$$uri", "invalid variable name"},
        {"${}", "invalid variable name"},
        {"$-", "invalid variable name"},
        {"${uri", "the closing bracket in \"uri\" variable is missing"},
        {"${uri ", "the closing bracket in \"uri\" variable is missing"},
        {"${", "the closing bracket in \"\" variable is missing"},
    };
    struct asked *asked = *state;

    asked_load(asked, "server { }");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_template template;

        assert_int_equal(compile(asked, rows[i][0], &template), -EINVAL);
        assert_string_equal(asked->generation->conf.error, rows[i][1]);
    }
}

/* Values longer than the first guess. */
static void test_long(void **state)
{
    struct asked *asked = *state;
    struct http_template template;
    struct http_text text;
    char fields[1200] = "X-Long: ", expected[4096];

    for (size_t i = 0; i < 1000; i++)
        fields[8 + i] = (char)('a' + i % 26);
    strcpy(fields + 1008, "\r\n");
    asked_load(asked, "server { }");
    asked_run(asked, "GET", "/", fields);
    assert_int_equal(compile(asked, "<$http_x_long|$http_x_long|$http_x_long>", &template), 0);
    assert_true(http_template_write(&template, asked->request, &text));
    fields[1008] = '\0';
    snprintf(expected, sizeof expected, "<%s|%s|%s>", fields + 8, fields + 8, fields + 8);
    asked_equal(text, expected);
}

/* Names that no table has must be groups of a regular expression, wherever in the configuration it stands. */
static void test_groups(void **state)
{
    struct asked *asked = *state;

    asked_refuse(asked, "access_log off; server { return 200 \"$nope\"; }",
                 "unknown \"nope\" variable in text:1");
    asked_refuse(asked, "access_log off; server { return 200 \"$second\"; location ~ (?<first>x) { } }",
                 "unknown \"second\" variable");
    asked_refuse(asked, "access_log off; server { return 200 $one; } server { return 200 $two; }",
                 "unknown \"one\" variable");
    asked_load(asked, "server { return 200 \"$late\"; } server { location ~ (?<late>x) { } }");
    asked_load(asked, "log_format f $site; server { server_name ~^(?<site>.+)$; return 200 \"$site\"; }");
    asked_run(asked, "GET", "/", "");
    asked_equal(asked->request->response.bytes, "asked.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_constant, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_written, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_long, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_groups, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
