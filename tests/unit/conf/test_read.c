/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading: trees, includes, errors with their places, -T, -g. Error texts: nginx's src/core/ngx_conf_file.c.
 */
#include "tests/unit/conf/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "conf/default.h"
#include "pool/fault.h"

static void check_tree(struct fixture *fixture, const char *text, const char *expected)
{
    char found[4096];
    struct conf_node *root;

    fixture_start(fixture);
    root = fixture_read(fixture, text);
    assert_string_equal(fixture->conf.error, "");
    assert_non_null(root);
    fixture_render(root->children, found, sizeof found);
    assert_string_equal(found, expected);
}

static void check_error(struct fixture *fixture, const char *text, const char *expected)
{
    fixture_start(fixture);
    assert_null(fixture_read(fixture, text));
    assert_string_equal(fixture->conf.error, expected);
}

static void test_trees(void **state)
{
    check_tree(*state, "", "");
    check_tree(*state, " # nothing\n", "");
    check_tree(*state, "daemon off;", "daemon|off@1;");
    check_tree(*state, "a;b c d;\ne f{}", "a@1;b|c|d@1;e|f@2{}");
    check_tree(*state, "http\n{ server { listen\n 80; }\n}\nx;", "http@2{server@2{listen|80@3;}}x@5;");
    check_tree(*state, "a '' \"b c\" d\\;e;", "a||b c|d\\;e@1;");
    check_tree(*state, "a 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5;b;",
               "a|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5@1;b@1;");
}

static void test_errors(void **state)
{
    check_error(*state, "a", "unexpected end of file, expecting \";\" or \"}\" in text:1");
    check_error(*state, "a\n 'b\n",
                "unexpected end of file, expecting a closing ' for the one on line 2 in text:3");
    check_error(*state, "a {\nb;\n", "unexpected end of file, expecting \"}\" for \"a\" on line 1 in text:3");
    check_error(*state, "a {\nb;\nc", "unexpected end of file, expecting \";\" or \"}\" in text:3");
    check_error(*state, "a;\n}", "unexpected \"}\" in text:2");
    check_error(*state, "a {} }", "unexpected \"}\" in text:1");
    check_error(*state, "a\n;\n;", "unexpected \";\" in text:3");
    check_error(*state, "a { b }", "unexpected \"}\", a \";\" is missing behind \"b\" in text:1");
    check_error(*state, "a { b c\n}", "unexpected \"}\", a \";\" is missing behind \"c\" in text:2");
    check_error(*state, "a 'b'c;", "unexpected \"c\" in text:1");
}

static void test_depth(void **state)
{
    struct fixture *fixture = *state;
    char text[4 * CONF_DEPTH_MAX + 8] = "";

    for (int i = 0; i < CONF_DEPTH_MAX; i++)
        strcat(text, "a{");
    for (int i = 0; i < CONF_DEPTH_MAX; i++)
        strcat(text, "}");
    assert_non_null(fixture_read(fixture, text));

    text[0] = '\0';
    for (int i = 0; i <= CONF_DEPTH_MAX; i++)
        strcat(text, "a{");
    check_error(fixture, text, "too many blocks in one another, at most 64 in text:1");
}

static void test_option(void **state)
{
    struct fixture *fixture = *state;
    char found[256];
    struct conf_node *second;

    static const char *const bad[][2] = {
        {"daemon off", "unexpected end of parameter, expecting \";\" in command line"},
        {"a { }", "block directives are not supported in -g option in command line"},
        {"}", "unexpected \"}\" in command line"},
        {"include nothing;",
         "open() \"/nowhere/nothing\" failed (2: No such file or directory) in command line"},
    };

    struct conf_node *root = conf_read_option(&fixture->conf, "daemon off; pid x;");
    assert_non_null(root);
    second = fixture_read(fixture, "user root;");
    assert_non_null(second);
    conf_join(root, second);
    fixture_render(root->children, found, sizeof found);
    assert_string_equal(found, "daemon|off@0;pid|x@0;user|root@1;");
    conf_fail(&fixture->conf, root->children, "no");
    assert_string_equal(fixture->conf.error, "no in command line");
    assert_string_equal(fixture->conf.files->name, "text");
    assert_null(fixture->conf.files->next);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fixture_start(fixture);
        assert_null(conf_read_option(&fixture->conf, bad[i][0]));
        assert_string_equal(fixture->conf.error, bad[i][1]);
    }
}

/* ---- files ---- */

static void make_folder(struct fixture *fixture)
{
    strcpy(fixture->folder, "/tmp/tidepool-conf-XX"
                            "XX"
                            "XX");
    assert_non_null(mkdtemp(fixture->folder));
    strcat(fixture->folder, "/");
    fixture_start(fixture);
}

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s%s", fixture->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_folder(const struct fixture *fixture)
{
    char command[256];

    snprintf(command, sizeof command, "rm -r '%s'", fixture->folder);
    assert_int_equal(system(command), 0);
}

static struct conf_node *read_main(struct fixture *fixture)
{
    char path[256];

    fixture_start(fixture);
    snprintf(path, sizeof path, "%snginx.conf", fixture->folder);
    return conf_read_file(&fixture->conf, path);
}

/* nginx.conf holds `text`; reading it gives the tree. */
static void check_main(struct fixture *fixture, const char *text, const char *expected)
{
    char found[4096];
    struct conf_node *root;

    write_file(fixture, "nginx.conf", text);
    root = read_main(fixture);
    assert_string_equal(fixture->conf.error, "");
    assert_non_null(root);
    fixture_render(root->children, found, sizeof found);
    assert_string_equal(found, expected);
}

/* nginx.conf holds `text`; reading it gives this error, in which @ stands for the folder. */
static void check_main_error(struct fixture *fixture, const char *text, const char *expected)
{
    char wanted[1024] = "";
    size_t used = 0;

    for (; *expected != '\0'; expected++)
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, *expected == '@' ? "%s" : "%.1s",
                                 *expected == '@' ? fixture->folder : expected);
    write_file(fixture, "nginx.conf", text);
    assert_null(read_main(fixture));
    assert_string_equal(fixture->conf.error, wanted);
}

static void test_include(void **state)
{
    struct fixture *fixture = *state;
    char text[256];

    make_folder(fixture);
    write_file(fixture, "one", "b;\nc { d; }\n");
    write_file(fixture, "empty", "");
    write_file(fixture, "mime", "text/html html;");
    check_main(fixture, "a;\ninclude one;\ne;", "a@1;b@1;c@2{d@2;}e@3;");
    check_main(fixture, "a { include one; } include empty; include one;", "a@1{b@1;c@2{d@2;}}b@1;c@2{d@2;}");
    check_main(fixture, "types { include mime; }", "types@1{text/html|html@1;}");
    check_main(fixture, "include 'one';", "b@1;c@2{d@2;}");
    snprintf(text, sizeof text, "include %sone;", fixture->folder);
    check_main(fixture, text, "b@1;c@2{d@2;}");
    remove_folder(fixture);
}

/* Whether the sandbox would leave exactly that within reach. */
static bool is_noted(const struct conf *conf, const char *name)
{
    for (const struct conf_path *path = conf->paths; path; path = path->next)
        if (!strcmp(path->name, name))
            return true;
    return false;
}

/* Of a name that is no pattern, only a variable is not known yet. */
static void test_paths(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(conf_note_path(&fixture->conf, "/site/[x]/html*/?", CONF_READ_FILES), 0);
    assert_int_equal(conf_note_path(&fixture->conf, "/logs/a$host/b", CONF_WRITE_FILES), 0);
    assert_true(is_noted(&fixture->conf, "/site/[x]/html*/?"));
    assert_true(is_noted(&fixture->conf, "/logs/"));
    assert_false(is_noted(&fixture->conf, "/site/"));
}

static void test_include_pattern(void **state)
{
    struct fixture *fixture = *state;

    make_folder(fixture);
    write_file(fixture, "10.conf", "ten;");
    write_file(fixture, "2.conf", "two;");
    write_file(fixture, "b.conf", "b;");
    write_file(fixture, "a.conf", "a;");
    check_main(fixture, "include ?.conf; include [0-9]*.conf;", "two@1;a@1;b@1;ten@1;two@1;");
    check_main(fixture, "include *.nothing; x;", "x@1;");
    assert_true(is_noted(&fixture->conf, fixture->folder));
    check_main(fixture, "include no/such/*.conf;", "");
    remove_folder(fixture);
}

static void test_include_errors(void **state)
{
    struct fixture *fixture = *state;
    char folder[128];

    make_folder(fixture);
    assert_null(read_main(fixture));
    assert_non_null(strstr(fixture->conf.error, "nginx.conf\" failed (2: No such file or directory)"));
    assert_null(strstr(fixture->conf.error, " in "));

    snprintf(folder, sizeof folder, "%sfolder", fixture->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(fixture, "open", "a {");
    write_file(fixture, "close", "b;\n}");
    write_file(fixture, "self", "include s*;");
    check_main_error(fixture, "a;\ninclude x;",
                     "open() \"@x\" failed (2: No such file or directory) in @nginx.conf:2");
    check_main_error(fixture, "include folder;",
                     "read() \"@folder\" failed (21: Is a directory) in @nginx.conf:1");
    check_main_error(fixture, "include open; }",
                     "unexpected end of file, expecting \"}\" for \"a\" on line 1 in @open:1");
    check_main_error(fixture, "a { include close;", "unexpected \"}\" in @close:2");
    check_main_error(fixture, "include;",
                     "invalid number of arguments in \"include\" directive in @nginx.conf:1");
    check_main_error(fixture, "include a b;",
                     "invalid number of arguments in \"include\" directive in @nginx.conf:1");
    check_main_error(fixture, "include a {}",
                     "directive \"include\" is not terminated by \";\" in @nginx.conf:1");
    check_main_error(fixture, "\ninclude self;", "\"@self\" includes itself in @self:1");
    check_main_error(fixture, "include ./nginx.conf;", "\"@./nginx.conf\" includes itself in @nginx.conf:1");
    remove_folder(fixture);
}

static void test_include_depth(void **state)
{
    struct fixture *fixture = *state;
    char name[16], text[64];

    make_folder(fixture);
    for (int i = 1; i <= CONF_INCLUDE_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        snprintf(text, sizeof text, i < CONF_INCLUDE_MAX ? "include %d;" : "deep;", i + 1);
        write_file(fixture, name, text);
    }
    check_main(fixture, "include 2;", "deep@1;");
    check_main_error(fixture, "include 1;", "too many files include one another in @31:1");

    /* Blocks count across files. */
    for (int i = 1; i < CONF_INCLUDE_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        snprintf(text, sizeof text, "a { b { c { include %d; } } }", i + 1);
        write_file(fixture, name, text);
    }
    check_main_error(fixture, "include 2;", "too many blocks in one another, at most 64 in @23:1");
    remove_folder(fixture);
}

static void test_large_file(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 100000, found = 0;
    char *text = malloc(count * 10 + 1), *to = text;
    struct conf_node *root;

    make_folder(fixture);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        to += sprintf(to, "x %06zu;\n", i);
    write_file(fixture, "nginx.conf", text);
    free(text);

    root = read_main(fixture);
    assert_non_null(root);
    for (const struct conf_node *node = root->children; node != NULL; node = node->next) {
        assert_int_equal(strtoul(node->args[0], NULL, 10), found);
        found++;
        assert_int_equal(node->line, found);
    }
    assert_int_equal(found, count);
    remove_folder(fixture);
}

/* A pipe has no size: it is read to its end. */
static void test_pipe(void **state)
{
    struct fixture *fixture = *state;
    char path[64], chunk[1024], found[64];
    int ends[2];
    struct conf_node *root;

    assert_int_equal(pipe(ends), 0);
    memset(chunk, '\n', sizeof chunk);
    for (int i = 0; i < 20; i++)
        assert_int_equal(write(ends[1], chunk, sizeof chunk), sizeof chunk);
    assert_int_equal(write(ends[1], "a;", 2), 2);
    assert_int_equal(close(ends[1]), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    root = conf_read_file(&fixture->conf, path);
    assert_non_null(root);
    fixture_render(root->children, found, sizeof found);
    assert_string_equal(found, "a@20481;");
    assert_int_equal(close(ends[0]), 0);
}

static void test_dump(void **state)
{
    struct fixture *fixture = *state;
    char found[1024], wanted[1024];
    int ends[2];
    ssize_t got;
    int full;

    make_folder(fixture);
    write_file(fixture, "one", "b;\n");
    write_file(fixture, "two", "# no newline");
    check_main(fixture, "include t*;\ninclude one;\ninclude one;\n", "b@1;b@1;");
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(conf_dump(&fixture->conf, ends[1]), 0);
    assert_int_equal(close(ends[1]), 0);
    got = read(ends[0], found, sizeof found - 1);
    assert_true(got > 0);
    found[got] = '\0';
    assert_int_equal(close(ends[0]), 0);
    snprintf(wanted, sizeof wanted,
             "# configuration file %snginx.conf:\ninclude t*;\ninclude one;\ninclude one;\n\n"
             "# configuration file %stwo:\n# no newline\n"
             "# configuration file %sone:\nb;\n\n",
             fixture->folder, fixture->folder, fixture->folder);
    assert_string_equal(found, wanted);

    full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(conf_dump(&fixture->conf, full), -ENOSPC);
    assert_int_equal(close(full), 0);
    remove_folder(fixture);
}

static void test_names(void **state)
{
    struct fixture *fixture = *state;
    struct conf *conf = &fixture->conf;

    assert_string_equal(conf_full_name(conf, "logs/x", false), "/prefix/logs/x");
    assert_string_equal(conf_full_name(conf, "x", true), "/nowhere/x");
    assert_string_equal(conf_full_name(conf, "/x", false), "/x");
    assert_string_equal(conf_full_name(conf, "/x", true), "/x");
    assert_int_equal(conf_init(conf, fixture->pool, "/p/", NULL), 0);
    assert_string_equal(conf_full_name(conf, "x", true), "/p/x");
    assert_int_equal(conf_init(conf, fixture->pool, NULL, "x.conf"), 0);
    assert_string_equal(conf_full_name(conf, "x", true), "x");
    assert_string_equal(conf_full_name(conf, "x", false), "x");
}

static void test_messages(void **state)
{
    struct fixture *fixture = *state;
    struct conf *conf = &fixture->conf;
    struct conf_node node = {.file = "/etc/x", .line = 7};
    char many[2000];

    conf_warn(conf, &node, "odd %d", 1);
    conf_warn(conf, NULL, "odder");
    assert_string_equal(conf->warnings->text, "odd 1 in /etc/x:7");
    assert_string_equal(conf->warnings->next->text, "odder");
    assert_string_equal(conf->error, "");

    assert_int_equal(conf_fail_errno(conf, &node, EACCES, "open() \"%s\" failed", "x"), -EACCES);
    assert_string_equal(conf->error, "open() \"x\" failed (13: Permission denied) in /etc/x:7");
    assert_int_equal(conf_fail(conf, NULL, "second"), -EINVAL);
    assert_int_equal(conf_fail_memory(conf), -ENOMEM);
    assert_string_equal(conf->error, "open() \"x\" failed (13: Permission denied) in /etc/x:7");

    /* What is too long loses its middle, not its place. */
    fixture_start(fixture);
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    conf_fail(conf, &node, "%s", many);
    assert_int_equal(strlen(conf->error), CONF_ERROR_SIZE - 1);
    assert_string_equal(conf->error + CONF_ERROR_SIZE - 1 - strlen("x in /etc/x:7"), "x in /etc/x:7");
    fixture_start(fixture);
    node.file = many;
    conf_fail(conf, &node, "sentence");
    assert_memory_equal(conf->error, "sentence in xxx", 15);
}

/* ---- whole texts ---- */

/* As one block, the default configuration has no proper prefix that is complete. */
static void test_prefixes(void **state)
{
    struct fixture *fixture = *state;
    size_t length = strlen("wrap{") + strlen(conf_default_text) + 1;
    char *text = malloc(length + 1);

    assert_non_null(text);
    snprintf(text, length + 1, "wrap{%s}", conf_default_text);
    assert_non_null(conf_read_text(&fixture->conf, "whole", text, length));
    for (size_t i = 1; i < length; i++) {
        /* A copy of exactly that size: a read past its end is seen. */
        char *copy = malloc(i);
        assert_non_null(copy);
        memcpy(copy, text, i);
        fixture_start(fixture);
        assert_null(conf_read_text(&fixture->conf, "prefix", copy, i));
        assert_non_null(strstr(fixture->conf.error, " in prefix:"));
        free(copy);
    }
    free(text);
}

static void test_mutations(void **state)
{
    static const char alphabet[] = ";{}\"'\\$# \nx\0)";
    struct fixture *fixture = *state;
    unsigned seed = 20240608;
    char *text = malloc(strlen(conf_default_text));

    print_message("seed %u\n", seed);
    assert_non_null(text);
    for (int round = 0; round < 3000; round++) {
        struct conf_node *root;

        memcpy(text, conf_default_text, strlen(conf_default_text));
        for (int i = rand_r(&seed) % 4; i >= 0; i--)
            text[(size_t)rand_r(&seed) % strlen(conf_default_text)] =
                alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
        fixture_start(fixture);
        root = conf_read_text(&fixture->conf, "mutated", text, strlen(conf_default_text));
        assert_int_equal(root == NULL, fixture->conf.error[0] != '\0');
    }
    free(text);
}

/* Every allocation of a reading fails once; each time it ends in a clean error. */
static void test_out_of_memory(void **state)
{
    struct fixture *fixture = *state;
    uint64_t nth = 0;
    bool done = false;

    make_folder(fixture);
    write_file(fixture, "one", "b 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 'x y';");
    write_file(fixture, "nginx.conf", "a { include o*; } c;");
    pool_destroy(fixture->pool);
    fixture->pool = NULL;
    assert_int_equal(pool_mode_set(POOL_PASSTHROUGH), 0);
    while (!done) {
        char path[128];
        struct conf_node *root;

        fixture_start(fixture);
        fault_arm(FAULT_POOL, ++nth, false);
        snprintf(path, sizeof path, "%snginx.conf", fixture->folder);
        root = conf_read_file(&fixture->conf, path);
        done = fault_calls(FAULT_POOL) < nth;
        fault_arm(FAULT_POOL, 0, false);
        assert_int_equal(root != NULL, done);
        if (root == NULL)
            assert_string_equal(fixture->conf.error, "out of memory while reading the configuration");
    }
    assert_true(nth > 20);
    pool_destroy(fixture->pool);
    fixture->pool = NULL;
    assert_int_equal(pool_mode_set(POOL_NORMAL), 0);
    fixture_start(fixture);
    remove_folder(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trees, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_depth, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_option, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_include, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_paths, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_include_pattern, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_include_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_include_depth, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_large_file, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pipe, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_dump, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_names, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_messages, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_prefixes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mutations, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
