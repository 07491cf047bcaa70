/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables as Markdown. */
#include "tests/unit/conf/fixture.h"

#include <errno.h>

#include "conf/document.h"
#include "conf/set.h"

static int set_own(struct conf_setting *setting)
{
    (void)setting;
    return 0;
}

static const struct conf_enum levels[] = {{"low", 0}, {"high", 1}, {NULL, 0}};

static const struct conf_directive rows[] = {
    {.name = "daemon",
     .contexts = CONF_MAIN,
     .set = conf_set_flag,
     .preset = "on",
     .help = "Goes to the background."},
    {.name = "level",
     .contexts = CONF_HTTP | CONF_LOCATION,
     .set = conf_set_enum,
     .extra = levels,
     .help = "How much."},
    {.name = "listen",
     .contexts = CONF_SERVER,
     .args = {1, CONF_ARGS_ANY},
     .flags = CONF_REPEAT | CONF_OURS,
     .set = set_own,
     .help = "`listen PORT | off;` or `listen ADDRESS;` Where."},
    {.name = "on",
     .contexts = CONF_SERVER,
     .args = {1, 2},
     .set = set_own,
     .help = "`only` is another name."},
    {.name = "location",
     .contexts = CONF_SERVER,
     .args = {1, 2},
     .flags = CONF_BLOCK | CONF_REPEAT,
     .set = set_own},
    {.name = "most", .contexts = CONF_ANY & ~CONF_MAIN, .flags = CONF_NO_ARGS, .set = set_own},
};

static const struct conf_module module = {"core", rows, sizeof rows / sizeof rows[0]};
static const struct conf_module *const list[] = {&module, &conf_include_module};
static const struct conf_modules modules = {list, 2};

/* A bar would end the cell of a table. */
static const char expected[] =
    "### main\n\n| directive | context | default | meaning |\n|---|---|---|---|\n"
    "| `daemon on \\| off;` | main | `on` | Goes to the background. |\n"
    "| `level low \\| high;` | http, location | — | How much. |\n"
    "| `listen PORT \\| off;` or `listen ADDRESS;` | server | — | (ours) Where. May be repeated. |\n"
    "| `on VALUE [VALUE];` | server | — | `only` is another name. |\n"
    "| `location VALUE [VALUE] { … }` | server | — |  |\n"
    "| `most;` | events, http, server, location, types, stream, server (stream), if in location, if in "
    "server, "
    "limit_except, map | — |  |\n"
    "| `include PATH;` | any | — | Reads another file";

static void test_markdown(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    assert_int_equal(conf_document("main", &modules, out), 0);
    assert_int_equal(fclose(out), 0);
    assert_memory_equal(text, expected, sizeof expected - 1);
    free(text);
}

static void test_failing_stream(void **state)
{
    FILE *out = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(out);
    assert_int_equal(conf_document("main", &modules, out), -EIO);
    (void)fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_failing_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
