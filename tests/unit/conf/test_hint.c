/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/hint: where a name belongs, and which one was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/hint.h"

static const struct conf_directive first[] = {
    {.name = "events", .contexts = CONF_MAIN},
    {.name = "listen", .contexts = CONF_SERVER},
    {.name = "root", .contexts = CONF_HTTP | CONF_SERVER},
    {.name = "gzip", .contexts = CONF_HTTP},
    {.name = "if", .contexts = CONF_SERVER},
};
static const struct conf_directive second[] = {
    {.name = "listen", .contexts = CONF_STREAM_SERVER},
    {.name = "gzap", .contexts = CONF_SERVER},
    {.name = "a_name_that_is_longer_than_what_is_compared_letter_by_letter", .contexts = CONF_HTTP},
};
static const struct conf_module modules[] = {
    {"first", first, sizeof first / sizeof first[0]},
    {"none", NULL, 0},
    {"second", second, sizeof second / sizeof second[0]},
};
static const struct conf_module *const tables[] = {&modules[0], &modules[1], &modules[2]};
static const struct conf_modules everything = {tables, 3};

static void test_place(void **state)
{
    char text[CONF_HINT_SIZE];

    (void)state;
    conf_hint_place(&everything, "events", text);
    assert_string_equal(text, " (it belongs outside of all blocks)");
    conf_hint_place(&everything, "listen", text);
    assert_string_equal(text, " (it belongs in server, server (stream))");
    conf_hint_place(&everything, "lists", text);
    assert_string_equal(text, "");
    conf_hint_place(NULL, "events", text);
    assert_string_equal(text, "");
}

static void test_name(void **state)
{
    static const struct {
        const char *name;
        uint32_t context;
        const char *text;
    } rows[] = {
        {"lsten", CONF_SERVER, " (did you mean \"listen\"?)"},   /* left out */
        {"lissten", CONF_SERVER, " (did you mean \"listen\"?)"}, /* too many */
        {"lisnet", CONF_SERVER, " (did you mean \"listen\"?)"},  /* swapped, and one wrong */
        {"litsen", CONF_HTTP, " (did you mean \"listen\"?)"},    /* though it may not stand here */
        {"gzop", CONF_HTTP, " (did you mean \"gzip\"?)"},        /* of two, the one that may stand here */
        {"gzop", CONF_SERVER, " (did you mean \"gzap\"?)"},
        {"blasted", CONF_SERVER, ""},
        {"rxxt", CONF_SERVER, ""}, /* two slips in four letters are too many */
        {"x", CONF_SERVER, ""},
        {"", CONF_SERVER, ""},
        {"a_name_that_is_longer_than_what_is_compared_letter_by_lettre", CONF_HTTP, ""},
    };
    char text[CONF_HINT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        conf_hint_name(&everything, rows[i].name, rows[i].context, text);
        assert_string_equal(text, rows[i].text);
    }
    conf_hint_name(NULL, "lsten", CONF_SERVER, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_place), cmocka_unit_test(test_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
