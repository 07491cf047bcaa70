/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server answers for a host: nginx's order in tables, and random names against a linear search. */
#include <time.h>

#include "tests/unit/http/fixture.h"

#include "http/route/captures.h"

/* The mark of the server of `address` (NULL: the first) that answers for `host`. */
static const char *find(struct fixture *fixture, const char *address, const char *host)
{
    const struct http_server *server =
        http_find_server(fixture_address(fixture, address), text_of(host), &fixture->request);

    fixture->request.server = server;
    fixture->request.host.name = text_of(host);
    return server ? mark_of(server->outside) : NULL;
}

static void test_order(void **state)
{
    static const struct {
        const char *host, *mark;
    } rows[] = {{"example.org", "exact"},
                {"www.example.org", "exact"},
                {"a.example.org", "leading"},
                {"a.b.example.org", "leading"},
                {"x.sub.example.org", "longer leading"},
                {"sub.example.org", "leading"},
                {"mail.anything.at.all", "trailing"},
                {"mail.re.org", "longer trailing"},
                {"mail", "default"},
                {"dotted.net", "dotted"},
                {"any.dotted.net", "dotted"},
                {"xdotted.net", "default"},
                {"re42.test", "regex"},
                {"re.test", "later regex"},
                {"camel.case", "caseless"},
                {"nobody", "default"},
                {"", "no host"},
                {"[::1]", "default"},
                {"xexample.org", "default"},
                {".example.org", "leading"}};

    fixture_load_http(*state, "server { listen 1; server_name first; mark first; }"
                              "server { listen 1 default_server; server_name _; mark default; }"
                              "server { listen 1; server_name Example.org www.example.org; mark exact; }"
                              "server { listen 1; server_name *.example.org; mark leading; }"
                              "server { listen 1; server_name *.sub.example.org; mark 'longer leading'; }"
                              "server { listen 1; server_name mail.*; mark trailing; }"
                              "server { listen 1; server_name mail.re.*; mark 'longer trailing'; }"
                              "server { listen 1; server_name .dotted.net; mark dotted; }"
                              "server { listen 1; server_name ~^re\\d+\\.test$; mark regex; }"
                              "server { listen 1; server_name ~^re ~^RE; mark 'later regex'; }"
                              "server { listen 1; server_name ~^Camel; mark caseless; }"
                              "server { listen 1; mark 'no host'; }");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *mark = find(*state, NULL, rows[i].host);

        if (strcmp(mark, rows[i].mark))
            fail_msg("%s: %s instead of %s", rows[i].host, mark, rows[i].mark);
    }
}

/* The default is the first server of each address, unless one says default_server; it may differ by address.
 */
static void test_addresses(void **state)
{
    fixture_load_http(*state, "server { listen 1; listen 2; server_name a; mark a; }"
                              "server { listen 1; listen 2 default_server; server_name b; mark b; }"
                              "server { listen 3; server_name c; mark c; }");
    assert_string_equal(find(*state, "0.0.0.0:1", "x"), "a");
    assert_string_equal(find(*state, "0.0.0.0:2", "x"), "b");
    assert_string_equal(find(*state, "0.0.0.0:2", "a"), "a");
    /* One server without captures needs no table. */
    assert_null(fixture_address(*state, "0.0.0.0:3")->names);
    assert_string_equal(find(*state, "0.0.0.0:3", "a"), "c");
}

static void test_captures(void **state)
{
    struct fixture *fixture = *state;
    struct http_text value;

    fixture_load_http(
        fixture, "server { listen 1; server_name ~^(?<who>[a-z]+)\\.(named)$ plain.named; mark named; }");
    assert_string_equal(find(fixture, NULL, "bob.named"), "named");
    assert_int_equal(fixture->request.capture_count, 3);
    assert_memory_equal(fixture->request.captures[2].bytes, "named", 5);
    assert_true(http_capture_of_server(&fixture->request, "who", &value));
    assert_int_equal(value.length, 3);
    assert_memory_equal(value.bytes, "bob", 3);
    assert_true(http_capture_known(fixture->request.server->main, "who"));

    /* Here the exact name decides, and no expression is asked. */
    fixture->request.capture_count = 0;
    assert_string_equal(find(fixture, NULL, "plain.named"), "named");
    assert_int_equal(fixture->request.capture_count, 0);
    assert_false(http_capture_of_server(&fixture->request, "who", &value));
}

static void test_name_variable(void **state)
{
    static const struct {
        const char *names, *name;
    } rows[] = {{"", ""},
                {"server_name a b;", "a"},
                {"server_name .Example.org;", "Example.org"},
                {"server_name *.a; server_name c;", "*.a"},
                {"server_name ~^x;", "~^x"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];

        snprintf(text, sizeof text, "server { listen 1; %s }", rows[i].names);
        fixture_load_http(*state, text);
        assert_string_equal(fixture_address(*state, NULL)->default_server->name, rows[i].name);
    }
}

static void test_conflicts(void **state)
{
    struct fixture *fixture = *state;
    const struct conf_warning *warning;

    fixture_load_http(
        fixture,
        "server { listen 1; server_name a *.b; mark 1; } server { listen 1; server_name a .b; mark 2; }"
        "server { listen 2; server_name a; mark 3; }");
    warning = fixture->generation.conf.warnings;
    assert_non_null(warning);
    assert_string_equal(warning->text, "conflicting server name \"a\" on 0.0.0.0:1, ignored");
    assert_non_null(warning->next);
    assert_string_equal(warning->next->text, "conflicting server name \".b\" on 0.0.0.0:1, ignored");
    assert_null(warning->next->next);
    assert_string_equal(find(fixture, "0.0.0.0:1", "a"), "1");
    assert_string_equal(find(fixture, "0.0.0.0:1", "x.b"), "1");
}

/* ---- random names against a linear search ---- */

enum { NAMES = 30, ROUNDS = 200, HOSTS = 60 };

static void any_host(char *to)
{
    unsigned labels = 1 + (unsigned)rand() % 4;

    while (labels--) {
        *to++ = "ab"[rand() % 2];
        if (rand() % 3 == 0)
            *to++ = "ab"[rand() % 2];
        *to++ = '.';
    }
    to[-1] = '\0';
}

/* Which of the first `count` names nginx's rules choose; -1: none. */
static int search(char names[][40], int count, const char *host)
{
    size_t length = strlen(host), best = 0;
    int leading = -1, trailing = -1;

    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], host))
            return i;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(names[i]) - 1;

        if (names[i][0] == '*' && length > size && !strcmp(host + length - size, names[i] + 1) &&
            size > best) {
            leading = i;
            best = size;
        }
    }
    best = 0;
    for (int i = 0; i < count; i++) {
        size_t size = strlen(names[i]) - 1;

        if (names[i][size] == '*' && length > size && !strncmp(host, names[i], size) && size > best) {
            trailing = i;
            best = size;
        }
    }
    return leading >= 0 ? leading : trailing;
}

static void test_random(void **state)
{
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : (unsigned)time(NULL);

    print_message("SEED=%u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char names[NAMES][40], text[4096], host[32];
        size_t used = (size_t)snprintf(text, sizeof text, "server { listen 1; server_name _; mark -1; }");
        int count = 1 + rand() % (NAMES - 1);

        for (int i = 0; i < count; i++) {
            int form = rand() % 3;

            any_host(host);
            snprintf(names[i], sizeof names[i], "%s%s%s", form == 1 ? "*." : "", host, form == 2 ? ".*" : "");
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "server { listen 1; server_name %s; mark %d; }", names[i], i);
        }
        fixture_load_http(*state, text);
        for (unsigned i = 0; i < HOSTS; i++) {
            any_host(host);
            assert_int_equal(atoi(find(*state, NULL, host)), search(names, count, host));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_captures, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_name_variable, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_conflicts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_random, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
