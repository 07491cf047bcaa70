/* SPDX-License-Identifier: BSD-2-Clause */
/* Which location takes a path: nginx's rules in tables, and random configurations against a linear search. */
#include <time.h>

#include "tests/unit/http/fixture.h"

#include "http/route/captures.h"

struct row {
    const char *path, *mark;
};

static void check(struct fixture *fixture, const char *text, const struct row *rows, size_t count)
{
    char whole[4096];

    snprintf(whole, sizeof whole, "server { listen 1; mark outside; %s }", text);
    fixture_load_http(fixture, whole);
    for (size_t i = 0; i < count; i++) {
        const char *mark = fixture_find(fixture, rows[i].path);

        if (!mark || strcmp(mark, rows[i].mark))
            fail_msg("%s: %s instead of %s", rows[i].path, mark ? mark : "failure", rows[i].mark);
    }
}

#define CHECK(text, ...)                                                                                     \
    do {                                                                                                     \
        static const struct row rows[] = {__VA_ARGS__};                                                      \
        check(*state, text, rows, sizeof rows / sizeof *rows);                                               \
    } while (0)

/* The example of nginx's documentation of `location`. */
static void test_documentation(void **state)
{
    CHECK("location = / { mark A; } location / { mark B; } location /documents/ { mark C; }"
          "location ^~ /images/ { mark D; } location ~* \\.(gif|jpg|jpeg)$ { mark E; }",
          {"/", "A"}, {"/index.html", "B"}, {"/documents/document.html", "C"}, {"/images/1.gif", "D"},
          {"/documents/1.jpg", "E"}, {"/documents/1.JPG", "E"});
}

static void test_prefixes(void **state)
{
    CHECK("location /a { mark a; } location /ab { mark ab; } location /abc/ { mark abc; } location = /ab { "
          "mark =ab; }"
          "location /abcdefgh { mark 9; } location /abcdefghi/j { mark 12; } location = /abcdefgh/x { mark "
          "=x; }",
          {"/", "outside"}, {"/a", "a"}, {"/a/b", "a"}, {"/ab", "=ab"}, {"/ab/", "ab"}, {"/aba", "ab"},
          {"/abc", "ab"}, {"/abc/", "abc"}, {"/abd", "ab"}, {"/b", "outside"}, {"/abcdefg", "ab"},
          {"/abcdefgh", "9"}, {"/abcdefghi/", "9"}, {"/abcdefghi/jk", "12"}, {"/abcdefgh/x", "=x"},
          {"/abcdefgh/xx", "9"}, {"/A", "outside"});
}

/* An exact name is no prefix, not even of what comes after it in the order of names. */
static void test_exact_alone(void **state)
{
    CHECK("location = /a { mark =a; } location /a/b/ { mark ab; }", {"/a", "=a"}, {"/a/", "outside"},
          {"/a/b", "outside"}, {"/a/b/c", "ab"});
}

static void test_empty_name(void **state)
{
    CHECK("location \"\" { mark all; } location /x { mark x; }", {"/", "all"}, {"/x", "x"}, {"/y", "all"});
}

static void test_modifier_beside_name(void **state)
{
    CHECK("location =/a { mark a; } location ^~/b { mark b; } location ~\\.c$ { mark c; } location ~*\\.d$ { "
          "mark d; }",
          {"/a", "a"}, {"/a/", "outside"}, {"/b.c", "b"}, {"/x.c", "c"}, {"/x.C", "outside"}, {"/x.D", "d"});
}

static void test_regex_order(void **state)
{
    CHECK("location ~ \\.php$ { mark first; } location ~ ^/x { mark second; } location /x/ { mark prefix; }",
          {"/x/a.php", "first"}, {"/x/a", "second"}, {"/y", "outside"}, {"/y.php", "first"});
}

/* ngx_http_core_find_location: nested ones first; the expressions beside the parent only if nothing nested is
 * final. */
static void test_nested(void **state)
{
    CHECK("location /a/ { mark a; location /a/b/ { mark ab; location ~ \\.x$ { mark abx; } }"
          "               location = /a/e { mark ae; } location ~ \\.y$ { mark ay; } }"
          "location ~ \\.(x|y|z)$ { mark xyz; } location ^~ /p/ { mark p; location ~ \\.x$ { mark px; } }"
          "location ~ ^/r/ { mark r; location ~ \\.q$ { mark rq; } }",
          {"/a/1", "a"}, {"/a/b/1", "ab"}, {"/a/b/1.x", "abx"}, {"/a/1.x", "xyz"}, {"/a/e", "ae"},
          {"/a/1.y", "ay"}, {"/a/b/1.y", "ay"}, {"/a/b/1.z", "xyz"}, {"/p/1.x", "px"}, {"/p/1.y", "p"},
          {"/r/1", "r"}, {"/r/1.q", "rq"}, {"/1.q", "outside"});
}

static void test_captures(void **state)
{
    struct fixture *fixture = *state;
    struct http_text value;

    fixture_load_http(fixture,
                      "server { listen 1; location ~ ^/(?<first>\\w+)/(x)?(?<last>\\w*) { mark two;"
                      "location ~ \\.(?<ext>\\w+)$ { mark ext; } } location ~ ^/plain { mark plain; } }");
    assert_string_equal(fixture_find(fixture, "/ab/cd"), "two");
    assert_int_equal(fixture->request.capture_count, 4);
    assert_memory_equal(fixture->request.captures[0].bytes, "/ab/cd", 6);
    assert_int_equal(fixture->request.captures[1].length, 2);
    assert_int_equal(fixture->request.captures[2].length, 0); /* took no part */
    assert_memory_equal(fixture->request.captures[3].bytes, "cd", 2);
    assert_true(http_capture_of_location(&fixture->request, "first", &value));
    assert_int_equal(value.length, 2);
    assert_memory_equal(value.bytes, "ab", 2);
    assert_false(http_capture_of_location(&fixture->request, "ext", &value));

    /* Of two nested expressions the inner one leaves the numbers, and both their names. */
    assert_string_equal(fixture_find(fixture, "/ab/cd.png"), "ext");
    assert_int_equal(fixture->request.capture_count, 2);
    assert_memory_equal(fixture->request.captures[1].bytes, "png", 3);
    assert_true(http_capture_of_location(&fixture->request, "ext", &value));
    assert_memory_equal(value.bytes, "png", value.length);
    assert_true(http_capture_of_location(&fixture->request, "first", &value));
    assert_memory_equal(value.bytes, "ab", value.length);

    /* nginx: an expression without groups leaves no captures, not even $0. */
    fixture->request.capture_count = 7;
    assert_string_equal(fixture_find(fixture, "/plain"), "plain");
    assert_int_equal(fixture->request.capture_count, 0);

    assert_true(http_capture_known(fixture->request.server->main, "ext"));
    assert_true(http_capture_known(fixture->request.server->main, "last"));
    assert_false(http_capture_known(fixture->request.server->main, "nobody"));
}

/* Backtracking is bounded: the search fails rather than holding the worker. */
static void test_runaway(void **state)
{
    struct fixture *fixture = *state;
    char path[64] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

    fixture_load_http(fixture, "server { listen 1; location ~ ^/(a+)+$ { mark bad-regex; } }");
    assert_null(fixture_find(fixture, path));
    assert_string_equal(fixture_find(fixture, "/aaa"), "bad-regex");
}

/* ---- random locations against a linear search ---- */

enum { NAMES = 24, ROUNDS = 300, PATHS = 60 };

struct model {
    char names[NAMES][16];
    char kinds[NAMES]; /* '=' '^' '/' '~' */
    unsigned count;
};

static unsigned any_number(unsigned limit)
{
    return (unsigned)rand() % limit;
}

static void any_path(char *to, unsigned most)
{
    unsigned length = any_number(most);

    *to++ = '/';
    while (length--)
        *to++ = "ab/"[any_number(3)];
    *to = '\0';
}

/* `=` and prefixes are two name spaces. */
static bool is_taken(const struct model *model, const char *name, char kind)
{
    for (unsigned i = 0; i < model->count; i++)
        if (!strcmp(model->names[i], name) && (model->kinds[i] == '=') == (kind == '='))
            return true;
    return false;
}

static void make_model(struct model *model, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "server { listen 1; mark -1; ");
    unsigned wanted = any_number(NAMES);

    for (model->count = 0; model->count < wanted;) {
        char *name = model->names[model->count], kind = "=^//~"[any_number(5)];
        const char *modifier = kind == '=' ? "=" : kind == '^' ? "^~" : kind == '~' ? "~" : "";

        any_path(name, 12);
        if (is_taken(model, name, kind))
            continue;
        model->kinds[model->count] = kind;
        used += (size_t)snprintf(text + used, size - used, "location %s %s { mark %u; } ", modifier, name,
                                 model->count);
        model->count++;
    }
    snprintf(text + used, size - used, "}");
}

static int search(const struct model *model, const char *path)
{
    int best = -1, regex = -1;

    for (unsigned i = 0; i < model->count; i++) {
        const char *name = model->names[i];

        if (model->kinds[i] == '=' && !strcmp(name, path))
            return (int)i;
        if (model->kinds[i] == '~' && strstr(path, name) && regex < 0)
            regex = (int)i;
        if (strchr("^/", model->kinds[i]) && !strncmp(path, name, strlen(name)) &&
            (best < 0 || strlen(name) > strlen(model->names[best])))
            best = (int)i;
    }
    return regex >= 0 && (best < 0 || model->kinds[best] != '^') ? regex : best;
}

static void test_random(void **state)
{
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : (unsigned)time(NULL);

    print_message("SEED=%u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct model model;
        char text[4096], path[32];

        make_model(&model, text, sizeof text);
        fixture_load_http(*state, text);
        for (unsigned i = 0; i < PATHS; i++) {
            any_path(path, 16);
            assert_int_equal(atoi(fixture_find(*state, path)), search(&model, path));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_documentation, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_prefixes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_exact_alone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_empty_name, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_modifier_beside_name, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_regex_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nested, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_captures, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_runaway, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_random, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
