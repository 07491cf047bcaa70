/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/host.h"
#include "tests/unit/http/protocol/request.h"

struct host_case {
    const char *text;
    const char *name; /* null: 400 */
    int port;         /* -1: none */
};

/* uri-host [ ":" port ], RFC 9110 7.2 with RFC 3986 3.2.2 and 3.2.3. */
static const struct host_case cases[] = {
    {"example.com", "example.com", -1},
    {"example.com:8080", "example.com", 8080},
    {"example.com:", "example.com", -1},
    {"example.com:0", "example.com", 0},
    {"example.com:00080", "example.com", 80},
    {"example.com:65535", "example.com", 65535},
    {"example.com:65536", NULL, 0},
    {"example.com:99999999999999999999", NULL, 0},
    {"example.com:-1", NULL, 0},
    {"example.com:80x", NULL, 0},
    {"example.com:80:80", NULL, 0},
    {"example.com::80", NULL, 0},
    {"Example.COM", "Example.COM", -1},
    {"example.com.", "example.com", -1}, /* the same name, as nginx has it */
    {"example.com.:80", "example.com", 80},
    {".", NULL, 0},
    {"..", NULL, 0},
    {"a..b", NULL, 0}, /* names of hosts end up in paths */
    {".a", ".a", -1},
    {"a_b-c~!$&'()*+;=", "a_b-c~!$&'()*+;=", -1},
    {"a%41b", "a%41b", -1},
    {"a%4", NULL, 0},
    {"a%4x", NULL, 0},
    {"a%", NULL, 0},
    {"127.0.0.1:80", "127.0.0.1", 80},
    {"[::1]", "[::1]", -1},
    {"[::1]:80", "[::1]", 80},
    {"[2001:DB8::1]", "[2001:DB8::1]", -1},
    {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", -1},
    {"[::1]x", NULL, 0},
    {"[::1", NULL, 0},
    {"[]", NULL, 0},
    {"[1.2.3.4]", NULL, 0},
    {"[::1::]", NULL, 0},
    {"[v1.a]", "[v1.a]", -1}, /* IPvFuture, RFC 3986 3.2.2 */
    {"[vF.a:b,c]:80", "[vF.a:b,c]", 80},
    {"[v1.]", NULL, 0},
    {"[v.a]", NULL, 0},
    {"[vg.a]", NULL, 0},
    {"[v1.a/b]", NULL, 0},
    {"[fe80::1%25eth0]", NULL, 0},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", NULL, 0},
    {"::1", NULL, 0},
    {"", NULL, 0},
    {":80", NULL, 0},
    {"a, b", NULL, 0},
    {"a,b", NULL, 0},
    {"user@host", NULL, 0}, /* RFC 9110 4.2.4 */
    {"a b", NULL, 0},
    {"a/b", NULL, 0},
    {"a?b", NULL, 0},
    {"a#b", NULL, 0},
    {"a\"b", NULL, 0},
    {"a<b", NULL, 0},
    {"a\\b", NULL, 0},
    {"a\xc3\xa4", NULL, 0},
    {"a\x01", NULL, 0},
};

static void test_grammar(void **state)
{
    (void)state;
    char *guard = guard_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct host_case *c = &cases[i];
        size_t length = strlen(c->text);
        struct http_host host;
        int status = http_host_parse(guard_place(guard, c->text, length), length, &host);
        if (status != (c->name != NULL ? 0 : 400))
            fail_msg("\"%s\" gave %d", c->text, status);
        if (status != 0)
            continue;
        assert_int_equal(host.name.length, strlen(c->name));
        assert_memory_equal(host.name.bytes, c->name, host.name.length);
        assert_int_equal(host.has_port, c->port >= 0);
        assert_int_equal(host.port, c->port >= 0 ? c->port : 0);
        assert_int_equal(host.upper, strpbrk(c->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL);
    }
    guard_destroy(guard);
}

static void test_lower(void **state)
{
    (void)state;
    struct http_host host;
    char out[16];
    assert_int_equal(http_host_parse("ExAmple.COM:80", 14, &host), 0);
    http_host_lower(&host, out);
    assert_ptr_equal(host.name.bytes, out);
    assert_int_equal(host.name.length, 11);
    assert_memory_equal(out, "example.com", 11);
    assert_false(host.upper);
}

struct request_case {
    const char *source;
    const char *text;
    const char *name; /* null: 400 */
};

static const struct request_case requests[] = {
    {"RFC 9112 3.2", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a"},
    {"RFC 9112 3.2: missing", "GET / HTTP/1.1\r\n\r\n", NULL},
    {"RFC 9112 3.2: missing in 1.2", "GET / HTTP/1.2\r\n\r\n", NULL},
    {"RFC 9112 3.2: only 1.1 needs it", "GET / HTTP/1.0\r\n\r\n", ""},
    {"RFC 9112 3.2: twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9112 3.2: twice", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", NULL},
    {"RFC 9112 3.2: invalid", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", NULL},
    {"RFC 9112 3.2: empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", NULL},
    {"RFC 9112 3.2.2: the target wins", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "b"},
    {"RFC 9112 3.2.2", "GET http://b:81 HTTP/1.0\r\n\r\n", "b"},
    {"RFC 9112 3.2: Host all the same", "GET http://b/ HTTP/1.1\r\n\r\n", NULL},
    {"RFC 9112 3.2: Host all the same", "GET http://b/ HTTP/1.1\r\nHost: a/b\r\n\r\n", NULL},
    {"RFC 9110 4.2.1: empty authority", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9110 4.2.4: userinfo", "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9112 3.2.3", "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "b"},
    {"RFC 9112 3.2.3: port", "CONNECT b HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9112 3.2.3: port", "CONNECT b: HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9112 3.2.3: a path", "CONNECT /b HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
    {"RFC 9112 3.2.4", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const struct request_case *c = &requests[i];
        struct request request;
        struct http_host host;
        request_parse(&request, c->text, strlen(c->text));
        int status = http_host_decide(&request.head, &host);
        if (status != (c->name != NULL ? 0 : 400))
            fail_msg("%s: %s gave %d", c->source, c->text, status);
        if (status == 0) {
            assert_int_equal(host.name.length, strlen(c->name));
            assert_memory_equal(host.name.bytes, c->name, host.name.length);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_lower),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
