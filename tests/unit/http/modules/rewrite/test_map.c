/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx's ngx_http_map_module. */
#include "tests/unit/http/asked.h"

#define SHOW " server { location / { return 200 \"$m\"; } }"

static void check(struct asked *asked, const char *target, const char *expected)
{
    struct http_request *request = asked_run(asked, "GET", target, "");

    assert_int_equal(request->status, 200);
    asked_equal(request->response.bytes, expected);
}

static void test_keys(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "map $arg_k $m { a one; B two; '' empty; \\default named; default other; 12 $arg_v; }" SHOW);
    check(asked, "/?k=a", "one");
    check(asked, "/?k=A", "one"); /* without regard to case */
    check(asked, "/?k=b", "two");
    check(asked, "/?k=", "empty");
    check(asked, "/", "empty");
    check(asked, "/?k=default", "named");
    check(asked, "/?k=aa", "other");
    check(asked, "/?k=12&v=x", "x");
    asked_load(asked, "map $arg_k $m { a one; }" SHOW);
    check(asked, "/?k=b", ""); /* without a default */
}

static void test_expressions(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "map $arg_k $m { ~^a(.)$ [$1]; ~*^x(?<rest>.*) <$rest>; ab key; \\~tilde literal; }" SHOW);
    check(asked, "/?k=ab", "key"); /* a key wins */
    check(asked, "/?k=ac", "[c]");
    check(asked, "/?k=Ac", "");
    check(asked, "/?k=XYZ", "<YZ>");
    check(asked, "/?k=~tilde", "literal");
}

/* $1 is that of who asks, before and after: nginx documents captures for the directive whose expression it
 * is, and a text in which $1 changes on its way means something else with each order of its variables. */
static void test_captures(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "map $arg_k $m { ~^(.)(.*)$ \"<$2$1$n>\"; plain \"($1)\"; }"
                      "map $arg_k $n { volatile; ~(.)$ $1; }"
                      "server { location ~ ^/(.*)$ { return 200 \"$1$m$1$2$n$1\"; }"
                      " location /none { return 200 \"[$1]$m[$1]\"; }"
                      " location = /if { if ($m ~ (.)>) { return 200 \"$m$1\"; } }"
                      " location = /set { if ($uri ~ ^/(.)) { set $x $n; return 200 \"$x$1\"; } } }");
    check(asked, "/x?k=abc", "x<bcac>xcx");
    check(asked, "/x?k=plain", "x(x)xnx"); /* a key without an expression: those around it */
    check(asked, "/if?k=ab", "<bab>b");
    check(asked, "/set?k=ab", "bs");
    check(asked, "/x?k=", "xxx");
}

static void test_hostnames(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "map $arg_k $m { hostnames; .a.org both; *.b.org below; c.* above; d.org exact; "
                      "default none; }" SHOW);
    check(asked, "/?k=a.org", "both");
    check(asked, "/?k=x.a.org", "both");
    check(asked, "/?k=b.org", "none");
    check(asked, "/?k=x.y.b.org", "below");
    check(asked, "/?k=c.example", "above");
    check(asked, "/?k=D.ORG", "exact");
    check(asked, "/?k=x.d.org", "none");
}

/* Found when somebody asks, and kept for the request, unless it is volatile. */
static void test_kept(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               "map $x $m { 1 one; 2 two; } map $x $v { volatile; 1 one; 2 two; }"
               "server { location / { set $x 1; set $a \"$m $v\"; set $x 2; return 200 \"$a $m $v\"; } }");
    check(asked, "/", "one one one two");
}

/* A map that needs itself is empty, and ends. */
static void test_circle(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "map $n $m { default \"m$n\"; } map $m $n { default \"n$m\"; }" SHOW);
    assert_int_equal(asked_run(asked, "GET", "/", "")->status, 200);
}

static void test_refused(void **state)
{
    struct asked *asked = *state;

    asked_refuse(asked, "map $uri $x { a 1; a 2; }", "conflicting parameter \"a\"");
    asked_refuse(asked, "map $uri $x { a; }", "invalid number of the map parameters");
    asked_refuse(asked, "map $uri uri { a 1; }", "invalid variable name \"uri\"");
    asked_refuse(asked, "map $nobody_has_it $x { a 1; } server { }", "unknown \"nobody_has_it\" variable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_expressions, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_captures, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_hostnames, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_kept, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_circle, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
