/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx: root, alias and index; ngx_http_static_module and ngx_http_index_module. */
#include "tests/unit/http/asked.h"

#include <sys/stat.h>

#include "http/modules/content/files.h"
#include "server/shared/open_files.h"

/* The name of the file for `target`; "refused". Relative to the folder if it is inside. */
static void check_name(struct asked *asked, const char *target, const char *expected)
{
    struct http_request *request = asked_run(asked, "GET", target, "");
    struct http_text name;
    size_t folder = strlen(asked->folder);
    enum http_path path = http_map_path(request, http_files_of(request)->root, 0, &name);

    if (path == HTTP_PATH_REFUSED) {
        assert_string_equal("refused", expected);
        return;
    }
    assert_int_equal(path, HTTP_PATH_OK);
    assert_int_equal(name.bytes[name.length], '\0');
    if (name.length >= folder && !memcmp(name.bytes, asked->folder, folder))
        name = (struct http_text){name.bytes + folder, name.length - folder};
    asked_equal(name, expected);
}

static void test_root(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { }");
    check_name(asked, "/", "html/");
    check_name(asked, "/a/b%20c", "html/a/b c");
    asked_load(asked, "root outer/; server { location /in { root inner; location /in/deep { } } location "
                      "/full { root /x/y/; } "
                      "location /slash { root /; } } ");
    check_name(asked, "/a", "outer/a");
    check_name(asked, "/in/a", "inner/in/a");
    check_name(asked, "/in/deep/a", "inner/in/deep/a");
    check_name(asked, "/full/a", "/x/y/full/a");
    check_name(asked, "/slash/a", "/slash/a");
    asked_load(
        asked,
        "server { root sites/$host; location /v { root /srv/${arg_a}/; } location /w { root $arg_a; } }");
    check_name(asked, "/a", "sites/asked.example/a");
    check_name(asked, "/v?a=one", "/srv/one/v");
    check_name(asked, "/w?a=/full", "/full/w");
    check_name(asked, "/w?a=part", "part/w");
}

static void test_alias(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "server { location /a/ { alias one/; location /a/b/ { } location /a/c/ { alias two/; } "
               "location ~ \\.png$ { } } location = /exact { alias file.txt; } location /i { alias one/; } "
               "location /j { alias /srv/one; } location ~ ^/u/(\\w+)/(.*)$ { alias users/$1/files/$2; } "
               "location ~ ^/n/(?<name>\\w+)$ { alias names/$name; } location /r/ { alias z/; location /r/s "
               "{ root top; } } }");
    check_name(asked, "/a/x/y", "one/x/y");
    check_name(asked, "/a/", "one/");
    check_name(asked, "/a/b/x", "one/b/x");
    check_name(asked, "/a/c/x", "two/x");
    check_name(asked, "/a/p.png", "one/p.png");
    check_name(asked, "/exact", "file.txt");
    check_name(asked, "/i/x", "one//x");
    check_name(asked, "/j/x", "/srv/one/x");
    check_name(asked, "/jx", "/srv/onex");
    check_name(asked, "/u/ann/a/b", "users/ann/files/a/b");
    check_name(asked, "/n/bob", "names/bob");
    check_name(asked, "/r/s/t", "top/r/s/t");
}

/* A path has no dot segments, but the rest of one may become one behind an alias. */
static void test_never_outside(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "server { location /i { alias one/; } location /j { alias one/.; } location /k { alias one; } "
               "location /l. { alias one/; } }");
    check_name(asked, "/i../secret", "refused");
    check_name(asked, "/i..", "refused");
    check_name(asked, "/i.../x", "one/.../x");
    check_name(asked, "/i..x/y", "one/..x/y");
    check_name(asked, "/i.", "one/.");
    check_name(asked, "/j./secret", "refused");
    check_name(asked, "/k../x", "one../x");
    check_name(asked, "/l../x", "one/./x");
    assert_int_equal(asked_run(asked, "GET", "/i../secret", "")->status, 404);
    assert_int_equal(asked_run(asked, "GET", "/i../", "")->status, 404);
}

static void make_site(struct asked *asked)
{
    char path[128];

    asked_file(asked, "html/a.txt", "twelve bytes");
    asked_file(asked, "html/dir/index.html", "index");
    asked_file(asked, "html/second/second.html", "second");
    asked_file(asked, "html/none/other", "x");
    asked_file(asked, "html/sp ace/index.html", "x");
    snprintf(path, sizeof path, "%shtml/fifo", asked->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void test_files(void **state)
{
    static const struct {
        const char *method, *target;
        int status;
    } rows[] = {
        {"GET", "/a.txt", 200},   {"HEAD", "/a.txt", 200},   {"POST", "/a.txt", 405},
        {"PUT", "/a.txt", 405},   {"DELETE", "/a.txt", 405}, {"OPTIONS", "/a.txt", 405},
        {"GET", "/missing", 404}, {"POST", "/missing", 404}, {"GET", "/a.txt/", 404},
        {"GET", "/a.txt/x", 404}, {"GET", "/dir", 301},      {"GET", "/dir/", 200},
        {"HEAD", "/dir/", 200},   {"POST", "/dir/", 405},    {"PUT", "/dir/", 405},
        {"GET", "/second/", 200}, {"GET", "/none/", 403},    {"GET", "/missing/", 404},
        {"GET", "/fifo", 404},    {"GET", "/", 403},
    };
    static const char *const configs[] = {
        "server { index index.html second.html; }",
        "open_file_cache max=10; open_file_cache_errors on; server { index index.html second.html; }",
    };
    struct asked *asked = *state;

    make_site(asked);
    for (size_t config = 0; config < sizeof configs / sizeof *configs; config++) {
        asked_load(asked, configs[config]);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct http_request *request = asked_run(asked, rows[i].method, rows[i].target, "");

            if (request->status != rows[i].status)
                fail_msg("%s %s is %d", rows[i].method, rows[i].target, request->status);
            if (request->status == 405)
                asked_equal(request->response.allow, "GET, HEAD");
        }
    }
    assert_int_equal(asked_run(asked, "GET", "/a.txt", "")->response.content_length, 12);
}

static void test_long_name(void **state)
{
    struct asked *asked = *state;
    char target[304] = "/";

    memset(target + 1, 'n', 300);
    asked_load(asked, "server { }");
    assert_int_equal(asked_run(asked, "GET", target, "")->status, 404);
    strcat(target, "/");
    assert_int_equal(asked_run(asked, "GET", target, "")->status, 404);
}

static void test_slash(void **state)
{
    static const char *const rows[][2] = {
        {"/dir", "/dir/"},
        {"/dir?a=b", "/dir/?a=b"},
        {"/sp%20ace", "/sp%20ace/"},
        {"/x/../dir", "/dir/"},
    };
    struct asked *asked = *state;

    make_site(asked);
    asked_load(asked, "server { listen 127.0.0.1:8081; }");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[128];

        snprintf(expected, sizeof expected, "http://asked.example:8081%s", rows[i][1]);
        assert_int_equal(asked_run(asked, "GET", rows[i][0], "")->status, 301);
        asked_equal(asked->request->response.location, expected);
    }
}

/* The index file is found by an internal redirect: its own location answers. */
static void test_index(void **state)
{
    struct asked *asked = *state;
    struct http_request *request;

    make_site(asked);
    asked_load(
        asked,
        "server { location ~ \\.html$ { return 200 $uri; } location /v/ { alias html/; index $arg_i; } }");
    request = asked_run(asked, "GET", "/dir/?a=b", "");
    asked_equal(request->response.bytes, "/dir/index.html");
    asked_equal(request->args, "a=b");
    assert_int_equal(request->relocations, 1);
    assert_int_equal(asked_run(asked, "GET", "/v/?i=a.txt", "")->status, 200);
    assert_int_equal(asked_run(asked, "GET", "/v/?i=none", "")->status, 301);
    assert_int_equal(asked_run(asked, "GET", "/v/", "")->status, 403);
    asked_load(asked,
               "server { index nothing /a.txt; location /dir { index second.html; index index.html; } }");
    assert_int_equal(asked_run(asked, "GET", "/none/", "")->status, 200);
    asked_equal(asked->request->path, "/a.txt");
    assert_int_equal(asked_run(asked, "GET", "/dir/", "")->status, 200);
    asked_equal(asked->request->path, "/dir/index.html");
}

static void test_refused(void **state)
{
    static const char *const rows[][2] = {
        {"server { root a; root b; }", "\"root\" directive is duplicate"},
        {"server { location / { root a; alias b; } }",
         "\"alias\" directive is duplicate, \"root\" directive was specified earlier"},
        {"server { location / { alias b; root a; } }",
         "\"root\" directive is duplicate, \"alias\" directive was specified earlier"},
        {"server { alias b; }", "\"alias\" directive is not allowed here"},
        {"root $document_root;", "the $document_root variable cannot be used in the \"root\" directive"},
        {"root x${document_root};", "the $document_root variable cannot be used in the \"root\" directive"},
        {"index '';", "index \"\" in \"index\" directive is invalid"},
        {"open_file_cache on;", "invalid \"open_file_cache\" parameter \"on\""},
        {"open_file_cache max=0;", "invalid \"open_file_cache\" parameter \"max=0\""},
        {"open_file_cache max=1 inactive=x;", "invalid \"open_file_cache\" parameter \"inactive=x\""},
        {"open_file_cache inactive=1s;", "\"open_file_cache\" must have the \"max\" parameter"},
        {"open_file_cache_valid x;", "invalid value \"x\" in \"open_file_cache_valid\" directive"},
        {"open_file_cache_min_uses 0;", "invalid value \"0\" in \"open_file_cache_min_uses\" directive"},
    };
    struct asked *asked = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        asked_refuse(asked, rows[i][0], rows[i][1]);
}

/* Inherited, replaced and switched off. */
static void test_cache_levels(void **state)
{
    struct asked *asked = *state;
    const struct http_file_cache *outer;

    make_site(asked);
    asked_load(asked, "open_file_cache max=10; server { location /off { open_file_cache off; } "
                      "location /own { open_file_cache max=2; } }");
    outer = http_files_of(asked_run(asked, "GET", "/a.txt", ""))->cache;
    assert_non_null(outer);
    assert_int_equal(open_files_count(outer->files), 1);
    assert_null(http_files_of(asked_run(asked, "GET", "/off", ""))->cache);
    assert_ptr_not_equal(http_files_of(asked_run(asked, "GET", "/own", ""))->cache, outer);
    assert_ptr_equal(http_files_of(asked_run(asked, "GET", "/x", ""))->cache, outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_root, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_alias, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_never_outside, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_files, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_long_name, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_slash, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_index, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_cache_levels, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
