/* SPDX-License-Identifier: BSD-2-Clause */
/* From line to line: those of the usual form by the short way here, all others by lines.h. */
#include "http/protocol/parser.h"
#include "http/protocol/lines.h"
#include "http/protocol/scan.h"

void http_parser_init(struct http_parser *parser, const struct http_parser_limits *limits,
                      struct http_head *head)
{
    *parser = (struct http_parser){.strict_line_endings = limits->strict_line_endings};
    head->field_count = 0;
    head->buffer_count = 1;
    head->method = HTTP_METHOD_UNKNOWN;
    head->form = HTTP_TARGET_ORIGIN;
    head->line_buffer = head->major = head->minor = 0;
    head->request_line = head->method_text = head->target = (struct http_span){0, 0};
    head->authority = head->path = (struct http_span){0, 0};
    head->present = head->repeated = 0;
    head->error = NULL;
}

bool http_parser_move(struct http_parser *parser, struct http_head *head)
{
    if (head->buffer_count == HTTP_HEAD_BUFFERS)
        return false;
    head->buffers[head->buffer_count++] = NULL;
    parser->scanned = parser->scanned > parser->line ? parser->scanned - parser->line : 0;
    parser->line = 0;
    return true;
}

/* Eight bytes as a number, for one compare. */
static inline uint64_t word_of(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline bool at_crlf(const char *at)
{
    return !memcmp(at, "\r\n", 2);
}

/*
 * Takes a request line of the usual form: GET, a path without a fragment, HTTP/1.1, CRLF, with what comes
 * behind it. Anything else is left to lines.c.
 */
static void take_usual_line(struct http_parser *parser, struct http_head *head, const struct http_fed *fed)
{
    enum { METHOD = sizeof "GET " - 1, ENDING = HTTP_VERSION_LENGTH + 2, MIN = METHOD + 2 + ENDING };
    const char *start = fed->base + parser->line, *target = start + METHOD, *stop;
    struct http_span path;

    if (fed->end - start < MIN || memcmp(start, "GET /", METHOD + 1))
        return;
    stop = scan_stop_wide(target, fed->end, SCAN_BLANKS);
    if (fed->end - stop < 1 + ENDING || *stop != ' ' || word_of(stop + 1) != word_of("HTTP/1.1") ||
        !at_crlf(stop + 1 + HTTP_VERSION_LENGTH) || memchr(target, '#', (size_t)(stop - target)))
        return;
    path = (struct http_span){parser->line + METHOD, (uint32_t)(stop - target)};
    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->major = head->minor = 1;
    head->method = HTTP_METHOD_GET;
    head->form = HTTP_TARGET_ORIGIN;
    head->method_text = (struct http_span){parser->line, METHOD - 1};
    head->target = head->path = path;
    head->authority = (struct http_span){path.offset, 0};
    head->request_line = (struct http_span){parser->line, METHOD + path.length + 1 + HTTP_VERSION_LENGTH};
    parser->line += head->request_line.length + 2;
    parser->in_fields = true;
}

enum {
    USUAL_MIN = SCAN_WIDTH + sizeof ":v" - 1, /* bytes that must be there to look at a line … */
    USUAL_LONG = USUAL_MIN + SCAN_WIDTH       /* … and at one with a long name: longer ones are unusual */
};

/* The length of the name in front of the first colon that is not among the first SCAN_WIDTH bytes. 0: none is
 * found. */
__attribute__((noinline)) static size_t long_name(const char *line, const char *end)
{
    size_t length = end - line < USUAL_LONG ? SCAN_WIDTH : scan_colon_wide(line + SCAN_WIDTH);

    return length < SCAN_WIDTH ? SCAN_WIDTH + length : 0;
}

/* http_field_lookup for a name of which, and of what is behind it, 16 bytes may be read. */
static inline enum http_field_id lookup_wide(const char *name, size_t length)
{
    enum http_field_id id;
    const struct http_known_name *known;
    size_t first = length < SCAN_WIDTH ? length : SCAN_WIDTH, rest = length - first;

    if (__builtin_expect(length < HTTP_NAME_HASHED_MIN, 0))
        return http_field_lookup(name, length);
    id = http_field_candidate(name, length);
    known = &http_field_names[id];
    return known->length == length && scan_equals_wide(name, known->text, first) &&
                   (!rest || scan_equals_wide(name + rest, known->text + rest, SCAN_WIDTH))
               ? id
               : HTTP_FIELD_OTHER;
}

/*
 * Takes fields of the usual form: a name that is not very long, at most one blank, a value that is not empty
 * and has no HTAB, no blank at its end, CRLF. Stops at the first other one, which may be bad, unfinished or
 * only unusual: lines.c judges it. True: the empty line that ends the head has been taken, too.
 */
static bool take_usual_fields(struct http_parser *parser, struct http_head *head, const struct http_fed *fed)
{
    const char *base = fed->base, *end = fed->end, *at = base + parser->line;
    struct http_field *field = head->fields + head->field_count, *full = head->fields + head->field_capacity;
    uint8_t buffer = (uint8_t)(head->buffer_count - 1);
    uint64_t present = head->present;

    for (; end - at >= USUAL_MIN && field < full; field++) {
        size_t name_length = scan_colon_wide(at);
        enum http_field_id id;
        const char *value, *stop;
        uint64_t bit;

        if (name_length == SCAN_WIDTH)
            name_length = long_name(at, end);
        if (!name_length)
            break;
        id = lookup_wide(at, name_length);
        bit = UINT64_C(1) << id;
        if (id == HTTP_FIELD_OTHER && http_skip_token(at, end) != at + name_length)
            break;
        value = at + name_length + 1;
        value += *value == ' ';
        if ((unsigned char)*value <= ' ')
            break;
        stop = scan_stop_wide(value, end, SCAN_CONTROLS);
        if (end - stop < 2 || !at_crlf(stop) || stop[-1] == ' ')
            break;
        *field = (struct http_field){.name = (uint32_t)(at - base),
                                     .value = (uint32_t)(value - base),
                                     .value_length = (uint32_t)(stop - value),
                                     .name_length = (uint16_t)name_length,
                                     .buffer = buffer,
                                     .id = (uint8_t)id};
        if (__builtin_expect((present & bit) != 0, 0))
            head->repeated |= bit;
        else
            head->first[id] = (uint16_t)(field - head->fields);
        present |= bit;
        at = stop + 2;
    }
    head->present = present;
    head->field_count = (uint16_t)(field - head->fields);
    parser->line = (uint32_t)(at - base);
    if (end - at < 2 || !at_crlf(at))
        return false;
    parser->line += 2;
    return true;
}

int http_parser_overlong(const struct http_parser *parser, const char *buffer, size_t filled)
{
    const char *start = buffer + parser->line, *end = buffer + filled, *at;

    if (parser->in_fields)
        return 431;
    at = http_skip_token(start, end);
    if (at < end && *at != ' ')
        return 400;
    return at == end || at - start > HTTP_METHOD_LONGEST ? 501 : 414;
}

enum http_parse http_parser_feed(struct http_parser *parser, struct http_head *head, const char *buffer,
                                 size_t filled)
{
    struct http_fed fed = {buffer, buffer + filled};
    enum http_line line;

    head->buffers[head->buffer_count - 1] = buffer;

    /* An incomplete line is not read again before its LF has arrived: so feeding byte by byte stays
     * linear. */
    if (parser->scanned > parser->line && !memchr(buffer + parser->scanned, '\n', filled - parser->scanned)) {
        parser->scanned = (uint32_t)filled;
        return HTTP_PARSE_MORE;
    }
    if (!parser->in_fields)
        take_usual_line(parser, head, &fed);
    for (;;) {
        if (parser->in_fields && take_usual_fields(parser, head, &fed)) {
            parser->offset = parser->line;
            return HTTP_PARSE_DONE;
        }
        if (parser->line == filled)
            return HTTP_PARSE_MORE;
        line = parser->in_fields ? http_judge_field(parser, head, &fed)
                                 : http_judge_request_line(parser, head, &fed);
        switch (line) {
        case HTTP_LINE_TAKEN:
            break;
        case HTTP_LINE_MORE:
            parser->scanned = (uint32_t)filled;
            return HTTP_PARSE_MORE;
        case HTTP_LINE_LAST:
            parser->offset = parser->line;
            return HTTP_PARSE_DONE;
        case HTTP_LINE_FULL:
            return HTTP_PARSE_FIELDS_FULL;
        case HTTP_LINE_BAD:
            return HTTP_PARSE_BAD;
        }
    }
}
