/* SPDX-License-Identifier: BSD-2-Clause */
/* The four forms of a request target, RFC 9112 3.2. */
#include "tests/unit/http/protocol/request.h"

struct target_case {
    const char *method, *target;
    enum http_target_form form;
    const char *authority, *path;
};

static const struct target_case cases[] = {
    /* 3.2.1 origin-form */
    {"GET", "/", HTTP_TARGET_ORIGIN, "", "/"},
    {"GET", "/a/b?c=d?e", HTTP_TARGET_ORIGIN, "", "/a/b?c=d?e"},
    {"OPTIONS", "/a", HTTP_TARGET_ORIGIN, "", "/a"},
    {"GET", "//host/path", HTTP_TARGET_ORIGIN, "", "//host/path"},
    /* no part of a target (3.2): dropped */
    {"GET", "/a#b?c", HTTP_TARGET_ORIGIN, "", "/a"},
    {"GET", "/a?b#c", HTTP_TARGET_ORIGIN, "", "/a?b"},
    {"GET", "http://h#c", HTTP_TARGET_ABSOLUTE, "h", ""},
    /* 3.2.2 absolute-form; the scheme has no case (RFC 3986 3.1), the path may be empty (RFC 9110 4.2.3) */
    {"GET", "http://example.com/a?b", HTTP_TARGET_ABSOLUTE, "example.com", "/a?b"},
    {"GET", "HTTPS://example.com:443/", HTTP_TARGET_ABSOLUTE, "example.com:443", "/"},
    {"GET", "http://example.com", HTTP_TARGET_ABSOLUTE, "example.com", ""},
    {"GET", "http://example.com?q", HTTP_TARGET_ABSOLUTE, "example.com", "?q"},
    {"GET", "http://[::1]:80/x", HTTP_TARGET_ABSOLUTE, "[::1]:80", "/x"},
    {"GET", "http:///x", HTTP_TARGET_ABSOLUTE, "", "/x"},
    {"OPTIONS", "http://example.com", HTTP_TARGET_ABSOLUTE, "example.com", ""},
    /* 3.2.3 authority-form */
    {"CONNECT", "example.com:443", HTTP_TARGET_AUTHORITY, "example.com:443", ""},
    {"CONNECT", "/", HTTP_TARGET_AUTHORITY, "/", ""},
    /* 3.2.4 asterisk-form */
    {"OPTIONS", "*", HTTP_TARGET_ASTERISK, "", ""},
    {"M-SEARCH", "*", HTTP_TARGET_ASTERISK, "", ""}, /* a method that is not known: 501 later */
};

static void check_text(const struct http_head *head, struct http_span span, const char *expected)
{
    struct http_text text = http_head_text(head, span);
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.length);
}

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct target_case *c = &cases[i];
        struct request request;
        char text[256];
        int length = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\n\r\n", c->method, c->target);
        request_parse(&request, text, (size_t)length);
        assert_int_equal(request.head.form, c->form);
        check_text(&request.head, request.head.target, c->target);
        check_text(&request.head, request.head.authority, c->authority);
        check_text(&request.head, request.head.path, c->path);
    }
}

static void test_no_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "GET *",     "GET **", "OPTIONS **", "GET a", "GET example.com:80", "GET ftp://a/", "GET http:/a",
        "GET http:", "GET ?a", "GET #a",     "HEAD *"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct request request = {.head = {.fields = request.fields, .field_capacity = REQUEST_FIELDS}};
        struct http_parser_limits limits = {.strict_line_endings = true};
        char text[256];
        int length = snprintf(text, sizeof(text), "%s HTTP/1.1\r\n\r\n", bad[i]);
        http_parser_init(&request.parser, &limits, &request.head);
        if (http_parser_feed(&request.parser, &request.head, text, (size_t)length) != HTTP_PARSE_BAD)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(request.parser.status, 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
