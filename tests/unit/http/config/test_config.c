/* SPDX-License-Identifier: BSD-2-Clause */
/* The http block: what is refused and how, inheritance, listening addresses, core settings, steps. */
#include "tests/unit/http/fixture.h"

#include "http/driver.h"
#include "http/connection.h"

/* ---- refused ---- */

struct row {
    const char *text, *error;
};

static void check_errors(struct fixture *fixture, const char *before, const char *after,
                         const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char whole[2048];

        snprintf(whole, sizeof whole, "%s%s%s", before, rows[i].text, after);
        if (fixture_load(fixture, whole) == 0)
            fail_msg("taken: %s", whole);
        if (strcmp(fixture->generation.conf.error, rows[i].error))
            fail_msg("%s\n  %s\n  instead of %s", whole, fixture->generation.conf.error, rows[i].error);
    }
}

#define CHECK_ERRORS(before, after, ...)                                                                     \
    do {                                                                                                     \
        static const struct row rows[] = {__VA_ARGS__};                                                      \
        check_errors(*state, before, after, rows, sizeof rows / sizeof *rows);                               \
    } while (0)

/* All sentences up to the settings of our own are nginx's. */
static void test_location_errors(void **state)
{
    CHECK_ERRORS(
        "http { server { ", " } }",
        {"location /a { } location ^~ /a { }", "duplicate location \"/a\" in text:1"},
        {"location = /a { } location =/a { }", "duplicate location \"/a\" in text:1"},
        {"location ! /a { }", "invalid location modifier \"!\" in text:1"},
        {"location /a { location /b { } }", "location \"/b\" is outside location \"/a\" in text:1"},
        {"location = /a { location /a/b { } }",
         "location \"/a/b\" cannot be inside the exact location \"/a\" in text:1"},
        {"location ~ a { location /a { } }", "location \"/a\" is outside location \"a\" in text:1"},
        {"location ~ ( { }", "pcre2_compile() failed: missing closing parenthesis in \"(\" in text:1"},
        {"location ~ a)b { }",
         "pcre2_compile() failed: unmatched closing parenthesis in \"a)b\" at \")b\" in text:1"},
        {"location @a { } location @a { }", "duplicate location \"@a\" in text:1"},
        {"location /a { location @a { } }",
         "named location \"@a\" can be on the server level only in text:1"},
        {"location @a { location /a { } }",
         "location \"/a\" cannot be inside the named location \"@a\" in text:1"},
        {"location /a;", "directive \"location\" has no opening \"{\" in text:1"},
        {"location { }", "invalid number of arguments in \"location\" directive, it is written: location [= "
                         "| ^~ | ~ | ~*] PATH { … } "
                         "in text:1"},
        {"location /a { listen 80; }", "\"listen\" directive is not allowed here in text:1"},
        {"location /a { server { } }", "\"server\" directive is not allowed here in text:1"},
        {"internal;", "\"internal\" directive is not allowed here in text:1"},
        {"http { }", "\"http\" directive is not allowed here in text:1"},
        {"no_such;", "unknown directive \"no_such\" in text:1"});
}

static void test_listen_errors(void **state)
{
    CHECK_ERRORS("http { ", " }",
                 {"server { listen 1 default_server; } server { listen 1 default; }",
                  "a duplicate default server for 0.0.0.0:1 in text:1"},
                 {"server { listen 1 backlog=5; } server { listen *:1 reuseport; }",
                  "duplicate listen options for 0.0.0.0:1 in text:1"},
                 {"server { listen 1; listen 0.0.0.0:1; }", "a duplicate listen 0.0.0.0:1 in text:1"},
                 {"server { listen 1 backlog=x; }", "invalid backlog \"backlog=x\" in text:1"},
                 {"server { listen 1 backlog=0; }", "invalid backlog \"backlog=0\" in text:1"},
                 {"server { listen 1 fast; }", "invalid parameter \"fast\" in text:1"},
                 {"server { listen 1 ssl; }",
                  "the \"ssl\" parameter requires ngx_http_ssl_module (TLS is not part of "
                  "Tidepool: put a TLS terminator in front) in text:1"},
                 {"server { listen 1 ipv6only=yes; }", "invalid ipv6only flags \"yes\" in text:1"},
                 {"server { listen 127.0.0.1:99999; }",
                  "invalid port in \"127.0.0.1:99999\" of the \"listen\" directive in text:1"},
                 {"server { listen unix:; }",
                  "no path in the unix domain socket in \"unix:\" of the \"listen\" directive in text:1"},
                 {"listen 1;", "\"listen\" directive is not allowed here in text:1"});
}

static void test_server_name_errors(void **state)
{
    CHECK_ERRORS("http { server { server_name ", "; } }", {"*", "server name \"*\" is invalid in text:1"},
                 {"*a.b", "server name \"*a.b\" is invalid in text:1"},
                 {".", "server name \".\" is invalid in text:1"},
                 {"~", "empty regex in server name \"~\" in text:1"},
                 {"a.*.b", "invalid server name or wildcard \"a.*.b\" in text:1"},
                 {"*.a.*", "invalid server name or wildcard \"*.a.*\" in text:1"},
                 {"a..b", "invalid server name or wildcard \"a..b\" in text:1"},
                 {"a*", "invalid server name or wildcard \"a*\" in text:1"},
                 {"~(", "pcre2_compile() failed: missing closing parenthesis in \"(\" in text:1"});
}

static void test_setting_errors(void **state)
{
    CHECK_ERRORS(
        "http { ", " }",
        {"keepalive_timeout 1x;", "invalid value \"1x\" in \"keepalive_timeout\" directive, it must be a "
                                  "time such as 500ms, 60s or \"1h 30m\" in text:1"},
        {"keepalive_timeout 1s 1ms;",
         "invalid value \"1ms\" in \"keepalive_timeout\" directive, it must be a time in "
         "whole seconds such as 60s, \"1h 30m\" or 1y in text:1"},
        {"large_client_header_buffers 16 8k;",
         "invalid value \"16\" in \"large_client_header_buffers\" directive, it "
         "must be a number between 1 and 15 in text:1"},
        {"large_client_header_buffers 4 2000m;", "invalid value \"2000m\" in \"large_client_header_buffers\" "
                                                 "directive, it must be a size of at most 1024m in text:1"},
        {"connection_pool_size 65k;",
         "invalid value \"65k\" in \"connection_pool_size\" directive, it must be a size "
         "between 0 bytes and 65536 bytes in text:1"},
        {"client_body_temp_path a 4;", "invalid value \"4\" in \"client_body_temp_path\" directive, it must "
                                       "be a level between 0 and 3 in text:1"},
        {"types { text/html html { } }", "unexpected \"{\" in text:1"},
        {"sendfile maybe;",
         "invalid value \"maybe\" in \"sendfile\" directive, it must be \"on\" or \"off\" in text:1"},
        {"etag on; etag off;", "\"etag\" directive is duplicate in text:1"},
        {"server { mark bad; }", "a bad mark"},
        {"merge_slashes on; server { location / { merge_slashes on; } }",
         "\"merge_slashes\" directive is not allowed here in text:1"});
    CHECK_ERRORS("http { } ", "", {"http { }", "\"http\" directive is duplicate in text:1"});
}

/* ---- inheritance ---- */

/* What a block sets reaches what stands in it, wherever it stands in the file, and nothing beside it. */
static void test_inheritance(void **state)
{
    struct fixture *fixture = *state;

    fixture_load_http(fixture,
                      "server { listen 1; location /a { mark a; location /a/b { send_timeout 3s; } }"
                      "  location /c { } mark server; } mark http; send_timeout 1s; server { listen 2; }");
    assert_string_equal(fixture_find(fixture, "/"), "server");
    assert_string_equal(fixture_find(fixture, "/a"), "a");
    assert_string_equal(fixture_find(fixture, "/a/b"), "a");
    assert_int_equal(fixture->request.location->core.send_timeout, 3000);
    assert_string_equal(fixture_find(fixture, "/c"), "server");
    assert_int_equal(fixture->request.location->core.send_timeout, 1000);
    assert_string_equal(mark_of(fixture_address(fixture, "0.0.0.0:2")->default_server->outside), "http");
}

static void test_module_defaults(void **state)
{
    struct fixture *fixture = *state;

    fixture_load_http(fixture, "server { location /a { } }");
    assert_string_equal(fixture_find(fixture, "/a"), "default");
    assert_null(http_section(fixture->request.location, HTTP_MODULE_ACCESS_LOG));
    assert_ptr_equal(http_section(fixture->request.location, HTTP_MODULE_CORE),
                     &fixture->request.location->core);
}

/* A level is finished once, with its own section; steps come by phase, then in the modules' order. */
static void test_steps(void **state)
{
    struct fixture *fixture = *state;
    const struct http_location *location;

    fixture_load_http(fixture, "server { location /a { early on; location /a/b { early off; } } }");
    fixture_find(fixture, "/a");
    location = fixture->request.location;
    assert_ptr_equal(location->steps[0].run, run_early);
    assert_ptr_equal(location->steps[0].section, http_section(location, HTTP_MODULE_STATIC));
    assert_ptr_equal(location->steps[1].run, run_mark);
    assert_ptr_equal(location->steps[1].section, http_section(location, HTTP_MODULE_REWRITE));
    assert_null(location->steps[2].run);
    assert_ptr_equal(location->log_steps[0].run, run_log);
    assert_null(location->log_steps[1].run);
    assert_int_equal(((struct mark *)http_section(location, HTTP_MODULE_REWRITE))->finished, 1);

    fixture_find(fixture, "/a/b");
    location = fixture->request.location;
    assert_ptr_equal(location->steps[0].run, run_mark);
    assert_null(location->steps[1].run);
    assert_int_equal(((struct mark *)http_section(location, HTTP_MODULE_REWRITE))->finished, 1);

    fixture_find(fixture, "/");
    assert_ptr_equal(fixture->request.location->steps[0].run, run_mark);
    assert_int_equal(fixture->request.location->kind, HTTP_LOCATION_SERVER);
}

/* ---- settings ---- */

static void test_defaults(void **state)
{
    struct fixture *fixture = *state;
    const struct http_server *server;
    const struct http_core *core;

    fixture_load_http(fixture, "server { listen 1; }");
    server = fixture_address(fixture, NULL)->default_server;
    core = &server->outside->core;
    assert_int_equal(core->keepalive_timeout, 60000);
    assert_int_equal(core->keepalive_header, 0);
    assert_int_equal(core->keepalive_requests, 1000);
    assert_int_equal(core->client_max_body_size, 1 << 20);
    assert_int_equal(core->client_body_buffer_size, 16384);
    assert_int_equal(core->lingering_time, 30000);
    assert_int_equal(core->lingering_timeout, 5000);
    assert_string_equal(core->client_body_temp_path.path, "/prefix/client_body_temp");
    assert_string_equal(core->default_type, "text/plain");
    assert_string_equal(http_mime_find(core->types, "html", 4), "text/html");
    assert_true(core->etag && core->tcp_nodelay);
    assert_false(core->sendfile || core->internal);
    assert_int_equal(server->reading.client_header_buffer_size, 1024);
    assert_int_equal(server->reading.large_client_header_buffers.count, 4);
    assert_int_equal(server->reading.large_client_header_buffers.size, 8192);
    assert_int_equal(server->reading.client_header_timeout, 60000);
    assert_true(server->reading.merge_slashes);
    assert_false(server->reading.strict_line_endings);
    assert_int_equal(server->line, 1);
}

static void test_settings(void **state)
{
    struct fixture *fixture = *state;
    const struct http_core *core;

    fixture_load_http(fixture,
                      "keepalive_timeout 75s 20s; client_body_temp_path /tmp/x 1 2; client_max_body_size 0;"
                      "types_hash_max_size 4096; server_names_hash_bucket_size 64; tcp_nopush on;"
                      "server { listen 1; keepalive_timeout 5; location /i { internal; location /i/j { } } }"
                      "server { listen 2; large_client_header_buffers 15 1k; merge_slashes off; }");
    core = &fixture_address(fixture, "0.0.0.0:2")->default_server->outside->core;
    assert_int_equal(core->keepalive_timeout, 75000);
    assert_int_equal(core->keepalive_header, 20);
    assert_string_equal(core->client_body_temp_path.path, "/tmp/x");
    assert_memory_equal(core->client_body_temp_path.digits, ((uint8_t[]){1, 2, 0}), TEMP_LEVELS);
    assert_int_equal(core->client_max_body_size, 0);
    assert_int_equal(
        fixture_address(fixture, "0.0.0.0:2")->default_server->reading.large_client_header_buffers.count, 15);
    assert_false(fixture_address(fixture, "0.0.0.0:2")->default_server->reading.merge_slashes);
    fixture_find(fixture, "/i");
    core = &fixture->request.location->core;
    assert_true(core->internal);
    assert_int_equal(core->keepalive_timeout, 5000);
    assert_int_equal(core->keepalive_header, 0);
    fixture_find(fixture, "/i/j");
    assert_false(fixture->request.location->core.internal);
    assert_string_equal(fixture->generation.conf.warnings->text,
                        "the \"types_hash_max_size\" directive has no effect: tables have the size that they "
                        "need in text:1");
    assert_non_null(strstr(fixture->generation.conf.warnings->next->text, "server_names_hash_bucket_size"));
    assert_null(fixture->generation.conf.warnings->next->next);
    assert_true(core->tcp_nopush);
}

/* nginx: a level's types replace those above; several blocks of a level add up. */
static void test_types(void **state)
{
    struct fixture *fixture = *state;
    const struct http_mime *types;

    fixture_load_http(fixture,
                      "types { a/a a; } types { b/b b A; } server { listen 1; location /x { types { } }"
                      " location /y { types { c/c c; } } }");
    fixture_find(fixture, "/");
    types = fixture->request.location->core.types;
    assert_string_equal(http_mime_find(types, "a", 1), "b/b");
    assert_string_equal(http_mime_find(types, "b", 1), "b/b");
    assert_null(http_mime_find(types, "html", 4));
    assert_string_equal(
        fixture->generation.conf.warnings->text,
        "duplicate extension \"A\", content type: \"b/b\", previous content type: \"a/a\" in text:1");
    fixture_find(fixture, "/x");
    assert_null(http_mime_find(fixture->request.location->core.types, "a", 1));
    fixture_find(fixture, "/y");
    assert_string_equal(http_mime_find(fixture->request.location->core.types, "c", 1), "c/c");
    assert_null(http_mime_find(fixture->request.location->core.types, "a", 1));
}

/* ---- addresses ---- */

static const struct binding *binding_of(const struct fixture *fixture, const char *address)
{
    return fixture_address(fixture, address)->binding;
}

static void test_listen(void **state)
{
    struct fixture *fixture = *state;
    const struct binding *binding;

    fixture_load_http(fixture,
                      "connection_pool_budget 64k; server { listen 1; listen [::]:2 ipv6only=on backlog=7;"
                      "  listen unix:/tmp/s reuseport; listen 127.0.0.1; connection_pool_size 100; }"
                      "server { listen 1 default_server; connection_pool_size 1k; request_pool_size 8k;"
                      "  connection_pool_budget 1m; }");
    binding = binding_of(fixture, "0.0.0.0:1");
    assert_ptr_equal(binding->protocol, &http_protocol);
    assert_int_equal(binding->pools.first_size, 1024);
    assert_int_equal(binding->pools.block_size, 8192);
    assert_int_equal(binding->pools.budget, 1 << 20);
    assert_string_equal(binding->pools.name, "connection");
    assert_int_equal(binding->backlog, -1);
    binding = binding_of(fixture, "[::]:2");
    assert_int_equal(binding->backlog, 7);
    assert_int_equal(binding->pools.first_size, 512);
    assert_int_equal(binding->pools.budget, 65536);
    assert_non_null(fixture_address(fixture, "unix:/tmp/s"));
    assert_non_null(fixture_address(fixture, "127.0.0.1:80"));
}

static void test_listen_default(void **state)
{
    struct fixture *fixture = *state;

    fixture_load_http(fixture, "server { mark a; } server { mark b; server_name b; }");
    assert_null(fixture->generation.bindings->next);
    assert_string_equal(fixture->generation.bindings->address.text,
                        geteuid() == 0 ? "0.0.0.0:80" : "0.0.0.0:8000");
    assert_string_equal(mark_of(fixture_address(fixture, NULL)->default_server->outside), "a");
    fixture_load_http(fixture, "");
    assert_null(fixture->generation.bindings);
}

static void test_listen_warnings(void **state)
{
    struct fixture *fixture = *state;

    fixture_load_http(fixture,
                      "server { listen 1 so_keepalive=on; listen [::]:1 ipv6only=off; server_name a/b; }");
    const struct conf_warning *warning = fixture->generation.conf.warnings;
    assert_string_equal(warning->text,
                        "the \"so_keepalive=on\" parameter of \"listen\" has no effect in text:1");
    assert_non_null(strstr(warning->next->text, "\"ipv6only=off\" has no effect"));
    assert_string_equal(warning->next->next->text, "server name \"a/b\" has suspicious symbols in text:1");
}

/* An address that another protocol has is refused. */
static void test_listen_taken(void **state)
{
    static const struct protocol echo = {.name = "echo"};
    static const struct conf_module *const modules[] = {&http_block};
    struct fixture *fixture = *state;
    struct generation *generation = &fixture->generation;
    struct listen_address address;
    const char *why, text[] = "http { server { listen 7007; } }";

    fixture_load_http(fixture, "");
    assert_int_equal(listen_address_parse("7007", 0, &address, &why), 0);
    assert_non_null(generation_bind(generation, &address, &echo, NULL));
    struct conf_node *root = conf_read_text(&generation->conf, "text", text, sizeof text - 1);
    assert_non_null(root);
    assert_int_not_equal(conf_apply(&generation->conf, root->children, CONF_MAIN,
                                    &(struct conf_modules){modules, 1}, NULL, generation),
                         0);
    assert_string_equal(generation->conf.error,
                        "the address 0.0.0.0:7007 is taken: echo listens there in text:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_location_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_listen_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_server_name_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_setting_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inheritance, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_module_defaults, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_steps, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_defaults, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_settings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_types, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_listen, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_listen_default, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_listen_warnings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_listen_taken, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
