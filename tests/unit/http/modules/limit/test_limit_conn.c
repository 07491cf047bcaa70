/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx's ngx_http_limit_conn_module. */
#include "tests/unit/http/asked.h"

#include "server/shared/limit_zones.h"

#define ZONE "limit_conn_zone $arg_key zone=z:1m; "

/* A second request, which goes on while the first is there: its connection is put aside. */
static int status_beside(struct asked *asked, const char *target)
{
    struct http_connection first = asked->connection;
    struct http_request *request = asked->request;
    int status;

    memset(&asked->connection, 0, sizeof asked->connection);
    asked->request = NULL;
    asked_run(asked, "GET", "/nothing", ""); /* makes the connection anew */
    asked->connection.base.number = ++asked_number;
    pool_reset(asked->connection.base.pool);
    asked->request = http_advance_begin(&asked->connection);
    assert_non_null(asked->request);
    snprintf(asked->text, sizeof asked->text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    assert_int_equal(
        http_parser_feed(&asked->connection.parser, &asked->request->head, asked->text, strlen(asked->text)),
        HTTP_PARSE_DONE);
    http_request_go_on(asked->request, http_route(asked->request));
    status = asked->request->status;
    asked_end(asked);
    asked->connection = first;
    asked->request = request;
    return status;
}

/* What the zone of the configuration's server has in it. */
static size_t nodes_of(const struct asked *asked)
{
    struct limit_zone *const *zones = http_section(asked->request->location, HTTP_MODULE_LIMIT_CONN);

    return client_zone_nodes((*zones)->zone);
}

static void test_counts(void **state)
{
    struct asked *asked = *state;

    asked_file(asked, "html/nothing", "");
    asked_load(
        asked, ZONE
        "server { location /a { limit_conn z 1; return 200; } location /b { limit_conn z 2; return 200; } "
        "location /status { limit_conn z 1; limit_conn_status 429; } "
        "location /dry { limit_conn z 1; limit_conn_dry_run on; } location /nothing { return 200; } }");
    /* `return` answers before limits are looked at, as in nginx: only files are counted here. */
    assert_int_equal(asked_run(asked, "GET", "/a?key=x", "")->status, 200);
    assert_int_equal(nodes_of(asked), 0);

    assert_int_equal(asked_run(asked, "GET", "/status?key=x", "")->status, 404);
    assert_int_equal(nodes_of(asked), 1);
    assert_int_equal(status_beside(asked, "/status?key=x"), 429);
    assert_int_equal(status_beside(asked, "/status?key=y"), 404);
    assert_int_equal(status_beside(asked, "/status?key="), 404);
    assert_int_equal(status_beside(asked, "/dry?key=x"), 404);
    assert_int_equal(nodes_of(asked), 1);
    asked_run(asked, "GET", "/nothing", ""); /* the first one's pool goes, and with it what it held */
    assert_int_equal(nodes_of(asked), 0);
}

/* An internal redirect within the same limit counts once. */
static void test_once(void **state)
{
    struct asked *asked = *state;

    asked_file(asked, "html/index.html", "x");
    asked_load(asked, ZONE "limit_conn z 1; server { }");
    assert_int_equal(asked_run(asked, "GET", "/?key=x", "")->status, 200);
    assert_int_equal(asked->request->relocations, 1);
}

/* The same zone in the next configuration: what began under the old one counts. */
static void test_reload(void **state)
{
    struct asked *asked = *state;
    struct generation *old;

    asked_load(asked, ZONE "limit_conn z 1; server { location /nothing { return 200; } }");
    asked_run(asked, "GET", "/a?key=x", "");
    assert_int_equal(nodes_of(asked), 1);
    old = asked->generation;
    assert_int_equal(asked_try(asked, "access_log off; " ZONE
                                      "limit_conn z 1; server { location /nothing { return 200; } }"),
                     0);
    assert_int_equal(status_beside(asked, "/a?key=x"), 503);
    asked_free(asked->generation);
    /* Another size, or another key: another zone. */
    assert_int_equal(asked_try(asked, "access_log off; limit_conn_zone $arg_key zone=z:2m; limit_conn z 1; "
                                      "server { location /nothing { return 200; } }"),
                     0);
    assert_int_equal(status_beside(asked, "/a?key=x"), 404);
    asked_end(asked);
    asked_free(old);
}

static void test_refused(void **state)
{
    static const char *const rows[][2] = {
        {"limit_conn_zone $uri;", "invalid number of arguments"},
        {"limit_conn_zone $uri size=1m;", "invalid parameter \"size=1m\""},
        {"limit_conn_zone $uri zone=a;", "invalid zone size \"a\""},
        {"limit_conn_zone $uri zone=:1m;", "invalid zone size \":1m\""},
        {"limit_conn_zone $uri zone=a:x;", "invalid zone size \"a:x\""},
        {"limit_conn_zone $uri zone=a:1k;", "zone \"a:1k\" is too small"},
        {"limit_conn_zone $uri zone=a:1m; limit_conn_zone $args zone=a:1m;",
         "limit_conn_zone \"a\" is already bound to key \"$uri\""},
        {"server { limit_conn nozone 1; }", "unknown limit_conn_zone \"nozone\""},
        {"limit_conn a 0;", "invalid number of connections \"0\""},
        {"limit_conn a x;", "invalid number of connections \"x\""},
        {"limit_conn a 65536;", "connection limit must be less 65536"},
        {"limit_conn a 1; limit_conn a 2;", "\"limit_conn\" directive is duplicate"},
        {"limit_conn_status 200;", "invalid value \"200\" in \"limit_conn_status\" directive"},
        {"limit_conn_log_level loud;", "invalid value \"loud\" in \"limit_conn_log_level\" directive"},
    };
    struct asked *asked = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        asked_refuse(asked, rows[i][0], rows[i][1]);
}

static void test_peer_keys(void **state)
{
    const struct peer four = {.bytes = {10, 1, 2, 3}, .family = AF_INET},
                      six = {.bytes = {[15] = 1}, .family = AF_INET6};
    char key[PEER_TEXT_MAX];

    (void)state;
    assert_true(limit_key_is_peer("$remote_addr"));
    assert_true(limit_key_is_peer("$binary_remote_addr"));
    assert_false(limit_key_is_peer("$uri"));
    assert_int_equal(limit_key_of_peer("$binary_remote_addr", &four, key), 4);
    assert_memory_equal(key, four.bytes, 4);
    assert_int_equal(limit_key_of_peer("$binary_remote_addr", &six, key), 16);
    assert_int_equal(limit_key_of_peer("$remote_addr", &four, key), 8);
    assert_memory_equal(key, "10.1.2.3", 8);
    assert_int_equal(limit_key_of_peer("$binary_remote_addr", &(struct peer){.family = AF_UNIX}, key), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_once, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_reload, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
        cmocka_unit_test(test_peer_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
