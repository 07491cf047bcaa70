/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a request head. The first byte says how they are cut: whole, cut and moved between buffers
 * they come to the same; spans lie inside their buffers and say what the grammar allows; whatever was parsed
 * is then decided upon.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/protocol/condition.h"
#include "http/protocol/framing.h"
#include "http/protocol/host.h"
#include "http/protocol/parser.h"
#include "http/protocol/range.h"
#include "tests/fuzz/check.h"

enum {
    FIELDS = 16,
};

struct parse {
    enum http_parse verdict;
    struct http_parser parser;
    struct http_head head;
    struct http_field fields[FIELDS];
    char *buffers[2]; /* of just the size, so that a sanitizer sees every step outside */
    size_t filled;    /* of the last buffer */
};

static char *copy_of(const char *bytes, size_t length)
{
    char *copy = malloc(length + (length == 0));
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

static void begin(struct parse *parse, bool strict)
{
    struct http_parser_limits limits = {.strict_line_endings = strict};
    memset(parse, 0, sizeof(*parse));
    parse->head.fields = parse->fields;
    parse->head.field_capacity = FIELDS;
    http_parser_init(&parse->parser, &limits, &parse->head);
}

/* Feeds `length` bytes as the current buffer, in a copy of their own. */
static void feed(struct parse *parse, const char *bytes, size_t length)
{
    unsigned buffer = parse->head.buffer_count - 1u;
    free(parse->buffers[buffer]);
    parse->buffers[buffer] = copy_of(bytes, length);
    parse->filled = length;
    parse->verdict = http_parser_feed(&parse->parser, &parse->head, parse->buffers[buffer], length);
}

static void parse_whole(struct parse *parse, const char *bytes, size_t length, bool strict)
{
    begin(parse, strict);
    feed(parse, bytes, length);
}

/* In steps of `step` bytes; at half of the input the unfinished line moves to a second buffer. */
static void parse_cut(struct parse *parse, const char *bytes, size_t length, bool strict, size_t step)
{
    size_t start = 0, filled = 0;
    bool moved = false;
    begin(parse, strict);
    do {
        filled = length - filled > step ? filled + step : length;
        feed(parse, bytes + start, filled - start);
        if (parse->verdict == HTTP_PARSE_MORE && !moved && filled >= length / 2) {
            start = filled - http_parser_unfinished(&parse->parser, filled);
            moved = true;
            CHECK(http_parser_move(&parse->parser, &parse->head));
            feed(parse, bytes + start, filled - start);
        }
    } while (parse->verdict == HTTP_PARSE_MORE && filled < length);
}

static void end(struct parse *parse)
{
    free(parse->buffers[0]);
    free(parse->buffers[1]);
}

static bool same(struct http_text a, struct http_text b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static void check_same(const struct parse *a, const struct parse *b)
{
    CHECK(a->verdict == b->verdict);
    CHECK(a->parser.status == b->parser.status && a->head.error == b->head.error);
    if (a->verdict != HTTP_PARSE_DONE)
        return;
    CHECK(a->head.method == b->head.method && a->head.form == b->head.form && a->head.minor == b->head.minor);
    CHECK(same(http_head_text(&a->head, a->head.target), http_head_text(&b->head, b->head.target)));
    CHECK(same(http_head_text(&a->head, a->head.path), http_head_text(&b->head, b->head.path)));
    CHECK(a->head.field_count == b->head.field_count);
    for (unsigned i = 0; i < a->head.field_count; i++) {
        const struct http_field *x = &a->head.fields[i], *y = &b->head.fields[i];
        CHECK(x->id == y->id && same(http_field_name(&a->head, x), http_field_name(&b->head, y)));
        CHECK(same(http_field_value(&a->head, x), http_field_value(&b->head, y)));
    }
}

/* RFC 9110 5.5, 5.6.2: what came through consists of what may. */
static void check_spans(const struct parse *parse)
{
    CHECK(parse->parser.offset <= parse->filled);
    for (unsigned i = 0; i < parse->head.field_count; i++) {
        const struct http_field *field = &parse->head.fields[i];
        CHECK((size_t)field->value + field->value_length <= parse->filled);
        CHECK((size_t)field->name + field->name_length < parse->filled && field->name_length > 0);
        struct http_text name = http_field_name(&parse->head, field),
                         value = http_field_value(&parse->head, field);
        for (size_t at = 0; at < name.length; at++)
            CHECK(http_char_is(name.bytes[at], HTTP_CHAR_TOKEN));
        for (size_t at = 0; at < value.length; at++)
            CHECK(http_char_is(value.bytes[at], HTTP_CHAR_VALUE));
        CHECK(field->id == http_field_lookup(name.bytes, name.length));
        if (value.length > 0)
            CHECK(strchr(" \t", value.bytes[0]) == NULL &&
                  strchr(" \t", value.bytes[value.length - 1]) == NULL);
    }
}

static void decide(struct http_head *head)
{
    struct http_framing_result framing;
    struct http_host host;
    struct http_range ranges[4];
    unsigned count;
    const struct http_validators validators = {{"\"5f-1\"", 6}, 784111777};

    int status = http_framing_decide(head, &framing);
    CHECK(status == 0 || status == 400 || status == 417 || status == 501);
    CHECK(status == 0 || !framing.keep_alive);
    CHECK((framing.framing == HTTP_FRAMING_LENGTH) == (framing.content_length >= 0) || status != 0);
    if (http_host_decide(head, &host) == 0)
        CHECK(host.name.length > 0 || head->minor == 0);
    (void)http_condition_evaluate(head, &validators, HTTP_IMS_BEFORE);
    (void)http_condition_range(head, &validators);
    const struct http_field *range = http_head_find(head, HTTP_FIELD_RANGE);
    if (range != NULL &&
        http_range_parse(http_field_value(head, range), 1000, ranges, 4, &count) == HTTP_RANGE_OK) {
        CHECK(count >= 1 && count <= 4);
        for (unsigned i = 0; i < count; i++)
            CHECK(0 <= ranges[i].first && ranges[i].first <= ranges[i].last && ranges[i].last < 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parse whole, cut;
    if (size == 0)
        return 0;
    const char *bytes = (const char *)data + 1;
    bool strict = (data[0] & 1) != 0;
    parse_whole(&whole, bytes, size - 1, strict);
    parse_cut(&cut, bytes, size - 1, strict, (size_t)(data[0] >> 1) % 32 + 1);
    check_same(&whole, &cut);
    if (whole.verdict == HTTP_PARSE_DONE) {
        check_spans(&whole);
        decide(&whole.head);
    }
    end(&whole);
    end(&cut);
    return 0;
}
