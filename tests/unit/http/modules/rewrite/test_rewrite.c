/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs of rewrite, set, if, break, return. Expectations: nginx's ngx_http_rewrite_module. */
#include "http/modules/rewrite/rewrite.h"
#include "tests/unit/http/asked.h"

static void check(struct asked *asked, const char *target, const char *body)
{
    struct http_request *request = asked_run(asked, "GET", target, "");

    if (request->status != 200)
        fail_msg("%s: %d", target, request->status);
    asked_equal(request->response.bytes, body);
}

static void moved(struct asked *asked, const char *target, int status, const char *location)
{
    struct http_request *request = asked_run(asked, "GET", target, "");

    assert_int_equal(request->status, status);
    asked_equal(request->response.location, location);
}

static void test_rewrite(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { absolute_redirect off;"
                      "location /show { return 200 \"$uri|$args\"; }"
                      "location /last/ { rewrite ^/last/(.*)$ /show/$1 last; return 200 no; }"
                      "location /on/ { rewrite ^/on/(.*)$ /mid/$1; rewrite ^/mid/(.*)$ /show/$1; }"
                      "location /arg/ { rewrite ^/arg/(.*)$ /show?x=$1; }"
                      "location /drop/ { rewrite ^/drop/ /show?; }"
                      "location /303/ { rewrite ^/303(.*)$ /to$1 redirect; }"
                      "location /301/ { rewrite (?s)^/301(.*)$ http://h$1 permanent; }"
                      "location /url/ { rewrite ^/url(.*)$ https://h$1; }"
                      "location /circle { rewrite ^ /circle; } location /nil { rewrite ^ \"\"; } }");
    check(asked, "/last/a?b", "/show/a|b");
    check(asked, "/on/a", "/show/a|");
    check(asked, "/arg/a?b=c", "/show|x=a&b=c");
    check(asked, "/arg/a%20%26",
          "/show|x=a%20%26"); /* captures of an escaped path are escaped in arguments */
    check(asked, "/drop/x?y", "/show|");
    moved(asked, "/303/a?b", 302, "/to/a?b");
    moved(asked, "/301/a", 301, "http://h/a");
    moved(asked, "/url/a", 302, "https://h/a");
    moved(asked, "/301/a%0D%0AX:%20y", 301, "http://h/a%0D%0AX:%20y");
    assert_int_equal(asked_run(asked, "GET", "/circle", "")->status, 500);
    assert_int_equal(asked_run(asked, "GET", "/nil", "")->status, 500);
}

/* A map asked for in the middle matches an expression of its own, whose $1 is thousands of bytes. The text
 * has the $1 of its rewrite, and no more bytes than it has room for, in whatever order they stand. */
static void test_captures_in_between(void **state)
{
    struct asked *asked = *state;
    char fields[3600], expected[3600];

    asked_load(asked, "map $http_referer $src { default internal; ~^https?://([^/]+)/ external; }"
                      "map $http_referer $site { volatile; ~^https?://([^/]+)/ $1; }"
                      "server { location /go/ { rewrite ^/go/(.*)$ /r?to=$1&src=$src last; }"
                      "location /back/ { rewrite ^/back/(.*)$ /r?src=$src&to=$1&$1 last; }"
                      "location /site/ { rewrite ^/site/(.*)$ /r?$1$site$1 last; }"
                      "location /away/ { rewrite ^/away/(.*)$ http://h/$1/$src/$1 redirect; }"
                      "location /if/ { if ($src ~ (e)) { rewrite ^/if/(.*)$ /r?$1$src$1$site; } }"
                      "location /r { return 200 \"$args\"; } }");
    snprintf(fields, sizeof fields, "Referer: http://%03000d/\r\n", 0);
    for (int i = 0; i < 2; i++) {
        struct http_request *request = asked_run(asked, "GET", "/go/%41", i ? fields : "");

        asked_equal(request->response.bytes, i ? "to=A&src=external" : "to=A&src=internal");
    }
    asked_equal(asked_run(asked, "GET", "/back/%2b%41", fields)->response.bytes, "src=external&to=%2BA&%2BA");
    snprintf(expected, sizeof expected, "%%26%03000d%%26", 0);
    asked_equal(asked_run(asked, "GET", "/site/%26", fields)->response.bytes, expected);
    asked_equal(asked_run(asked, "GET", "/away/%41", fields)->response.location, "http://h/A/external/A");
    snprintf(expected, sizeof expected, "AexternalA%03000d", 0);
    asked_equal(asked_run(asked, "GET", "/if/%41", fields)->response.bytes, expected);
}

static void test_order(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { set $a server; if ($arg_gone) { return 410; }"
                      "location /set { set $b \"$a 1\"; set $a 2; return 200 \"$b $a $c\"; }"
                      "location /break { set $c 1; break; set $c 2; return 200 no; }"
                      "location /c { set $c x; } }");
    check(asked, "/set", "server 1 2 ");
    assert_int_equal(asked_run(asked, "GET", "/set?gone=1", "")->status, 410);
    assert_int_equal(asked_run(asked, "GET", "/break", "")->status, 404);
}

static void test_if(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { location / { set $r no;"
                      "if ($arg_t) { set $r true; }"
                      "if ($arg_e = x) { set $r equal; }"
                      "if ($arg_n != x) { set $n unequal; }"
                      "if ($arg_m ~ ^a(\\d)$) { set $r \"match $1\"; }"
                      "if ($arg_m ~* ^B(?<named>.)$) { set $r \"any $named\"; }"
                      "if ($arg_m !~ .) { set $m empty; }"
                      "if (-f file.$arg_f) { set $r file; } if (-d dir.$arg_f) { set $r folder; }"
                      "if (!-e $arg_x) { set $x lacks; }"
                      "return 200 \"$r|$n|$m|$x\"; } }");
    check(asked, "/", "no|unequal|empty|lacks");
    check(asked, "/?t=0", "no|unequal|empty|lacks");
    check(asked, "/?t=00", "true|unequal|empty|lacks");
    check(asked, "/?e=x&n=x", "equal||empty|lacks");
    check(asked, "/?m=a7", "match 7|unequal||lacks");
    check(asked, "/?m=bc", "any c|unequal||lacks");
}

/* nginx: what a named group of a location held is a variable of the request, whatever becomes of the path,
 * until another expression with a group of that name matches. */
static void test_named_groups(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "server { server_name ~^(?<site>asked)\\.; location = /show { return 200 \"$a|$b|$site\"; }"
               "location ~ ^/last/(?<a>\\w+)/(?<b>.*)$ { rewrite ^ /show last; }"
               "location ~ ^/stay/(?<a>\\w+)$ { rewrite ^/stay/(.*)$ /stay/zz$1; set $s $a;"
               " rewrite ^ /set?$s; } location = /set { return 200 \"$args $a\"; }"
               "location ~ ^/try/(?<a>\\w+)$ { try_files /nothing /show; }"
               "location ~ ^/named/(?<a>\\w+)$ { try_files /nothing @named; }"
               "location @named { return 200 \"$uri $a\"; }"
               "location ~ ^/error/(?<a>\\w+)$ { error_page 403 /show; return 403; }"
               "location ~ ^/twice/(?<a>\\w+)$ { rewrite ^/twice/(.*)$ /last/x$1/y last; }"
               "location ~ ^/around/(?<b>\\w+) { location ~ (?<a>.)$ { rewrite ^ /show last; } } }");
    check(asked, "/show", "||asked");
    check(asked, "/last/one/two", "one|two|asked");
    check(asked, "/stay/one", "one one");
    check(asked, "/try/one", "one||asked");
    check(asked, "/named/one", "/named/one one");
    assert_int_equal(asked_run(asked, "GET", "/error/one", "")->status, 403);
    asked_equal(asked->request->response.bytes, "one||asked");
    check(asked, "/twice/one", "xone|y|asked");
    check(asked, "/around/one2", "2|one2|asked");
}

/* An expression that reaches its limit says neither yes nor no: 500, and not what stands behind it. */
static void test_gives_up(void **state)
{
    static const char *const targets[] = {"/location/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
                                          "/if",
                                          "/unless",
                                          "/rewrite",
                                          "/map",
                                          "/header",
                                          "/mapped-if",
                                          "/arguments/%26",
                                          "/limit",
                                          "/conn"};
    struct asked *asked = *state;
    char fields[] = "A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\r\n";

    asked_load(asked, "map $http_a $m { ~(a+)+$ bad; default good; }"
                      "limit_req_zone $m zone=r:1m rate=1r/s; limit_conn_zone $m zone=c:1m;"
                      "server { location ~ ^/location/(a+)+$ { } location / { return 200 no; }"
                      "location /if { if ($http_a ~ (a+)+$) { return 200 no; } return 200 no; }"
                      "location /unless { if ($http_a !~ (a+)+$) { return 200 no; } return 200 no; }"
                      "location /rewrite { set $x 1; rewrite ^/rewrite$ /location/$http_a; rewrite (a+)+$ /;"
                      " return 200 no; }"
                      "location /map { return 200 $m; }"
                      "location /header { rewrite ^ /else$m last; }"
                      "location /mapped-if { if ($m = good) { return 200 no; } return 200 no; }"
                      "location /arguments { rewrite ^/arguments/(.*)$ /?$1$m last; }"
                      "location /limit { limit_req zone=r; } location /conn { limit_conn c 1; } }");
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct http_request *request = asked_run(asked, "GET", targets[i], fields);

        if (request->status != 500)
            fail_msg("%s: %d", targets[i], request->status);
    }
    check(asked, "/map", "good");
    assert_int_equal(asked_run(asked, "GET", "/limit", "")->status, 404);
}

/* nginx 1.22: variables of a family may be made by set and map; where set was not run, they are what they
 * were. Behind the prefix there may be nothing. Those that it has by name are its own. */
static void test_families(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "map $arg_q $http_mapped { default m$arg_q; } map $arg_q $sent_http_y { default y; }"
               "map $arg_q $cookie_z { default z; } server {"
               "location /set { set $http_x set; set $arg_b B; set $cookie_c C;"
               " return 200 \"$http_x|$arg_b|$cookie_c|$http_mapped|$sent_http_y|$cookie_z|$arg_$cookie_\"; }"
               "location /no { return 200 \"$http_x|$arg_b|$cookie_c|$http_mapped|$cookie_z|$http_\"; } }");
    asked_equal(asked_run(asked, "GET", "/set?b=1&=x", "X: header\r\nCookie: c=cc; =e\r\n")->response.bytes,
                "set|B|C|m|y|z|");
    asked_equal(
        asked_run(asked, "GET", "/no?b=1&q=7", "X: header\r\nCookie: c=cc\r\nMapped: h\r\n")->response.bytes,
        "header|1|cc|m7|z|");
    asked_refuse(asked, "server { set $http_host x; }", "the duplicate \"http_host\" variable");
    asked_refuse(asked, "map $uri $sent_http_location { default x; }",
                 "the duplicate \"sent_http_location\" variable");
}

/* A path that a rewrite left in a location need not begin with the location's name. */
static void test_stays(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { location /pools { rewrite ^/pools(.*)$ $1 break; pool_view; }"
                      "location /alias/ { rewrite ^ /a break; alias here/; } }");
    assert_int_equal(asked_run(asked, "GET", "/pools/x", "")->status, 404);
    assert_int_equal(asked_run(asked, "GET", "/pools/trick/", "")->status, 404);
    assert_int_equal(asked_run(asked, "GET", "/pools/12345", "")->status, 404);
    assert_int_equal(asked_run(asked, "GET", "/alias/b", "")->status, 404);
}

/* A level without directives has no step; a lone return is the answer itself. */
static void test_steps(void **state)
{
    struct asked *asked = *state;
    const struct http_request *request;

    asked_load(asked, "server { location /none { } location /one { return 200 x; } "
                      "location /two { set $a 1; location /two/in { } return 200 x; } }");
    request = asked_run(asked, "GET", "/none", "");
    assert_null(((struct http_rewrite *)http_section(request->location, HTTP_MODULE_REWRITE))->first);
    request = asked_run(asked, "GET", "/one", "");
    assert_int_equal(request->status, 200);
    assert_int_equal(asked_run(asked, "GET", "/two/in", "")->status, 404); /* not inherited */
}

static void test_refused(void **state)
{
    struct asked *asked = *state;

    asked_refuse(asked, "server { rewrite ^/( /a; }", "pcre2_compile() failed");
    asked_refuse(asked, "server { rewrite ^ /a sideways; }", "invalid parameter \"sideways\"");
    asked_refuse(asked, "server { set a 1; }", "invalid variable name \"a\"");
    asked_refuse(asked, "server { if $a { } }", "invalid condition");
    asked_refuse(asked, "server { if ($uri) { if ($uri) { } } }", "\"if\" directive is not allowed here");
    asked_refuse(asked, "server { location / { return 200 \"$1x$nobody_has_it\"; } }",
                 "unknown \"nobody_has_it\" variable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rewrite, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_captures_in_between, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_order, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_if, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_named_groups, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_gives_up, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_families, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_stays, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_steps, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
