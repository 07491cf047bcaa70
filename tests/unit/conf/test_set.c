/* SPDX-License-Identifier: BSD-2-Clause */
/* The ready-made setters: each writes its field alone, and says what it expected. */
#include "tests/unit/conf/fixture.h"

#include <errno.h>

#include "conf/set.h"

struct settings {
    uint64_t before;
    union {
        bool flag;
        int64_t number;
        size_t size;
        off_t offset;
        const char *string;
        int choice;
        struct conf_buffers buffers;
        unsigned char bytes[16];
    } field;
    uint64_t after;
};

static const struct conf_range upwards = {1, 0};
static const struct conf_range between = {10, 2000};
static const struct conf_enum choices[] = {{"red", 3}, {"green", 5}, {"blue", 7}, {NULL, 0}};
static const struct conf_enum single[] = {{"red", 3}, {NULL, 0}};

static void *find_section(void *scope, unsigned module)
{
    assert_int_equal(module, 0);
    return scope;
}

/* Applies `x TEXT;` with this setter. */
static struct settings apply(struct fixture *fixture, int (*set)(struct conf_setting *), const void *extra,
                             const char *text, int expected)
{
    struct conf_node *root;
    int rc;

    const struct conf_directive row = {.name = "x",
                                       .contexts = CONF_MAIN,
                                       .args = {1, 2},
                                       .set = set,
                                       .offset = offsetof(struct settings, field),
                                       .extra = extra};
    const struct conf_module module = {"module", &row, 1};
    const struct conf_module *const list[] = {&module};
    const struct conf_modules modules = {list, 1};
    struct settings settings = {.before = 0x1111, .after = 0x2222};
    char line[256];

    memset(&settings.field, 0x77, sizeof settings.field);
    fixture_start(fixture);
    snprintf(line, sizeof line, "x %s;", text);
    root = fixture_read(fixture, line);
    assert_non_null(root);
    rc = conf_apply(&fixture->conf, root->children, CONF_MAIN, &modules, find_section, &settings);
    if (rc != expected)
        print_error("%s: %s\n", line, fixture->conf.error);
    assert_int_equal(rc, expected);
    assert_int_equal(settings.before, 0x1111);
    assert_int_equal(settings.after, 0x2222);
    return settings;
}

static void refuse(struct fixture *fixture, int (*set)(struct conf_setting *), const void *extra,
                   const char *text, const char *error)
{
    unsigned char untouched[sizeof(((struct settings *)0)->field)];
    struct settings settings = apply(fixture, set, extra, text, -EINVAL);

    memset(untouched, 0x77, sizeof untouched);
    assert_memory_equal(&settings.field, untouched, sizeof untouched);
    assert_string_equal(fixture->conf.error, error);
}

#define INVALID(value, expected)                                                                             \
    "invalid value \"" value "\" in \"x\" directive, it must be " expected " in text:1"

static void test_flag(void **state)
{
    assert_true(apply(*state, conf_set_flag, NULL, "on", 0).field.flag);
    assert_true(apply(*state, conf_set_flag, NULL, "ON", 0).field.flag);
    assert_int_equal(apply(*state, conf_set_flag, NULL, "off", 0).field.bytes[0], 0);
    refuse(*state, conf_set_flag, NULL, "yes", INVALID("yes", "\"on\" or \"off\""));
    refuse(*state, conf_set_flag, NULL, "''", INVALID("", "\"on\" or \"off\""));
}

static void test_number(void **state)
{
    assert_int_equal(apply(*state, conf_set_number, NULL, "0", 0).field.number, 0);
    assert_int_equal(apply(*state, conf_set_number, NULL, "9223372036854775807", 0).field.number, INT64_MAX);
    assert_int_equal(apply(*state, conf_set_number, &upwards, "1", 0).field.number, 1);
    assert_int_equal(apply(*state, conf_set_number, &between, "10", 0).field.number, 10);
    assert_int_equal(apply(*state, conf_set_number, &between, "2000", 0).field.number, 2000);
    refuse(*state, conf_set_number, NULL, "-1", INVALID("-1", "a number"));
    refuse(*state, conf_set_number, &upwards, "0", INVALID("0", "a number of at least 1"));
    refuse(*state, conf_set_number, &between, "9", INVALID("9", "a number between 10 and 2000"));
    refuse(*state, conf_set_number, &between, "2001", INVALID("2001", "a number between 10 and 2000"));
}

static void test_size(void **state)
{
    assert_int_equal(apply(*state, conf_set_size, NULL, "8k", 0).field.size, 8192);
    assert_int_equal(apply(*state, conf_set_size, &between, "1k", 0).field.size, 1024);
    refuse(*state, conf_set_size, NULL, "1g", INVALID("1g", "a size such as 512, 8k or 1m"));
    refuse(*state, conf_set_size, &between, "2k", INVALID("2k", "a size between 10 bytes and 2000 bytes"));
    refuse(*state, conf_set_size, &upwards, "0", INVALID("0", "a size of at least 1 bytes"));

    assert_int_equal(apply(*state, conf_set_offset, NULL, "4g", 0).field.offset, 4LL << 30);
    refuse(*state, conf_set_offset, NULL, "x", INVALID("x", "a size such as 512, 8k, 1m or 2g"));
    refuse(*state, conf_set_offset, &between, "1m", INVALID("1m", "a size between 10 bytes and 2000 bytes"));
}

static void test_time(void **state)
{
    assert_int_equal(apply(*state, conf_set_msec, NULL, "1m", 0).field.number, 60000);
    assert_int_equal(apply(*state, conf_set_msec, NULL, "'1h 30m'", 0).field.number, 5400000);
    assert_int_equal(apply(*state, conf_set_msec, &between, "1s", 0).field.number, 1000);
    refuse(*state, conf_set_msec, NULL, "1y", INVALID("1y", "a time such as 500ms, 60s or \"1h 30m\""));
    refuse(*state, conf_set_msec, &between, "3s", INVALID("3s", "a time between 10ms and 2000ms"));

    assert_int_equal(apply(*state, conf_set_sec, NULL, "1m", 0).field.number, 60);
    refuse(*state, conf_set_sec, NULL, "5ms",
           INVALID("5ms", "a time in whole seconds such as 60s, \"1h 30m\" or 1y"));
    refuse(*state, conf_set_sec, &upwards, "0", INVALID("0", "a time of at least 1s"));
}

static void test_text(void **state)
{
    assert_string_equal(apply(*state, conf_set_string, NULL, "'a b'", 0).field.string, "a b");
    assert_string_equal(apply(*state, conf_set_path, NULL, "logs/x", 0).field.string, "/prefix/logs/x");
    assert_string_equal(apply(*state, conf_set_path, NULL, "/x", 0).field.string, "/x");
}

static void test_enum(void **state)
{
    assert_int_equal(apply(*state, conf_set_enum, choices, "green", 0).field.choice, 5);
    assert_int_equal(apply(*state, conf_set_enum, choices, "BLUE", 0).field.choice, 7);
    refuse(*state, conf_set_enum, choices, "gree", INVALID("gree", "\"red\", \"green\" or \"blue\""));
    refuse(*state, conf_set_enum, single, "x", INVALID("x", "\"red\""));
}

static void test_buffers(void **state)
{
    struct settings settings = apply(*state, conf_set_buffers, NULL, "4 8k", 0);

    assert_int_equal(settings.field.buffers.count, 4);
    assert_int_equal(settings.field.buffers.size, 8192);
    refuse(*state, conf_set_buffers, NULL, "0 8k", INVALID("0", "a number of buffers, 1 or more"));
    refuse(*state, conf_set_buffers, NULL, "4 0", INVALID("0", "a size such as 512, 8k or 1m"));
    refuse(*state, conf_set_buffers, NULL, "4 x", INVALID("x", "a size such as 512, 8k or 1m"));
}

static void test_ignored(void **state)
{
    const struct fixture *fixture = *state;
    const struct conf_ignored silent = {NULL, NULL, NULL}, flag = {conf_set_flag, "on", "it is old"};
    const struct conf_ignored size = {conf_set_size, NULL, "it is old"};
    struct settings settings = apply(*state, conf_set_ignored, &silent, "a b", 0);

    settings = apply(*state, conf_set_ignored, &flag, "on", 0);
    assert_null(fixture->conf.warnings);
    refuse(*state, conf_set_ignored, &flag, "x", INVALID("x", "\"on\" or \"off\""));
    refuse(*state, conf_set_ignored, &size, "x", INVALID("x", "a size such as 512, 8k or 1m"));
    settings = apply(*state, conf_set_ignored, &flag, "off", 0);
    assert_string_equal(fixture->conf.warnings->text,
                        "the \"x\" directive has no effect: it is old in text:1");
    assert_int_equal(settings.field.number, 0x7777777777777777);
}

static int other_setter(struct conf_setting *setting)
{
    (void)setting;
    fail();
    return 0;
}

/* The default stands once, in the table: as text for the reader, and for the setter that reads it. */
static void test_presets(void **state)
{
    struct defaults {
        bool flag, untouched;
        int64_t number;
        int choice;
        const char *string;
    } section = {.untouched = true};
    struct conf_directive rows[] = {
        {.name = "a", .set = conf_set_flag, .offset = offsetof(struct defaults, flag), .preset = "on"},
        {.name = "b", .set = conf_set_flag, .offset = offsetof(struct defaults, untouched)},
        {.name = "c",
         .set = conf_set_msec,
         .offset = offsetof(struct defaults, number),
         .preset = "2s",
         .extra = &between},
        {.name = "d",
         .set = conf_set_enum,
         .offset = offsetof(struct defaults, choice),
         .preset = "green",
         .extra = choices},
        {.name = "e", .set = conf_set_string, .offset = offsetof(struct defaults, string), .preset = "text"},
        {.name = "f", .set = other_setter, .preset = "never read"},
    };
    const struct conf_module module = {"module", rows, sizeof rows / sizeof *rows};
    struct fixture *fixture = *state;

    fixture_start(fixture);
    assert_int_equal(conf_set_presets(&fixture->conf, &module, &section), 0);
    assert_true(section.flag && section.untouched);
    assert_int_equal(section.number, 2000);
    assert_int_equal(section.choice, 5);
    assert_string_equal(section.string, "text");
    rows[2].preset = "3s";
    assert_int_equal(conf_set_presets(&fixture->conf, &module, &section), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flag, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_number, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_size, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_time, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_text, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_enum, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_buffers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ignored, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_presets, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
