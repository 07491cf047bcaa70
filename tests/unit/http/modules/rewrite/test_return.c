/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx, `return` of ngx_http_rewrite_module. */
#include "tests/unit/http/asked.h"

static void check(struct asked *asked, const char *target, int status, const char *body)
{
    struct http_request *request = asked_run(asked, "GET", target, "");

    assert_int_equal(request->status, status);
    asked_equal(request->response.bytes, body);
}

static void test_texts(void **state)
{
    struct asked *asked = *state;
    struct http_request *request;

    asked_load(
        asked,
        "default_type text/x; types { text/y y; } server {"
        "location /text { return 200 \"a text\"; } location /made { return 201 \"$uri $arg_a\"; }"
        "location /odd { return 599 odd; } location /none { return 200; } location /empty { return 200 ''; }"
        "location /short { return 204; } location /gone { return 410 \"it is gone\"; } }");
    check(asked, "/text", 200, "a text");
    asked_equal(asked->request->response.content_type, "text/x");
    check(asked, "/text.y", 200, "a text");
    asked_equal(asked->request->response.content_type, "text/y");
    check(asked, "/text.z", 200, "a text");
    asked_equal(asked->request->response.content_type, "text/x");
    check(asked, "/made?a=1", 201, "/made 1");
    check(asked, "/odd", 599, "odd");
    check(asked, "/none", 200, "");
    assert_int_equal(asked->request->response.content_length, 0);
    check(asked, "/empty", 200, "");
    check(asked, "/gone", 410, "it is gone");
    request = asked_run(asked, "GET", "/short", "");
    assert_int_equal(request->status, 204);
    assert_int_equal(request->response.content_type.length, 0);
    assert_int_equal(request->response.body, HTTP_BODY_NONE);
    request = asked_run(asked, "HEAD", "/text", "");
    assert_int_equal(request->response.content_length, 6);
    assert_int_equal(request->response.body, HTTP_BODY_NONE);
    request = asked_run(asked, "POST", "/text", "Content-Length: 0\r\n");
    assert_int_equal(request->status, 200);
}

static void test_pages(void **state)
{
    struct asked *asked = *state;
    struct http_request *request;

    asked_load(
        asked,
        "server { location /a { return 404; } location /b { return 503; } location /drop { return 444; } }");
    request = asked_run(asked, "GET", "/a", "");
    assert_int_equal(request->status, 404);
    assert_non_null(strstr(request->response.bytes.bytes, "404 Not Found"));
    asked_equal(request->response.content_type, "text/html");
    request = asked_run(asked, "GET", "/b", "");
    assert_int_equal(request->status, 503);
    request = asked_run(asked, "GET", "/drop", "");
    assert_int_equal(request->status, 444);
    assert_true(asked->connection.cut);
    assert_null(asked->connection.base.output.head);
}

static void test_redirects(void **state)
{
    static const struct {
        const char *target, *location;
        int status;
    } rows[] = {
        {"/301", "http://asked.example:8081/there", 301},
        {"/302", "https://x/y?/302", 302},
        {"/303", "http://asked.example:8081/", 303},
        {"/307", "relative", 307},
        {"/308", "http://asked.example:8081/p", 308},
        {"/url", "http://z/", 302},
        {"/tls", "https://z/", 302},
        {"/scheme", "http://asked.example/scheme", 302},
    };
    struct asked *asked = *state;

    asked_load(asked, "server { listen 127.0.0.1:8081; location /301 { return 301 /there; } "
                      "location /302 { return 302 https://x/y?$uri; } location /303 { return 303 /; } "
                      "location /307 { return 307 relative; } location /308 { return 308 /p; } "
                      "location /url { return http://z/; } location /tls { return https://z/; } "
                      "location /scheme { return $scheme://$host$uri; } }");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request *request = asked_run(asked, "GET", rows[i].target, "");

        assert_int_equal(request->status, rows[i].status);
        asked_equal(request->response.location, rows[i].location);
    }
}

/* A server's comes before its locations'; a location's is not for those inside. */
static void test_levels(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { return 200 server; location / { return 200 location; } }");
    check(asked, "/", 200, "server");
    asked_load(
        asked,
        "server { location / { return 200 outer; location /in { location /in/er { return 200 inner; } } } }");
    check(asked, "/", 200, "outer");
    check(asked, "/in/er", 200, "inner");
    assert_int_equal(asked_run(asked, "GET", "/in", "")->status, 404);
    asked_load(asked, "server { location / { return 200 first; return 200 second; } }");
    check(asked, "/", 200, "first");
}

static void test_captures(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "server { location ~ ^/(\\w+)-(?<two>\\w+)(x)?$ { return 200 \"$2 $1 $two [$3][$4]\"; } }");
    check(asked, "/a-b", 200, "b a b [][]");
}

static void test_refused(void **state)
{
    static const char *const rows[][2] = {
        {"return;", "invalid number of arguments in \"return\" directive"},
        {"return 200 a b;", "invalid number of arguments in \"return\" directive"},
        {"return word;", "invalid return code \"word\""},
        {"return word text;", "invalid return code \"word\""},
        {"return http://a text;", "invalid return code \"http://a\""},
        {"return 1000;", "invalid return code \"1000\""},
        {"return 99;", "invalid return code \"99\""},
        {"return -1;", "invalid return code \"-1\""},
        {"return 200 a; return 1000;", "invalid return code \"1000\""},
    };
    struct asked *asked = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];

        snprintf(text, sizeof text, "access_log off; server { %s }", rows[i][0]);
        asked_refuse(asked, text, rows[i][1]);
    }
    asked_refuse(asked, "return 200;", "\"return\" directive is not allowed here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_pages, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_redirects, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_levels, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_captures, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
