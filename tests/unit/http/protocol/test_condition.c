/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/condition.h"
#include "tests/unit/http/protocol/request.h"

#define NOW    "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

enum {
    MODIFIED = 784111777, /* NOW */
};

static const struct http_validators both = {BYTES("\"x\""), MODIFIED};
static const struct http_validators tag_alone = {BYTES("\"x\""), -1};
static const struct http_validators none = {BYTES(""), -1};

struct condition_case {
    const char *source;
    const char *method;
    const char *lines;
    const struct http_validators *resource;
    enum http_condition exact, before;
};

#define PASS     HTTP_CONDITION_PASS
#define SAME     HTTP_CONDITION_NOT_MODIFIED
#define FAILED   HTTP_CONDITION_FAILED
#define MATCH    "If-Match: "
#define NONE     "If-None-Match: "
#define SINCE    "If-Modified-Since: "
#define NO_SINCE "If-Unmodified-Since: "

static const struct condition_case cases[] = {
    {"no condition", "GET", "", &both, PASS, PASS},
    {"RFC 9110 13.1.1", "GET", MATCH "\"x\"\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.1", "PUT", MATCH "\"a\", \"x\"\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.1: several lines", "PUT", MATCH "\"a\"\r\n" MATCH "\"x\"\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.1", "GET", MATCH "\"a\"\r\n", &both, FAILED, FAILED},
    {"RFC 9110 13.1.1: strong", "GET", MATCH "W/\"x\"\r\n", &both, FAILED, FAILED},
    {"RFC 9110 13.1.1: *", "GET", MATCH "*\r\n", &none, PASS, PASS},
    {"RFC 9110 13.1.1: no tag", "GET", MATCH "\"x\"\r\n", &none, FAILED, FAILED},
    {"RFC 9110 13.1.4", "GET", NO_SINCE NOW "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.4", "GET", NO_SINCE AFTER "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.4", "PUT", NO_SINCE BEFORE "\r\n", &both, FAILED, FAILED},
    {"RFC 9110 13.1.4: no date", "GET", NO_SINCE "yesterday\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.4: unknown", "GET", NO_SINCE BEFORE "\r\n", &tag_alone, PASS, PASS},
    {"RFC 9110 13.2.2 step 1 before 2", "GET", MATCH "\"x\"\r\n" NO_SINCE BEFORE "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.2", "GET", NONE "\"x\"\r\n", &both, SAME, SAME},
    {"RFC 9110 13.1.2: weak", "HEAD", NONE "W/\"x\"\r\n", &both, SAME, SAME},
    {"RFC 9110 13.1.2", "GET", NONE "\"a\"\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.2: several lines", "GET", NONE "\"a\"\r\n" NONE "\"x\"\r\n", &both, SAME, SAME},
    {"RFC 9110 13.1.2: *", "GET", NONE "*\r\n", &both, SAME, SAME},
    {"RFC 9110 13.1.2: other methods", "PUT", NONE "*\r\n", &both, FAILED, FAILED},
    {"RFC 9110 13.1.2: other methods", "POST", NONE "\"a\"\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.3", "GET", SINCE NOW "\r\n", &both, SAME, SAME},
    {"RFC 9110 13.1.3", "GET", SINCE BEFORE "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.3; nginx's exact", "GET", SINCE AFTER "\r\n", &both, PASS, SAME},
    {"RFC 9110 13.1.3: not GET", "POST", SINCE NOW "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.3: no date", "GET", SINCE "0\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.3: twice", "GET", SINCE NOW "\r\n" SINCE NOW "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.1.3: unknown", "GET", SINCE NOW "\r\n", &tag_alone, PASS, PASS},
    {"RFC 9110 13.2.2 step 3 before 4", "GET", NONE "\"a\"\r\n" SINCE NOW "\r\n", &both, PASS, PASS},
    {"RFC 9110 13.2.2 step 3 before 4", "GET", NONE "\"x\"\r\n" SINCE BEFORE "\r\n", &both, SAME, SAME},
    {"RFC 9110 13.2.2 step 1 before 3", "GET", MATCH "\"a\"\r\n" NONE "\"x\"\r\n", &both, FAILED, FAILED},
    {"RFC 9110 13.2.2 steps 1 and 3", "GET", MATCH "\"x\"\r\n" NONE "\"x\"\r\n", &both, SAME, SAME},
};

static void parse(struct request *request, char *text, size_t space, const char *method, const char *lines)
{
    int length = snprintf(text, space, "%s / HTTP/1.1\r\n%s\r\n", method, lines);
    request_parse(request, text, (size_t)length);
}

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct condition_case *c = &cases[i];
        struct request request;
        char text[512];
        parse(&request, text, sizeof(text), c->method, c->lines);
        if (http_condition_evaluate(&request.head, c->resource, HTTP_IMS_EXACT) != c->exact ||
            http_condition_evaluate(&request.head, c->resource, HTTP_IMS_BEFORE) != c->before)
            fail_msg("%s: %s %s", c->source, c->method, c->lines);
    }
}

/* nginx: if_modified_since off, "the response is always considered modified". */
static void test_since_off(void **state)
{
    (void)state;
    struct request request;
    char text[512];
    parse(&request, text, sizeof(text), "GET", SINCE NOW "\r\n");
    assert_int_equal(http_condition_evaluate(&request.head, &both, HTTP_IMS_OFF), PASS);
    parse(&request, text, sizeof(text), "GET", NONE "\"x\"\r\n");
    assert_int_equal(http_condition_evaluate(&request.head, &both, HTTP_IMS_OFF), SAME);
}

/* RFC 9110 13.1.5. */
static void test_if_range(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool both, none;
    } ranges[] = {
        {"", true, true},
        {"If-Range: \"x\"\r\n", true, false},
        {"If-Range: \"a\"\r\n", false, false},
        {"If-Range: W/\"x\"\r\n", false, false},
        {"If-Range: " NOW "\r\n", true, false},
        {"If-Range: " BEFORE "\r\n", false, false},
        {"If-Range: " AFTER "\r\n", false, false},
        {"If-Range: x\r\n", false, false},
        {"If-Range:\r\n", false, false},
        {"If-Range: Wed, 31 Dec 1969 23:59:59 GMT\r\n", false, false},
        {"If-Range: \"x\"\r\nIf-Range: \"x\"\r\n", false, false},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct request request;
        char text[512];
        parse(&request, text, sizeof(text), "GET", ranges[i].lines);
        if (http_condition_range(&request.head, &both) != ranges[i].both ||
            http_condition_range(&request.head, &none) != ranges[i].none)
            fail_msg("%s", ranges[i].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_since_off),
        cmocka_unit_test(test_if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
