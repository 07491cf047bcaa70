/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser of request heads: every case whole, cut at every byte, byte by byte and moved between buffers.
 */
#include <stdlib.h>

#include "tests/unit/http/protocol/request.h"

enum {
    TEXT_MAX = 8192,
};

/* What a parse came to: "MORE", a status, or method, target, version and "|name=value" for each field. */
struct outcome {
    char text[2 * TEXT_MAX];
    size_t length;
};

static void append(struct outcome *outcome, struct http_text text)
{
    assert_true(outcome->length + text.length + 1 < sizeof(outcome->text));
    memcpy(outcome->text + outcome->length, text.bytes, text.length);
    outcome->length += text.length;
    outcome->text[outcome->length] = '\0';
}

static void append_string(struct outcome *outcome, const char *string)
{
    append(outcome, (struct http_text){string, strlen(string)});
}

static void describe(struct outcome *outcome, enum http_parse verdict, const struct request *request)
{
    const struct http_head *head = &request->head;
    char number[16];
    outcome->length = 0;
    switch (verdict) {
    case HTTP_PARSE_MORE:
        append_string(outcome, "MORE");
        return;
    case HTTP_PARSE_FIELDS_FULL:
        append_string(outcome, "FULL");
        return;
    case HTTP_PARSE_BAD:
        assert_non_null(head->error);
        (void)snprintf(number, sizeof(number), "%u", request->parser.status);
        append_string(outcome, number);
        return;
    case HTTP_PARSE_DONE:
        break;
    }
    append(outcome, http_head_text(head, head->method_text));
    append_string(outcome, " ");
    append(outcome, http_head_text(head, head->target));
    struct http_text path = http_head_text(head, head->path);
    if (path.length && path.bytes[0] == '/') {
        assert_in_range(head->unmarked, 1, path.length);
        for (size_t i = 1; i < head->unmarked; i++)
            assert_null(strchr("#%./?", path.bytes[i]));
    }
    (void)snprintf(number, sizeof(number), " %u.%u", head->major, head->minor);
    append_string(outcome, number);
    for (unsigned i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        struct http_text name = http_field_name(head, field);
        append_string(outcome, "|");
        append(outcome, name);
        append_string(outcome, "=");
        append(outcome, http_field_value(head, field));
        assert_int_equal(field->id, http_field_lookup(name.bytes, name.length));
        assert_true(head->present >> field->id & 1);
        assert_true(head->first[field->id] == i || head->repeated >> field->id & 1);
    }
}

static void start(struct request *request, bool strict)
{
    struct http_parser_limits limits = {.strict_line_endings = strict};
    request->head.fields = request->fields;
    request->head.field_capacity = REQUEST_FIELDS;
    http_parser_init(&request->parser, &limits, &request->head);
}

/* Feeds ever longer prefixes, each flush with the guard page: those that `step` lays out, then everything. */
static void parse_steps(char *guard, const char *bytes, size_t length, size_t from, size_t step, bool strict,
                        struct outcome *outcome)
{
    struct request request;
    enum http_parse verdict = HTTP_PARSE_MORE;
    start(&request, strict);
    for (size_t filled = from; filled < length && verdict == HTTP_PARSE_MORE; filled += step)
        verdict = http_parser_feed(&request.parser, &request.head, guard_place(guard, bytes, filled), filled);
    if (verdict == HTTP_PARSE_MORE)
        verdict = http_parser_feed(&request.parser, &request.head, guard_place(guard, bytes, length), length);
    describe(outcome, verdict, &request);
}

/* Feeds a prefix, then moves the unfinished line to a second buffer and feeds the rest there. */
static void parse_moved(const char *bytes, size_t length, size_t cut, bool strict, struct outcome *outcome)
{
    static char second[TEXT_MAX];
    struct request request;
    start(&request, strict);
    enum http_parse verdict = http_parser_feed(&request.parser, &request.head, bytes, cut);
    if (verdict == HTTP_PARSE_MORE) {
        size_t unfinished = http_parser_unfinished(&request.parser, cut);
        size_t filled = unfinished + length - cut;
        memcpy(second, bytes + cut - unfinished, filled);
        assert_true(http_parser_move(&request.parser, &request.head));
        verdict = http_parser_feed(&request.parser, &request.head, second, filled);
    }
    describe(outcome, verdict, &request);
}

struct parse_case {
    const char *source; /* what demands it */
    struct http_text input;
    const char *expected;
};

static void check_all_cuts(char *guard, const struct parse_case *c, bool strict)
{
    struct http_text input = c->input;
    const char *expected = c->expected;
    static struct outcome outcome;
    size_t length = input.length;
    parse_steps(guard, input.bytes, length, length, 1, strict, &outcome);
    if (strcmp(outcome.text, expected) != 0)
        fail_msg("%s\n%s\ngave     %s\nexpected %s", c->source, input.bytes, outcome.text, expected);
    parse_steps(guard, input.bytes, length, 0, 1, strict, &outcome);
    assert_string_equal(outcome.text, expected);
    for (size_t cut = 0; cut < length; cut++) {
        parse_steps(guard, input.bytes, length, cut, length, strict, &outcome);
        assert_string_equal(outcome.text, expected);
        parse_moved(input.bytes, length, cut, strict, &outcome);
        assert_string_equal(outcome.text, expected);
    }
}

#define GET  "GET / HTTP/1.1\r\n"
#define LONG "0123456789abcdef0123456789abcdef"

static const struct parse_case request_lines[] = {
    {"RFC 9112 3", BYTES("GET /a?b=c HTTP/1.1\r\n\r\n"), "GET /a?b=c 1.1"},
    {"RFC 9112 3", BYTES("OPTIONS * HTTP/1.1\r\n\r\n"), "OPTIONS * 1.1"},
    {"RFC 9110 9.1: any token is a method", BYTES("!#$%&'*+-.^_`|~09az / HTTP/1.1\r\n\r\n"),
     "!#$%&'*+-.^_`|~09az / 1.1"},
    {"RFC 9112 2.3", BYTES("GET / HTTP/1.0\r\n\r\n"), "GET / 1.0"},
    {"RFC 9110 2.5: a higher minor version", BYTES("GET / HTTP/1.9\r\n\r\n"), "GET / 1.9"},
    {"RFC 9112 2.2: empty line before", BYTES("\r\nGET / HTTP/1.1\r\n\r\n"), "GET / 1.1"},
    {"RFC 9112 2.2: empty lines, bare LF", BYTES("\n\r\n\nGET / HTTP/1.1\n\n"), "GET / 1.1"},
    {"bounded: 16 empty lines", BYTES("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nGET / HTTP/1.1\n\n"), "GET / 1.1"},
    {"bounded: 17 empty lines", BYTES("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nGET / HTTP/1.1\n\n"), "400"},
    {"RFC 9112 3.2: obs-text as nginx", BYTES("GET /\xc3\xa4" LONG "\xff HTTP/1.1\r\n\r\n"),
     "GET /\xc3\xa4" LONG "\xff 1.1"},
    {"RFC 9112 3.2: unwise but harmless bytes", BYTES("GET /\"<>\\^`{|} HTTP/1.1\r\n\r\n"),
     "GET /\"<>\\^`{|} 1.1"},
    {"fragment is taken", BYTES("GET /a#b HTTP/1.1\r\n\r\n"), "GET /a#b 1.1"},
    {"RFC 9112 3: one blank", BYTES("GET  / HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3: one blank", BYTES("GET /  HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3: blank in the target", BYTES("GET /a b HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3: nothing behind the version", BYTES("GET / HTTP/1.1 \r\n\r\n"), "400"},
    {"RFC 9112 3: HTAB is no blank", BYTES("GET\t/ HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: no token", BYTES("G\"T / HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: first byte judged at once", BYTES("\x16\x03\x01"), "400"},
    {"RFC 9110 5.6.2: leading blank", BYTES(" GET / HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3.2: control byte", BYTES("GET /\x01 HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3.2: NUL", BYTES("GET /\0 HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3.2: DEL", BYTES("GET /\x7f HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 2.2: bare CR", BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), "400"},
    {"RFC 9112 2.2: bare CR before", BYTES("\rGET / HTTP/1.1\r\n\r\n"), "400"},
    {"HTTP/0.9 is not served", BYTES("GET /\r\n\r\n"), "400"},
    {"HTTP/0.9 is not served", BYTES("GET /\n"), "400"},
    {"HTTP/0.9 is not served", BYTES("GET / \r\n"), "400"},
    {"RFC 9112 3", BYTES("GET\r\n\r\n"), "400"},
    {"RFC 9112 2.3: case-sensitive", BYTES("GET / http/1.1\r\n\r\n"), "400"},
    {"RFC 9112 2.3: one digit", BYTES("GET / HTTP/1.10\r\n\r\n"), "400"},
    {"RFC 9112 2.3: one digit", BYTES("GET / HTTP/11.1\r\n\r\n"), "400"},
    {"RFC 9112 2.3", BYTES("GET / HTTP/1,1\r\n\r\n"), "400"},
    {"RFC 9112 2.3", BYTES("GET / HTTP/1.\r\n\r\n"), "400"},
    {"RFC 9112 2.3", BYTES("GET / ICE/1.0\r\n\r\n"), "400"},
    {"RFC 9110 15.6.6", BYTES("GET / HTTP/2.0\r\n\r\n"), "505"},
    {"RFC 9110 15.6.6", BYTES("GET / HTTP/0.9\r\n\r\n"), "505"},
    {"RFC 9112 3.2: neither path nor URI", BYTES("GET a/b HTTP/1.1\r\n\r\n"), "400"},
    {"RFC 9112 3.2.4: * is for OPTIONS", BYTES("GET * HTTP/1.1\r\n\r\n"), "400"},
    {"unfinished", BYTES("GET / HTTP/1.1"), "MORE"},
    {"unfinished", BYTES("GET / HTTP/1.1\r"), "MORE"},
    {"unfinished", BYTES("\r"), "MORE"},
    {"unfinished", BYTES("GET /\x01"), "MORE"},
};

static const struct parse_case field_lines[] = {
    {"RFC 9112 5", BYTES(GET "Host: a\r\nAccept: */*\r\n\r\n"), "GET / 1.1|Host=a|Accept=*/*"},
    {"RFC 9110 5.1: case", BYTES(GET "hOST:a\r\nuSER-aGENT: b\r\n\r\n"), "GET / 1.1|hOST=a|uSER-aGENT=b"},
    {"RFC 9112 5: no OWS", BYTES(GET "Host:a\r\n\r\n"), "GET / 1.1|Host=a"},
    {"RFC 9112 5: OWS", BYTES(GET "Host: \t a \t \r\n\r\n"), "GET / 1.1|Host=a"},
    {"RFC 9112 5: OWS", BYTES(GET "Host:  a\r\nAccept: \t\r\nRange:  " LONG "\r\n\r\n"),
     "GET / 1.1|Host=a|Accept=|Range=" LONG},
    {"a name of 15 letters", BYTES(GET "Accept-Encoding: a\r\nAccept-Language:b\r\n\r\n"),
     "GET / 1.1|Accept-Encoding=a|Accept-Language=b"},
    {"RFC 9112 5: OWS inside", BYTES(GET "Host: a\tb  c\r\n\r\n"), "GET / 1.1|Host=a\tb  c"},
    {"RFC 9110 5.5: empty value", BYTES(GET "Host:\r\nAccept: \r\nX:\t\r\n\r\n"),
     "GET / 1.1|Host=|Accept=|X="},
    {"RFC 9110 5.5: obs-text", BYTES(GET "Host: " LONG "\x80\xff" LONG "\r\n\r\n"),
     "GET / 1.1|Host=" LONG "\x80\xff" LONG},
    {"RFC 9110 5.6.2: all of tchar", BYTES(GET "!#$%&'*+-.^_`|~09azAZ: 1\r\n\r\n"),
     "GET / 1.1|!#$%&'*+-.^_`|~09azAZ=1"},
    {"a name of 16 letters", BYTES(GET "X-Requested-With: 1\r\nProxy-Connection: 2\r\n\r\n"),
     "GET / 1.1|X-Requested-With=1|Proxy-Connection=2"},
    {"long names",
     BYTES(GET "Upgrade-Insecure-Requests: 1\r\nX-Unknown-And-Longer-Than-32-Letters: 2\r\n\r\n"),
     "GET / 1.1|Upgrade-Insecure-Requests=1|X-Unknown-And-Longer-Than-32-Letters=2"},
    {"names about the width of a step",
     BYTES(GET "X-Forwarded-For: 1\r\nX-Forwarded-Host: 2\r\nIf-Modified-Since: "
               "3\r\nX2345678901234567890123456789Z: 4\r\n"
               "X23456789012345678901234567890Z: 5\r\nX234567890123456789012345678901Z: 6\r\n\r\n"),
     "GET / 1.1|X-Forwarded-For=1|X-Forwarded-Host=2|If-Modified-Since=3|X2345678901234567890123456789Z=4|"
     "X23456789012345678901234567890Z=5|X234567890123456789012345678901Z=6"},
    {"RFC 9110 5.6.2: late byte outside tchar", BYTES(GET "Upgrade-Insecure-Request@: " LONG "\r\n\r\n"),
     "400"},
    {"RFC 9110 5.6.2: unknown name", BYTES(GET "Sec-CH-UA Platform: " LONG "\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: unknown name", BYTES(GET "X\xc3\xa9: " LONG "\r\n\r\n"), "400"},
    {"short names", BYTES(GET "a: 1\r\nTE: trailers\r\nab: 2\r\nVia: 3\r\n\r\n"),
     "GET / 1.1|a=1|TE=trailers|ab=2|Via=3"},
    {"colons in a value", BYTES(GET "Host: [::1]:80\r\nA::b\r\n\r\n"), "GET / 1.1|Host=[::1]:80|A=:b"},
    {"repeated names", BYTES(GET "Host: a\r\nHost: b\r\nX: 1\r\nX: 2\r\n\r\n"),
     "GET / 1.1|Host=a|Host=b|X=1|X=2"},
    {"RFC 9112 2.2: bare LF", BYTES("GET / HTTP/1.1\nHost: a\nAccept: b \n\n"), "GET / 1.1|Host=a|Accept=b"},
    {"long value", BYTES(GET "Host: " LONG LONG "x\r\nAccept: " LONG "\r\n\r\n"),
     "GET / 1.1|Host=" LONG LONG "x|Accept=" LONG},
    {"RFC 9112 5.1: blank before the colon", BYTES(GET "Host : a\r\n\r\n"), "400"},
    {"RFC 9112 5.1: HTAB before the colon", BYTES(GET "Host\t: a\r\n\r\n"), "400"},
    {"RFC 9112 5.2: obs-fold", BYTES(GET "Host: a\r\n b\r\n\r\n"), "400"},
    {"RFC 9112 5.2: obs-fold", BYTES(GET "Host: a\r\n\tb: c\r\n\r\n"), "400"},
    {"RFC 9112 2.2: blank after the request line", BYTES(GET " Host: a\r\n\r\n"), "400"},
    {"RFC 9110 5.1: empty name", BYTES(GET ": a\r\n\r\n"), "400"},
    {"RFC 9112 5: no colon", BYTES(GET "Host\r\nAccept: a\r\n\r\n"), "400"},
    {"RFC 9112 5: no colon", BYTES(GET "Host\nAccept: a\n\n"), "400"},
    {"RFC 9110 5.6.2: byte outside tchar", BYTES(GET "Ho\xc3st: a\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: byte outside tchar", BYTES(GET "Ho@t: a\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: CR is not -", BYTES(GET "User\rAgent: a\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: CR is not -", BYTES(GET "User\rAgent: " LONG "\r\n\r\n"), "400"},
    {"RFC 9110 5.6.2: NUL in a name", BYTES(GET "Ho\0t: a\r\n\r\n"), "400"},
    {"RFC 9110 5.5: NUL", BYTES(GET "Host: a\0b\r\n\r\n"), "400"},
    {"RFC 9110 5.5: control byte", BYTES(GET "Host: a\x1f" LONG "\r\n\r\n"), "400"},
    {"RFC 9110 5.5: DEL", BYTES(GET "Host: " LONG "\x7f\r\n\r\n"), "400"},
    {"RFC 9110 5.5: bare CR", BYTES(GET "Host: a\rb\r\n\r\n"), "400"},
    {"RFC 9110 5.5: bare CR", BYTES(GET "Host: a\r\r\n\r\n"), "400"},
    {"RFC 9112 2.2: bare CR for the last line", BYTES(GET "Host: a\r\n\rX: b\r\n\r\n"), "400"},
    {"unfinished", BYTES(GET "Host: a\r\n"), "MORE"},
    {"unfinished", BYTES(GET "Host: a\r\n\r"), "MORE"},
    {"a verdict waits for the line", BYTES(GET "Host: a\x01"), "MORE"},
};

static const struct parse_case strict_lines[] = {
    {"RFC 9112 2.2", BYTES(GET "Host: a\r\n\r\n"), "GET / 1.1|Host=a"},
    {"RFC 9112 2.2: LF", BYTES("GET / HTTP/1.1\nHost: a\r\n\r\n"), "400"},
    {"RFC 9112 2.2: LF", BYTES(GET "Host: a\n\r\n"), "400"},
    {"RFC 9112 2.2: LF", BYTES(GET "Host: a\r\n\n"), "400"},
    {"RFC 9112 2.2: LF", BYTES("\nGET / HTTP/1.1\r\n\r\n"), "400"},
};

static void check_table(const struct parse_case *cases, size_t count, bool strict)
{
    char *guard = guard_create();
    for (size_t i = 0; i < count; i++)
        check_all_cuts(guard, &cases[i], strict);
    guard_destroy(guard);
}

static void test_request_lines(void **state)
{
    (void)state;
    check_table(request_lines, sizeof(request_lines) / sizeof(request_lines[0]), false);
}

static void test_field_lines(void **state)
{
    (void)state;
    check_table(field_lines, sizeof(field_lines) / sizeof(field_lines[0]), false);
}

static void test_strict_line_endings(void **state)
{
    (void)state;
    check_table(strict_lines, sizeof(strict_lines) / sizeof(strict_lines[0]), true);
}

/* The body, or the next request, begins where the parser says (RFC 9112 2.1). */
static void test_offset_behind_head(void **state)
{
    (void)state;
    static const char text[] = "\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\nbody: GET / HTTP/1.1\r\n";
    struct request request;
    start(&request, false);
    assert_int_equal(http_parser_feed(&request.parser, &request.head, text, sizeof(text) - 1),
                     HTTP_PARSE_DONE);
    assert_string_equal(text + request.parser.offset, "body: GET / HTTP/1.1\r\n");
    assert_int_equal(request.head.method, HTTP_METHOD_POST);
    struct http_text line = http_head_text(&request.head, request.head.request_line);
    assert_int_equal(line.length, strlen("POST / HTTP/1.1"));
}

static void test_fields_full_goes_on(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nAccept: c\r\n\r\n";
    static struct outcome outcome;
    struct request request;
    start(&request, false);
    enum http_parse verdict;
    unsigned grown = 0;
    request.head.field_capacity = 0;
    while ((verdict = http_parser_feed(&request.parser, &request.head, text, sizeof(text) - 1)) ==
           HTTP_PARSE_FIELDS_FULL) {
        request.head.field_capacity++;
        grown++;
    }
    assert_int_equal(grown, 3);
    describe(&outcome, verdict, &request);
    assert_string_equal(outcome.text, "GET / 1.1|Host=a|X=b|Accept=c");
}

static void test_moves_end(void **state)
{
    (void)state;
    struct request request;
    start(&request, false);
    for (int i = 1; i < HTTP_HEAD_BUFFERS; i++)
        assert_true(http_parser_move(&request.parser, &request.head));
    assert_false(http_parser_move(&request.parser, &request.head));
}

static void test_what_has_begun(void **state)
{
    (void)state;
    struct request request;
    start(&request, false);
    assert_int_equal(http_parser_feed(&request.parser, &request.head, "\r\n", 2), HTTP_PARSE_MORE);
    assert_false(http_parser_begun(&request.parser));
    assert_int_equal(http_parser_feed(&request.parser, &request.head, "\r\nG", 3), HTTP_PARSE_MORE);
    assert_true(http_parser_begun(&request.parser));
    assert_true(http_parser_in_request_line(&request.parser));
    assert_int_equal(http_parser_feed(&request.parser, &request.head, "\r\nGET / HTTP/1.0\r\n", 18),
                     HTTP_PARSE_MORE);
    assert_false(http_parser_in_request_line(&request.parser));
    assert_true(http_parser_begun(&request.parser));
}

/* A name longer than a field can say is refused as too large, not cut (RFC 6585 5). */
static void test_name_too_long(void **state)
{
    (void)state;
    enum { LENGTH = 70000, HEAD = 16 };
    char *text = malloc(LENGTH);
    assert_non_null(text);
    memset(text, 'a', LENGTH);
    memcpy(text, GET, HEAD);
    memcpy(text + LENGTH - 5, ":\r\n\r\n", 5);
    struct request request;
    start(&request, false);
    assert_int_equal(http_parser_feed(&request.parser, &request.head, text, LENGTH), HTTP_PARSE_BAD);
    assert_int_equal(request.parser.status, 431);
    free(text);
}

/* Random damage to a good request: all at once and byte by byte come to the same. */
static void test_random_damage(void **state)
{
    (void)state;
    static const char good[] = "GET /index.html?q=1 HTTP/1.1\r\nHost: localhost:8080\r\nX-Odd: \x80 a\r\n"
                               "Accept-Encoding: gzip, deflate\r\nUpgrade-Insecure-Requests: 1\r\n"
                               "Sec-CH-UA-Platform: Linux\r\nConnection: keep-alive\r\n\r\n";
    static const char bytes[] = "\r\n\t :\0\x01\x7f\x80-aZ/%";
    static struct outcome whole, split;
    const char *given = getenv("SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 20240;
    print_message("SEED=%u\n", seed);
    char *guard = guard_create();
    for (int round = 0; round < 3000; round++) {
        char text[sizeof(good)];
        memcpy(text, good, sizeof(good));
        for (int damage = rand_r(&seed) % 4; damage >= 0; damage--)
            text[(size_t)rand_r(&seed) % (sizeof(good) - 1)] =
                bytes[(size_t)rand_r(&seed) % (sizeof(bytes) - 1)];
        size_t length = sizeof(good) - 1 - (size_t)rand_r(&seed) % 20;
        parse_steps(guard, text, length, length, 1, false, &whole);
        parse_steps(guard, text, length, 0, 1 + (size_t)rand_r(&seed) % 3, false, &split);
        assert_string_equal(whole.text, split.text);
        parse_moved(text, length, (size_t)rand_r(&seed) % length, false, &split);
        assert_string_equal(whole.text, split.text);
    }
    guard_destroy(guard);
}

/* RFC 9112 3: a method longer than any that is implemented is 501, a long target 414. */
static void test_overlong(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {{"GET /aaaa", 414},       {"PROPPATCH /", 414},
                {"PROPPATCHX /", 501},    {"AAAAAAAA", 501},
                {"GET\x01 /", 400},       {"\r\nGET /", 414},
                {"G(T /", 400},           {"GET / HTTP/1.1\r\nA: b", 431},
                {"\r\nAAAAAAAAAAAA", 501}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_field fields[4];
        struct http_head head = {.fields = fields, .field_capacity = 4};
        struct http_parser parser;
        const struct http_parser_limits limits = {false};
        http_parser_init(&parser, &limits, &head);
        assert_int_equal(http_parser_feed(&parser, &head, rows[i].text, strlen(rows[i].text)),
                         HTTP_PARSE_MORE);
        assert_int_equal(http_parser_overlong(&parser, rows[i].text, strlen(rows[i].text)), rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_lines),       cmocka_unit_test(test_field_lines),
        cmocka_unit_test(test_strict_line_endings), cmocka_unit_test(test_offset_behind_head),
        cmocka_unit_test(test_fields_full_goes_on), cmocka_unit_test(test_moves_end),
        cmocka_unit_test(test_what_has_begun),      cmocka_unit_test(test_name_too_long),
        cmocka_unit_test(test_random_damage),       cmocka_unit_test(test_overlong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
