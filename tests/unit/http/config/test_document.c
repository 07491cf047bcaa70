/* SPDX-License-Identifier: BSD-2-Clause */
/* The reference says what holds: every directive has a help, and a default that a table states is what
 * the settings begin with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "conf/set.h"
#include "http/config/core_directives.h"
#include "http/config/document.h"
#include "http/module.h"
#include "http/text/variables.h"
#include "pool/pool.h"
#include "server/generation.h"
#include "server/process/settings.h"
#include "server/echo/stream.h"

enum { SECTION_MAX = 4096 };

/* Bytes of the field that a setter of set.h writes; 0: it is another setter. */
static size_t field_size(const struct conf_directive *directive)
{
    static const struct {
        int (*set)(struct conf_setting *);
        size_t size;
    } known[] = {{conf_set_flag, sizeof(bool)},    {conf_set_number, sizeof(int64_t)},
                 {conf_set_size, sizeof(size_t)},  {conf_set_offset, sizeof(off_t)},
                 {conf_set_msec, sizeof(int64_t)}, {conf_set_sec, sizeof(int64_t)},
                 {conf_set_enum, sizeof(int)}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].set == directive->set)
            return known[i].size;
    return 0;
}

/* Sets the directive to what its table calls the default, in a copy of the section: nothing may change. */
static unsigned check_default(struct conf *conf, const struct conf_directive *directive, const void *section)
{
    char copy[SECTION_MAX], text[512];
    const size_t size = field_size(directive);
    struct conf_setting setting = {.conf = conf, .directive = directive, .section = copy, .first = true};

    if (!size || !directive->preset)
        return 0;
    memcpy(copy, section, sizeof copy);
    (void)snprintf(text, sizeof text, "%s %s;", directive->name, directive->preset);
    setting.node = conf_read_text(conf, "default", text, strlen(text))->children;
    assert_int_equal(directive->set(&setting), 0);
    if (memcmp(copy + directive->offset, (const char *)section + directive->offset, size) != 0)
        fail_msg("%s: the default is not %s", directive->name, directive->preset);
    return 1;
}

static unsigned check_table(struct conf *conf, const struct conf_module *module, const void *section)
{
    unsigned checked = 0;

    assert_non_null(module->name);
    for (unsigned i = 0; i < module->count; i++) {
        const struct conf_directive *directive = &module->directives[i];

        if (directive->set == conf_set_ignored && !directive->help)
            continue;
        if (!directive->help || !*directive->help ||
            !strchr(".:", directive->help[strlen(directive->help) - 1]))
            fail_msg("%s has no help, or one that is no sentence", directive->name);
        if (section)
            checked += check_default(conf, directive, section);
    }
    return checked;
}

static void test_tables(void **state)
{
    static union {
        char bytes[SECTION_MAX];
        struct settings settings;
        struct http_reading reading;
    } section;
    struct pool *pool = pool_create(&(struct pool_options){.first_size = 4096, .name = "test"});
    struct generation generation = {.pool = pool};
    struct conf conf;
    unsigned checked;

    (void)state;
    assert_non_null(pool);
    assert_int_equal(conf_init(&conf, pool, "/", NULL), 0);
    conf.user = &generation;
    assert_int_equal(settings_init(&conf, &section.settings), 0);
    checked = check_table(&conf, &settings_module, &section);
    memset(&section, 0, sizeof section);
    assert_int_equal(http_reading_defaults(&conf, &section.reading), 0);
    checked += check_table(&conf, &http_reading_module, &section);
    for (unsigned i = 0; i < HTTP_MODULES; i++) {
        const struct http_module *module = http_modules[i];

        memset(&section, 0, sizeof section);
        assert_true(module->section_size <= sizeof section);
        assert_int_equal(conf_set_presets(&conf, &module->conf, &section), 0);
        if (module->defaults)
            assert_int_equal(module->defaults(&conf, &section), 0);
        checked += check_table(&conf, &module->conf, &section);
    }
    check_table(&conf, &stream_module, NULL);
    assert_true(checked > 50);
    pool_destroy(pool);
}

/* Each variable is told of, those that modules bring too, and once: of two rows of a name one would never be
 * found. */
static void test_variables(void **state)
{
    const struct http_variable_row *rows;
    unsigned tables = 0, expected = 4; /* of http/text */
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    assert_int_equal(http_document_variables(out), 0);
    assert_int_equal(fclose(out), 0);
    for (unsigned i = 0; i < HTTP_MODULES; i++)
        expected += http_modules[i]->variables != NULL;
    for (; (rows = http_variable_table(tables)); tables++) {
        for (const struct http_variable_row *row = rows; row->name; row++) {
            char cell[80], *at;

            assert_non_null(row->help);
            (void)snprintf(cell, sizeof cell, "\n| `$%s` | ", row->name);
            at = strstr(text, cell);
            assert_non_null(at);
            assert_null(strstr(at + 1, cell));
        }
    }
    assert_int_equal(tables, expected);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
