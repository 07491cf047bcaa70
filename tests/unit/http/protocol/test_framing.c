/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/framing.h"
#include "tests/unit/http/protocol/request.h"

struct framing_case {
    const char *source;
    const char *lines; /* version, then field lines */
    int status;
    enum http_framing framing;
    int64_t length;
};

#define V11 "1.1\r\n"
#define V10 "1.0\r\n"
#define TE  "Transfer-Encoding: "
#define CL  "Content-Length: "

static const struct framing_case cases[] = {
    {"RFC 9112 6.3 rule 7", V11, 0, HTTP_FRAMING_NONE, -1},
    {"RFC 9112 6.3 rule 7", V10, 0, HTTP_FRAMING_NONE, -1},
    {"RFC 9112 6.3 rule 6", V11 CL "0\r\n", 0, HTTP_FRAMING_LENGTH, 0},
    {"RFC 9112 6.3 rule 6", V10 CL "42\r\n", 0, HTTP_FRAMING_LENGTH, 42},
    {"RFC 9110 8.6: 1*DIGIT", V11 CL "0000000000000000000000007\r\n", 0, HTTP_FRAMING_LENGTH, 7},
    {"RFC 9110 8.6: the largest", V11 CL "9223372036854775807\r\n", 0, HTTP_FRAMING_LENGTH, INT64_MAX},
    {"RFC 9110 8.6: negative", V11 CL "-1\r\n", 400, 0, 0},
    {"RFC 9110 8.6: sign", V11 CL "+1\r\n", 400, 0, 0},
    {"RFC 9110 8.6: hexadecimal", V11 CL "0x1\r\n", 400, 0, 0},
    {"RFC 9110 8.6: blank inside", V11 CL "1 2\r\n", 400, 0, 0},
    {"RFC 9110 8.6: empty", V11 CL "\r\n", 400, 0, 0},
    {"RFC 9110 8.6: a word", V11 CL "ten\r\n", 400, 0, 0},
    {"RFC 9110 8.6: full-width digit", V11 CL "\xef\xbc\x91\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 5: list", V11 CL "5, 5\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 5: list", V11 CL "5,\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 5: repeated", V11 CL "5\r\n" CL "5\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 5: differing", V11 CL "5\r\n" CL "6\r\n", 400, 0, 0},
    {"RFC 9112 6.1", V11 TE "chunked\r\n", 0, HTTP_FRAMING_CHUNKED, -1},
    {"RFC 9112 7: case-insensitive", V11 TE "CHUNKED \r\n", 0, HTTP_FRAMING_CHUNKED, -1},
    {"RFC 9112 6.3 rule 3: both", V11 TE "chunked\r\n" CL "5\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 3: both", V11 CL "5\r\n" TE "chunked\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 3: both", V11 TE "identity\r\n" CL "5\r\n", 400, 0, 0},
    {"RFC 9112 6.1: in HTTP/1.0", V10 TE "chunked\r\n", 400, 0, 0},
    {"RFC 9112 6.1: unknown coding", V11 TE "pigeons\r\n", 501, 0, 0},
    {"RFC 9112 6.1: unknown coding", V11 TE "identity\r\n", 501, 0, 0},
    {"RFC 9112 6.1: unknown, then chunked", V11 TE "gzip, chunked\r\n", 501, 0, 0},
    {"RFC 9112 6.1: unknown, then chunked", V11 TE "gzip\r\n" TE "chunked\r\n", 501, 0, 0},
    {"RFC 9112 6.3 rule 4: chunked not last", V11 TE "chunked, gzip\r\n", 400, 0, 0},
    {"RFC 9112 6.3 rule 4: no chunked", V11 TE "gzip, deflate\r\n", 400, 0, 0},
    {"RFC 9112 6.1: chunked twice", V11 TE "chunked, chunked\r\n", 400, 0, 0},
    {"RFC 9112 6.1: chunked twice", V11 TE "chunked\r\n" TE "chunked\r\n", 400, 0, 0},
    {"RFC 9112 7: no parameters", V11 TE "chunked;a=b\r\n", 400, 0, 0},
    {"RFC 9112 6.1: empty", V11 TE "\r\n", 400, 0, 0},
    {"RFC 9112 6.1: empty member", V11 TE ",chunked\r\n", 400, 0, 0},
    {"RFC 9112 6.1: empty member", V11 TE "chunked,\r\n", 400, 0, 0},
    {"RFC 9112 6.1: no token", V11 TE "\"chunked\"\r\n", 400, 0, 0},
    {"RFC 9112 6.1: no token", V11 TE "chun ked\r\n", 400, 0, 0},
    {"RFC 9110 10.1.1", V11 "Expect: 100-continue\r\n" CL "1\r\n", 0, HTTP_FRAMING_LENGTH, 1},
    {"RFC 9110 10.1.1", V11 "Expect: 200-maybe\r\n", 417, 0, 0},
    {"RFC 9110 10.1.1", V11 "Expect: 100-continue, other\r\n", 417, 0, 0},
    {"RFC 9110 10.1.1: not in HTTP/1.0", V10 "Expect: other\r\n", 0, HTTP_FRAMING_NONE, -1},
};

/* Parses "1.1\r\n" and what follows as version and field lines of a POST. */
static void parse(struct request *request, char *text, size_t space, const char *lines)
{
    int length = snprintf(text, space, "POST / HTTP/%s\r\n", lines);
    request_parse(request, text, (size_t)length);
}

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct framing_case *c = &cases[i];
        struct request request;
        struct http_framing_result result;
        char text[512];
        parse(&request, text, sizeof(text), c->lines);
        int status = http_framing_decide(&request.head, &result);
        if (status != c->status)
            fail_msg("%s: %s gave %d, expected %d", c->source, c->lines, status, c->status);
        if (status != 0) {
            assert_false(result.keep_alive);
            continue;
        }
        assert_int_equal(result.framing, c->framing);
        assert_int_equal(result.content_length, c->length);
        assert_false(result.too_large);
    }
}

/* A length that is valid but beyond all bounds is for the caller to refuse (RFC 9110 8.6, 15.5.14). */
static void test_huge_length(void **state)
{
    (void)state;
    static const char *const huge[] = {"9223372036854775808", "18446744073709551616",
                                       "99999999999999999999999999999", "92233720368547758070"};
    for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
        struct request request;
        struct http_framing_result result;
        char text[512], lines[128];
        (void)snprintf(lines, sizeof(lines), V11 CL "%s\r\n", huge[i]);
        parse(&request, text, sizeof(text), lines);
        assert_int_equal(http_framing_decide(&request.head, &result), 0);
        assert_true(result.too_large);
        assert_int_equal(result.content_length, INT64_MAX);
    }
}

struct connection_case {
    const char *lines;
    bool keep_alive, expect_continue;
};

/* RFC 9112 9.3, 9.6 and RFC 9110 7.6.1; RFC 9110 10.1.1. */
static const struct connection_case connections[] = {
    {V11, true, false},
    {V10, false, false},
    {V11 "Connection: close\r\n", false, false},
    {V11 "Connection: CLOSE\r\n", false, false},
    {V11 "Connection: keep-alive\r\n", true, false},
    {V11 "Connection: upgrade, , Close\r\n", false, false},
    {V11 "Connection: upgrade\r\nConnection: close\r\n", false, false},
    {V11 "Connection: closed, not-close\r\n", true, false},
    {V10 "Connection: Keep-Alive\r\n", true, false},
    {V10 "Connection: keep-alive, close\r\n", false, false},
    {V10 "Connection: te\r\nConnection: keep-alive\r\n", true, false},
    {V10 "Connection: keep\r\n", false, false},
    {"1.2\r\n", true, false},
    {V11 "Expect: 100-Continue\r\n" CL "5\r\n", true, true},
    {V11 "Expect: 100-continue\r\n" TE "chunked\r\n", true, true},
    {V11 "Expect: 100-continue\r\n", true, false},
    {V11 "Expect:\r\n" CL "5\r\n", true, false},
    {V10 "Expect: 100-continue\r\n" CL "5\r\n", false, false},
};

static void test_connections(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        struct request request;
        struct http_framing_result result;
        char text[512];
        parse(&request, text, sizeof(text), connections[i].lines);
        assert_int_equal(http_framing_decide(&request.head, &result), 0);
        if (result.keep_alive != connections[i].keep_alive ||
            result.expect_continue != connections[i].expect_continue)
            fail_msg("%s", connections[i].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_huge_length),
        cmocka_unit_test(test_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
