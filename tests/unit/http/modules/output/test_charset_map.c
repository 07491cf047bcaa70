/* SPDX-License-Identifier: BSD-2-Clause */
/* Recoding with charset_map, byte by byte and split anywhere. Expectations: nginx's
 * ngx_http_charset_module. */
#include "http/modules/output/charset_map.h"
#include "tests/unit/http/asked.h"

#define MAPS                                                                                                 \
    "charset_map a b { 80 E1; 81 E2; 41 62; }"                                                               \
    "charset_map wide utf-8 { 80 E282AC; 81 C3A4; 82 F09F8C8A; 5C C2A5; 83 5C; }"                            \
    "charset_types text/plain; default_type text/plain;"

/* Bytes of the answer's body: what the recoder let out, without the frame of chunks. */
static size_t body_of(const struct asked *asked, char *to, size_t size)
{
    const struct output *output = &asked->connection.base.output;
    char whole[2048];
    size_t length = 0, body = 0;
    const char *at;

    for (const struct output_block *block = output->head; block; block = block->next) {
        assert_true(length + block->end - block->start < sizeof whole);
        memcpy(whole + length, block->bytes + block->start, block->end - block->start);
        length += block->end - block->start;
    }
    whole[length] = '\0';
    at = strstr(whole, "\r\n\r\n");
    assert_non_null(at);
    at += 4;
    if (!strstr(whole, "Transfer-Encoding: chunked")) {
        body = length - (size_t)(at - whole);
        assert_true(body < size);
        memcpy(to, at, body);
        return body;
    }
    for (;;) {
        char *end;
        size_t chunk = strtoul(at, &end, 16);

        at = end + 2;
        if (!chunk)
            return body;
        assert_true(body + chunk < size);
        memcpy(to + body, at, chunk);
        body += chunk;
        at += chunk + 2;
    }
}

static void check(struct asked *asked, const char *target, const char *expected)
{
    char body[512];
    size_t length;

    assert_int_equal(asked_run(asked, "GET", target, "")->status, 200);
    length = body_of(asked, body, sizeof body);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(body, expected, length);
}

static void test_bytes(void **state)
{
    struct asked *asked = *state;

    asked_load(asked,
               MAPS "server { location /to { source_charset a; charset b; return 200 \"A\x80\x81\xffz\"; }"
                    "location /back { source_charset b; charset a; return 200 \"b\xe1\xe2\xffz\"; }"
                    "location /same { source_charset a; charset A; return 200 \"A\x80\"; } }");
    check(asked, "/to", "b\xe1\xe2?z");
    check(asked, "/back", "A\x80\x81?z");
    check(asked, "/same", "A\x80");
    asked_equal(asked->request->response.content_type, "text/plain; charset=A");
}

static void test_utf8(void **state)
{
    struct asked *asked = *state;

    asked_load(
        asked,
        MAPS "server { location /to { source_charset wide; charset utf-8; return 200 \"x\x80\x81\x82\xff\"; }"
             "location /back { source_charset utf-8; charset wide;"
             "return 200 \"x\xe2\x82\xac\xc3\xa4\xf0\x9f\x8c\x8a|\xc2\xa5\\\\\"; }"
             "location /lost { source_charset utf-8; charset wide; return 200 \"\xc3\xb6\xe2\x82|\"; } }");
    check(asked, "/to", "x\xe2\x82\xac\xc3\xa4\xf0\x9f\x8c\x8a?");
    check(asked, "/back", "x\x80\x81\x82|\x5c\x83");
    assert_int_equal(asked_run(asked, "GET", "/lost", "")->status, 200);
}

/* The end of the chain: keeps what it gets. */
struct collector {
    struct http_transform transform; /* first */
    char bytes[64];
    size_t length;
};

static int collect(struct http_transform *transform, struct http_request *request, struct http_text bytes,
                   enum http_piece piece)
{
    struct collector *collector = (struct collector *)(void *)transform;

    (void)request;
    (void)piece;
    assert_true(collector->length + bytes.length < sizeof collector->bytes);
    memcpy(collector->bytes + collector->length, bytes.bytes, bytes.length);
    collector->length += bytes.length;
    return 0;
}

/* A character may be cut anywhere between two pieces of a body; one that is cut short by the end is a
 * "?", and so is a byte that begins none. */
static void test_split(void **state)
{
    static const char text[] = "a\xe2\x82\xac"
                               "b\xc3\xa4\x80|\xc3\xb6\xe2\x82";
    static const struct http_charset_map map = {
        .utf8 = true,
        .backward = {['a'] = 'a', ['b'] = 'b', ['|'] = '|'},
        .wide = {[0x80] = {3, "\xe2\x82\xac"}, [0x81] = {2, "\xc3\xa4"}}};
    struct asked *asked = *state;

    asked_load(asked, "server { return 200; }");
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct http_request *request = asked_run(asked, "GET", "/", "");
        struct collector collector = {.transform = {.write = collect}};
        struct http_transform **first = &request->response.transforms;

        *first = NULL;
        assert_int_equal(http_recode(request, &(struct http_recoding){&map, true}), 0);
        http_add_transform(request, &collector.transform);
        assert_int_equal(http_pass(*first, request, (struct http_text){text, cut}, HTTP_PIECE_MORE), 0);
        assert_int_equal(http_pass(*first, request, (struct http_text){text + cut, sizeof text - 1 - cut},
                                   HTTP_PIECE_LAST),
                         0);
        collector.bytes[collector.length] = '\0';
        assert_string_equal(collector.bytes, "a\x80"
                                             "b\x81?|&#246;?");
    }
}

static void test_refused(void **state)
{
    struct asked *asked = *state;

    asked_refuse(asked, "charset_map a b { xx 41; }", "invalid value \"xx\"");
    asked_refuse(asked, "charset_map a b { 100 41; }", "invalid value \"100\"");
    asked_refuse(asked, "charset_map a a { 80 41; }", "between the same charsets");
    asked_refuse(asked, MAPS "server { source_charset wide; charset b; }", "no \"charset_map\" between");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_utf8, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_split, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
