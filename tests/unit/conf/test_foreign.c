/* SPDX-License-Identifier: BSD-2-Clause */
/* Directives that nobody knows: all of them are told, in the order of the text, with what to do instead. */
#include "tests/unit/conf/fixture.h"

#include <errno.h>

#include "conf/directive.h"
#include "conf/foreign.h"

static int set_block(struct conf_setting *setting)
{
    return conf_apply_children(setting, CONF_MAIN, NULL);
}

static int set_wrong(struct conf_setting *setting)
{
    return conf_setting_fail(setting, "is wrong");
}

static const struct conf_directive directives[] = {
    {.name = "block",
     .contexts = CONF_MAIN,
     .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_REPEAT,
     .set = set_block},
    {.name = "wrong", .contexts = CONF_MAIN, .flags = CONF_NO_ARGS, .set = set_wrong},
};
static const struct conf_module table = {"table", directives, 2};
static const struct conf_module *const list[] = {&table};
static const struct conf_modules modules = {list, 1};

static int apply(struct fixture *fixture, const char *text, char *report)
{
    struct conf_node *root;
    int result;

    fixture_start(fixture);
    root = fixture_read(fixture, text);
    assert_non_null(root);
    result = conf_apply(&fixture->conf, root->children, CONF_MAIN, &modules, NULL, NULL);
    conf_report(&fixture->conf, report, CONF_REPORT_SIZE);
    return result;
}

static void check(struct fixture *fixture, const char *text, const char *expected)
{
    char report[CONF_REPORT_SIZE];

    assert_int_equal(apply(fixture, text, report), -EINVAL);
    assert_string_equal(report, expected);
}

static void test_all_are_told(void **state)
{
    check(*state, "one;", "unknown directive \"one\" in text:1");
    check(*state, "block {\none;\nblock {\ntwo; } }\nthree;\nfour { five; }",
          "unknown directive \"one\" in text:2\nunknown directive \"two\" in text:4\n"
          "unknown directive \"three\" in text:5\nunknown directive \"four\" in text:6");
    check(*state, "one;\nblock { wrong; two; }",
          "unknown directive \"one\" in text:1\n\"wrong\" directive is wrong in text:2\n"
          "unknown directive \"two\" in text:2");
    check(*state, "wrong;\nwrong;\nblock { wrong;\ntwo; }\nblock;\nthree;",
          "\"wrong\" directive is wrong in text:1\n\"wrong\" directive is duplicate in text:2\n"
          "\"wrong\" directive is wrong in text:3\nunknown directive \"two\" in text:4\n"
          "directive \"block\" has no opening \"{\" in text:5\nunknown directive \"three\" in text:6");
}

static void test_advice(void **state)
{
    check(*state, "satisfy any;",
          "unknown directive \"satisfy\" (limits and rules must all hold, as with `satisfy all`: remove the "
          "line "
          "if it says so) in text:1");
    check(*state, "ssl_protocols { }",
          "unknown directive \"ssl_protocols\" (TLS is not part of Tidepool, so there is nothing to set) in "
          "text:1");
}

static void test_ignored(void **state)
{
    struct fixture *fixture = *state;
    char report[CONF_REPORT_SIZE];

    assert_int_equal(apply(fixture, "block { pcre_jit on;\nssl_session_cache shared:a:1m; }", report), 0);
    assert_string_equal(report, "");
    assert_string_equal(fixture->conf.warnings->text,
                        "directive \"pcre_jit\" is ignored (regular expressions are compiled when the "
                        "configuration is read, not to machine code) in text:1");
    assert_non_null(fixture->conf.warnings->next);
    assert_null(fixture->conf.warnings->next->next);
}

static void test_many(void **state)
{
    static char text[64 * 1024];
    char report[CONF_REPORT_SIZE], *line;
    unsigned listed = 0, more = 0;
    size_t used = 0;

    for (int i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "unknown_number_%d with arguments;\n", i);
    assert_int_equal(apply(*state, text, report), -EINVAL);
    for (char *rest = report; (line = strsep(&rest, "\n"));)
        if (sscanf(line, "and %u more", &more) != 1)
            listed++;
    assert_int_equal(listed, CONF_FAULTS_MAX);
    assert_int_equal(listed + more, 1000);
}

static void test_search(void **state)
{
    (void)state;
    assert_false(conf_foreign_find("ssl_certificate")->ignored);
    assert_true(conf_foreign_find("ssl_ciphers")->ignored);
    assert_non_null(conf_foreign_find("proxy_set_header"));
    assert_null(conf_foreign_find("prox"));
    assert_null(conf_foreign_find("satisfy_x"));
    assert_null(conf_foreign_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_are_told, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_advice, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ignored, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
