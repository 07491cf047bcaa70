/* SPDX-License-Identifier: BSD-2-Clause */
/* The chunked coding: every case whole, byte by byte, cut at every byte. */
#include "http/protocol/chunked.h"
#include "tests/unit/http/protocol/request.h"

struct chunked_case {
    const char *source;
    struct http_text input;
    const char *expected; /* the data, or "BAD", "MORE", "LARGE" */
};

#define END "0\r\n\r\n"

static const struct chunked_case cases[] = {
    {"RFC 9112 7.1", BYTES(END), ""},
    {"RFC 9112 7.1", BYTES("5\r\nhello\r\n" END), "hello"},
    {"RFC 9112 7.1", BYTES("5\r\nhello\r\n6\r\n world\r\n" END), "hello world"},
    {"RFC 9112 7.1: what follows stays", BYTES(END "GET / HTTP/1.1\r\n"), ""},
    {"RFC 9112 7.1: hexadecimal", BYTES("0a\r\n0123456789\r\nA\r\n0123456789\r\n" END),
     "01234567890123456789"},
    {"RFC 9112 7.1: CRLF is data", BYTES("4\r\n\r\n\r\n\r\n" END), "\r\n\r\n"},
    {"RFC 9112 7.1: last-chunk = 1*\"0\"", BYTES("000\r\n\r\n"), ""},
    {"RFC 9112 7.1: leading zeros", BYTES("0000000000000001\r\na\r\n" END), "a"},
    {"leading zeros are bounded", BYTES("000000000000000000000000000000001\r\na\r\n" END), "BAD"},
    {"RFC 9112 7.1: no size", BYTES("\r\n"), "BAD"},
    {"RFC 9112 7.1: no HEXDIG", BYTES("g\r\n"), "BAD"},
    {"RFC 9112 7.1: sign", BYTES("+5\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: sign", BYTES("-5\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: 0x", BYTES("0x5\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: underscore", BYTES("1_0\r\n"), "BAD"},
    {"RFC 9112 7.1: blank before", BYTES(" 5\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: blank behind", BYTES("5 \r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: HTAB behind", BYTES("5\t\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: bare LF", BYTES("5\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: bare LF", BYTES("5\r\nhello\n" END), "BAD"},
    {"RFC 9112 7.1: bare LF", BYTES("0\r\n\n"), "BAD"},
    {"RFC 9112 7.1: bare CR", BYTES("5\rhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: bare CR", BYTES("5\r\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1: too much data", BYTES("5\r\nhelloo\r\n" END), "BAD"},
    {"RFC 9112 7.1: no CRLF", BYTES("5\r\nhello" END), "BAD"},
    {"RFC 9112 7.1: NUL", BYTES("5\0\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: overflow", BYTES("8000000000000000\r\n"), "BAD"},
    {"RFC 9112 7.1.1: overflow", BYTES("ffffffffffffffff5\r\nhello\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: overflow", BYTES("10000000000000005\r\nhello\r\n" END), "BAD"},
    {"the largest", BYTES("7fffffffffffffff\r\nhello"), "MORE"},
    {"unfinished", BYTES(""), "MORE"},
    {"unfinished", BYTES("5\r\nhel"), "MORE"},
    {"unfinished", BYTES("0\r\n\r"), "MORE"},
    {"RFC 9112 7.1.1", BYTES("1;a\r\nx\r\n" END), "x"},
    {"RFC 9112 7.1.1", BYTES("1;a=b;c=d;e\r\nx\r\n" END), "x"},
    {"RFC 9112 7.1.1", BYTES("1;a=\"b;\\\"\t\x80\\\\\";c\r\nx\r\n0;d=e\r\n\r\n"), "x"},
    {"RFC 9112 7.1.1: empty string", BYTES("1;a=\"\"\r\nx\r\n" END), "x"},
    {"RFC 9112 7.1.1: BWS", BYTES("1 \t; a = b ; c = \"d\" ;e\r\nx\r\n" END), "x"},
    {"RFC 9112 7.1.1: BWS needs ;", BYTES("1;a \r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: BWS needs ;", BYTES("1;a=b \r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: BWS needs ;", BYTES("1;a=\"b\" \r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: no name", BYTES("1;\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: no name", BYTES("1;=b\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: no name", BYTES("1;;a\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: no value", BYTES("1;a=\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: no ;", BYTES("1 a\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: two names", BYTES("1;a b\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: two values", BYTES("1;a=b c\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: behind the quote", BYTES("1;a=\"b\"c\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: open quote", BYTES("1;a=\"b\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: open quote", BYTES("1;a=\"b\\\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: bare LF", BYTES("1;a\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: NUL", BYTES("1;a\0b\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.1: DEL", BYTES("1;a=\"\x7f\"\r\nx\r\n" END), "BAD"},
    {"RFC 9112 7.1.2", BYTES("0\r\nA: b\r\nX-C:\t d \x80\r\nE:\r\n\r\n"), ""},
    {"RFC 9112 7.1.2: long name", BYTES("0\r\nContent-Length-Of-Nothing: 1\r\n\r\n"), ""},
    {"RFC 9112 7.1.2: no colon", BYTES("0\r\nA\r\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: blank before the colon", BYTES("0\r\nA : b\r\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: obs-fold", BYTES("0\r\nA: b\r\n c\r\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: empty name", BYTES("0\r\n: b\r\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: bare LF", BYTES("0\r\nA: b\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: bare CR", BYTES("0\r\nA: b\rc\r\n\r\n"), "BAD"},
    {"RFC 9112 7.1.2: NUL", BYTES("0\r\nA: \0\r\n\r\n"), "BAD"},
    {"RFC 9110 6.5.1", BYTES("0\r\nContent-Length: 5\r\n\r\n"), "BAD"},
    {"RFC 9110 6.5.1", BYTES("0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n"), "BAD"},
    {"RFC 9110 6.5.1", BYTES("0\r\nHOST: a\r\n\r\n"), "BAD"},
};

/* What became of a body: its data, or how it failed. */
struct decoded {
    char text[256];
    size_t length;
    size_t consumed;
    bool ended;
};

/* Feeds one part that lies flush with the guard page. */
static void feed(struct http_chunked *chunked, char *guard, const char *bytes, size_t length,
                 struct decoded *decoded)
{
    const char *in = guard_place(guard, bytes, length), *end = in + length;
    for (;;) {
        size_t consumed;
        struct http_text data;
        enum http_chunked_result result =
            http_chunked_next(chunked, in, (size_t)(end - in), &consumed, &data);
        assert_true(consumed <= (size_t)(end - in));
        if (result == HTTP_CHUNKED_DATA) {
            assert_true(data.length > 0 && data.bytes >= in && data.bytes + data.length == in + consumed);
            memcpy(decoded->text + decoded->length, data.bytes, data.length);
            decoded->length += data.length;
        }
        in += consumed;
        decoded->consumed += consumed;
        if (result == HTTP_CHUNKED_DATA)
            continue;
        decoded->text[decoded->length] = '\0';
        decoded->ended = result != HTTP_CHUNKED_MORE;
        if (result == HTTP_CHUNKED_MORE)
            assert_ptr_equal(in, end);
        if (result == HTTP_CHUNKED_BAD)
            strcpy(decoded->text, "BAD");
        if (result == HTTP_CHUNKED_TOO_LARGE)
            strcpy(decoded->text, "LARGE");
        return;
    }
}

static void decode(char *guard, struct http_text input, size_t first, size_t step, struct decoded *decoded)
{
    struct http_chunked chunked;
    http_chunked_init(&chunked);
    *decoded = (struct decoded){.length = 0};
    feed(&chunked, guard, input.bytes, first, decoded);
    for (size_t at = first; at < input.length && !decoded->ended; at += step) {
        size_t length = input.length - at < step ? input.length - at : step;
        feed(&chunked, guard, input.bytes + at, length, decoded);
    }
    if (!decoded->ended)
        strcpy(decoded->text, "MORE");
}

static void test_cases(void **state)
{
    (void)state;
    char *guard = guard_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_text input = cases[i].input;
        struct decoded whole, parts;
        decode(guard, input, input.length, 1, &whole);
        if (strcmp(whole.text, cases[i].expected) != 0)
            fail_msg("%s: %s gave %s", cases[i].source, input.bytes, whole.text);
        decode(guard, input, 0, 1, &parts);
        assert_string_equal(parts.text, whole.text);
        assert_int_equal(parts.consumed, whole.consumed);
        for (size_t cut = 0; cut <= input.length; cut++) {
            decode(guard, input, cut, input.length, &parts);
            assert_string_equal(parts.text, whole.text);
            assert_int_equal(parts.consumed, whole.consumed);
        }
    }
    guard_destroy(guard);
}

/* The next request begins behind the last CRLF and is left alone; so is everything once the body has ended.
 */
static void test_end_is_final(void **state)
{
    (void)state;
    struct http_chunked chunked;
    struct http_text data;
    size_t consumed;
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_next(&chunked, END "GET", 8, &consumed, &data), HTTP_CHUNKED_DONE);
    assert_int_equal(consumed, 5);
    assert_int_equal(http_chunked_next(&chunked, "GET", 3, &consumed, &data), HTTP_CHUNKED_DONE);
    assert_int_equal(consumed, 0);
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_next(&chunked, "x", 1, &consumed, &data), HTTP_CHUNKED_BAD);
    assert_int_equal(http_chunked_next(&chunked, END, 5, &consumed, &data), HTTP_CHUNKED_BAD);
    assert_int_equal(consumed, 0);
}

/* Repeats `unit` after `start` and returns how many bytes of repetitions were taken before it was too much.
 */
static size_t bytes_taken(const char *start, const char *unit)
{
    struct http_chunked chunked;
    struct http_text data;
    size_t consumed, taken = 0;
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_next(&chunked, start, strlen(start), &consumed, &data), HTTP_CHUNKED_MORE);
    for (;;) {
        enum http_chunked_result result = http_chunked_next(&chunked, unit, strlen(unit), &consumed, &data);
        if (result == HTTP_CHUNKED_TOO_LARGE)
            return taken;
        assert_true(result == HTTP_CHUNKED_MORE || result == HTTP_CHUNKED_DATA);
        taken += consumed;
    }
}

/* RFC 9112 7.1.1: a recipient ought to limit the total length of extensions; trailers likewise. */
static void test_limits(void **state)
{
    (void)state;
    assert_in_range(bytes_taken("1", ";a"), HTTP_CHUNKED_EXTENSIONS - 2, HTTP_CHUNKED_EXTENSIONS + 1);
    assert_in_range(bytes_taken("0\r\n", "a: b\r\n"), HTTP_CHUNKED_TRAILERS - 6, HTTP_CHUNKED_TRAILERS);
    assert_in_range(bytes_taken("0\r\n", "a"), HTTP_CHUNKED_TRAILERS - 1, HTTP_CHUNKED_TRAILERS);
}

/* The bound is on all extensions of a body together, however small the chunks. */
static void test_extensions_add_up(void **state)
{
    (void)state;
    struct http_chunked chunked;
    http_chunked_init(&chunked);
    static const char chunk[] = "1;abcdefgh\r\nx\r\n";
    for (unsigned chunks = 0;; chunks++) {
        assert_in_range(chunks, 0, HTTP_CHUNKED_EXTENSIONS / 8);
        const char *in = chunk, *end = chunk + sizeof(chunk) - 1;
        enum http_chunked_result result = HTTP_CHUNKED_MORE;
        while (in < end && result != HTTP_CHUNKED_TOO_LARGE) {
            size_t consumed;
            struct http_text data;
            result = http_chunked_next(&chunked, in, (size_t)(end - in), &consumed, &data);
            in += consumed;
        }
        if (result == HTTP_CHUNKED_TOO_LARGE)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_end_is_final),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_extensions_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
