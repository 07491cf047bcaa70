/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables and conf_apply: checks in nginx's order and words, order of setting, inheritance by copying. */
#include "tests/unit/conf/fixture.h"

#include <errno.h>

#include "conf/directive.h"
#include "conf/set.h"
#include "pool/fault.h"

/* Two modules, as http and one on top of it would be. */
struct core_settings {
    int64_t limit;
    const char *root;
    const char *names[8];
    unsigned name_count;
};

struct other_settings {
    bool on;
};

struct scope {
    struct core_settings core;
    struct other_settings other;
};

static char journal[4096];

static void note(const struct conf_setting *setting)
{
    size_t used = strlen(journal);

    snprintf(journal + used, sizeof journal - used, "%s%s ", setting->node->name,
             setting->node->arg_count > 0 ? setting->node->args[0] : "");
}

static void *find_section(void *scope, unsigned module)
{
    struct scope *here = scope;

    return module == 0 ? (void *)&here->core : (void *)&here->other;
}

/* A list: what was inherited goes when the first of a level comes. */
static int set_name(struct conf_setting *setting)
{
    struct core_settings *core = setting->section;

    note(setting);
    if (setting->first)
        core->name_count = 0;
    core->names[core->name_count++] = setting->node->args[0];
    return 0;
}

/* Notes what holds in the block once its children are applied. */
static int set_block(struct conf_setting *setting)
{
    struct scope inner = *(const struct scope *)setting->scope;
    uint32_t context = strcmp(setting->node->name, "server") == 0 ? CONF_SERVER : CONF_LOCATION;
    int rc;
    size_t used;

    note(setting);
    rc = conf_apply_children(setting, context, &inner);
    if (rc != 0)
        return rc;
    used = strlen(journal);
    used += (size_t)snprintf(journal + used, sizeof journal - used, "(%d %s %d", (int)inner.core.limit,
                             inner.core.root, inner.other.on);
    for (unsigned i = 0; i < inner.core.name_count; i++)
        used += (size_t)snprintf(journal + used, sizeof journal - used, " %s", inner.core.names[i]);
    snprintf(journal + used, sizeof journal - used, ") ");
    return 0;
}

static int set_types(struct conf_setting *setting)
{
    for (const struct conf_node *node = setting->node->children; node != NULL; node = node->next) {
        size_t used = strlen(journal);
        snprintf(journal + used, sizeof journal - used, "%s=%u ", node->name, node->arg_count);
    }
    return 0;
}

static int set_anything(struct conf_setting *setting)
{
    assert_null(setting->section);
    note(setting);
    return 0;
}

static int set_broken(struct conf_setting *setting)
{
    if (strcmp(setting->node->args[0], "text") == 0)
        return conf_setting_fail(setting, "is broken");
    return -ENOSPC;
}

enum { EVERYWHERE = CONF_MAIN | CONF_SERVER | CONF_LOCATION };

static const struct conf_directive core_rows[] = {
    {.name = "limit",
     .contexts = EVERYWHERE,
     .set = conf_set_number,
     .offset = offsetof(struct core_settings, limit)},
    {.name = "root",
     .contexts = EVERYWHERE,
     .set = conf_set_string,
     .offset = offsetof(struct core_settings, root)},
    {.name = "name", .contexts = EVERYWHERE, .flags = CONF_REPEAT, .set = set_name},
    {.name = "server",
     .contexts = CONF_MAIN,
     .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_REPEAT,
     .set = set_block},
    {.name = "location",
     .contexts = CONF_SERVER | CONF_LOCATION,
     .args = {1, 2},
     .flags = CONF_BLOCK | CONF_REPEAT,
     .set = set_block},
    {.name = "types", .contexts = CONF_MAIN, .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_RAW, .set = set_types},
    {.name = "broken", .contexts = CONF_MAIN, .set = set_broken},
};

static const struct conf_directive other_rows[] = {
    {.name = "switch",
     .contexts = EVERYWHERE,
     .set = conf_set_flag,
     .offset = offsetof(struct other_settings, on)},
    /* A second meaning of a name, elsewhere. */
    {.name = "types", .contexts = CONF_SERVER, .flags = CONF_REPEAT, .set = set_name},
    {.name = "any", .contexts = CONF_MAIN, .args = {2, CONF_ARGS_ANY}, .set = set_types},
};

static const struct conf_module core = {"core", core_rows, sizeof core_rows / sizeof core_rows[0]};
static const struct conf_module other = {"other", other_rows, sizeof other_rows / sizeof other_rows[0]};
static const struct conf_module *const list[] = {&core, &other};
static const struct conf_modules modules = {list, 2};

static int apply(struct fixture *fixture, const char *text)
{
    struct scope scope = {.core = {.limit = 1, .root = "/"}};
    struct conf_node *root;

    journal[0] = '\0';
    fixture_start(fixture);
    root = fixture_read(fixture, text);
    assert_non_null(root);
    return conf_apply(&fixture->conf, root->children, CONF_MAIN, &modules, find_section, &scope);
}

static void check(struct fixture *fixture, const char *text, const char *expected)
{
    int rc = apply(fixture, text);

    assert_string_equal(fixture->conf.error, "");
    assert_int_equal(rc, 0);
    assert_string_equal(journal, expected);
}

static void check_error(struct fixture *fixture, const char *text, const char *expected)
{
    assert_int_equal(apply(fixture, text), -EINVAL);
    assert_string_equal(fixture->conf.error, expected);
}

static void test_checks(void **state)
{
    check_error(*state, "limit 2;\nunknown 1;", "unknown directive \"unknown\" in text:2");
    check_error(*state, "location / {}", "\"location\" directive is not allowed here in text:1");
    check_error(*state, "server { server {} }", "\"server\" directive is not allowed here in text:1");
    check_error(*state, "limit 2 {}", "directive \"limit\" is not terminated by \";\" in text:1");
    check_error(*state, "server;", "directive \"server\" has no opening \"{\" in text:1");
    check_error(*state, "limit;",
                "invalid number of arguments in \"limit\" directive, it is written: limit NUMBER; in text:1");
    check_error(*state, "limit 1 2;",
                "invalid number of arguments in \"limit\" directive, it is written: limit NUMBER; in text:1");
    check_error(*state, "server { location {} }",
                "invalid number of arguments in \"location\" directive, it is written: location VALUE "
                "[VALUE] { … } in text:1");
    check_error(*state, "server { location a b c {} }",
                "invalid number of arguments in \"location\" directive, it is written: location VALUE "
                "[VALUE] { … } in text:1");
    check_error(
        *state, "any 1;",
        "invalid number of arguments in \"any\" directive, it is written: any VALUE VALUE …; in text:1");
    check(*state, "any 1 2;", "");
    check(*state, "any 1 2 3 4 5 6 7 8 9 10 11 12;", "");
    check_error(*state, "location {}", "\"location\" directive is not allowed here in text:1");
    check(*state, "", "");
}

static void test_duplicates(void **state)
{
    check_error(*state, "limit 2;\nroot x;\nlimit 3;", "\"limit\" directive is duplicate in text:3");
    check_error(*state, "switch on; switch on;", "\"switch\" directive is duplicate in text:1");
    check_error(*state, "types {} types {}", "\"types\" directive is duplicate in text:1");
    check_error(*state, "server { limit 1; limit 1; }", "\"limit\" directive is duplicate in text:1");
    check(*state, "limit 2; server { limit 3; location x { limit 4; } }",
          "server locationx (4 / 0) (3 / 0) ");
    check(*state, "server {} server {}", "server (1 / 0) server (1 / 0) ");
}

/* The first mistake of a level in file order wins, before anything is set; those of an inner level come
 * later. */
static void check_report(struct fixture *fixture, const char *text, const char *expected)
{
    char report[CONF_REPORT_SIZE];

    assert_int_equal(apply(fixture, text), -EINVAL);
    conf_report(&fixture->conf, report, sizeof report);
    assert_string_equal(report, expected);
}

/* A directive that fails is as if it did not stand there: the others are set, and what they say is told. */
static void test_goes_on(void **state)
{
    struct fixture *fixture = *state;

    check_report(
        fixture, "name a; limit 1 2; unknown; server { name b; }",
        "invalid number of arguments in \"limit\" directive, it is written: limit NUMBER; in text:1\n"
        "unknown directive \"unknown\" in text:1");
    assert_string_equal(journal, "namea server nameb (1 / 0 b) ");
    check_report(fixture, "server { unknown; } limit x;",
                 "unknown directive \"unknown\" in text:1\n"
                 "invalid value \"x\" in \"limit\" directive, it must be a number in text:1");
    check_error(fixture, "broken text;", "\"broken\" directive is broken in text:1");
    check_error(fixture, "broken bare;",
                "\"broken\" directive failed (28: No space left on device) in text:1");
}

static void test_order(void **state)
{
    check(*state, "server { name c; } name a; server { name d; } name b;",
          "namea nameb server namec (1 / 0 c) server named (1 / 0 d) ");
    check(*state, "types { a b c; d; } name x;", "namex a=2 d=0 ");
}

static void test_inheritance(void **state)
{
    check(*state, "server { location a { } root /s; location b { root /b; limit 9; } } switch on; limit 5;",
          "server locationa (5 /s 1) locationb (9 /b 1) (5 /s 1) ");
    check(*state,
          "name a; name b; server { } server { name c; name d; location x {} location y { name e; } }",
          "namea nameb server (1 / 0 a b) server namec named locationx (1 / 0 c d) locationy namee (1 / 0 e) "
          "(1 / 0 c d) ");
}

static void test_one_name_twice(void **state)
{
    check(*state, "types { x y; } server { }", "x=1 server (1 / 0) ");
    check_error(*state, "server { location x { types a; } }",
                "\"types\" directive is not allowed here in text:1");
    check_error(*state, "server { types { } }", "directive \"types\" is not terminated by \";\" in text:1");
}

static void test_no_sections(void **state)
{
    struct conf_node *root;

    static const struct conf_directive rows[] = {
        {.name = "thing", .contexts = CONF_MAIN, .args = {0, 1}, .set = set_anything},
    };
    static const struct conf_module module = {"things", rows, 1};
    static const struct conf_module *const one[] = {&module};
    static const struct conf_modules things = {one, 1};
    struct fixture *fixture = *state;

    journal[0] = '\0';
    root = fixture_read(fixture, "thing x;");
    assert_non_null(root);
    assert_int_equal(conf_apply(&fixture->conf, root->children, CONF_MAIN, &things, NULL, NULL), 0);
    assert_string_equal(journal, "thingx ");
}

/* Every allocation fails once. Passed through, so that each is a call of its own. */
static void test_out_of_memory(void **state)
{
    struct fixture *fixture = *state;
    struct scope scope = {.core = {.limit = 1, .root = "/"}};
    uint64_t nth = 0;
    bool done = false;

    pool_destroy(fixture->pool);
    fixture->pool = NULL;
    assert_int_equal(pool_mode_set(POOL_PASSTHROUGH), 0);
    while (!done) {
        struct conf_node *root;
        int rc;

        fixture_start(fixture);
        root = fixture_read(fixture, "server { location x { name y; } } name z;");
        assert_non_null(root);
        fault_arm(FAULT_POOL, ++nth, false);
        rc = conf_apply(&fixture->conf, root->children, CONF_MAIN, &modules, find_section, &scope);
        done = fault_calls(FAULT_POOL) < nth;
        fault_arm(FAULT_POOL, 0, false);
        assert_int_equal(rc, done ? 0 : -ENOMEM);
        if (!done)
            assert_string_equal(fixture->conf.error, "out of memory while reading the configuration");
    }
    assert_true(nth > 6);
    pool_destroy(fixture->pool);
    fixture->pool = NULL;
    assert_int_equal(pool_mode_set(POOL_NORMAL), 0);
    fixture_start(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_checks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_duplicates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_goes_on, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inheritance, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_name_twice, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_sections, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
