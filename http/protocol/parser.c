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
static inline void take_usual_line(struct http_parser *parser, struct http_head *head,
                                   const struct http_fed *fed)
{
    enum { METHOD = sizeof "GET " - 1, ENDING = HTTP_VERSION_LENGTH + 2, MIN = METHOD + SCAN_WIDTH + ENDING };
    const char *start = fed->base + parser->line, *target = start + METHOD, *mark, *stop;
    uint32_t line = parser->line, length;

    if (fed->end - start < MIN || memcmp(start, "GET /", METHOD + 1))
        return;
    stop = mark = scan_mark_wide(target + 1, fed->end - ENDING);
    if (*mark != ' ') {
        stop = scan_unusual_wide(mark, fed->end, SCAN_BLANKS);
        if (stop == fed->end || *stop != ' ' || memchr(mark, '#', (size_t)(stop - mark)))
            return;
    }
    if (fed->end - stop < 1 + ENDING || word_of(stop + 1) != word_of("HTTP/1.1") ||
        !at_crlf(stop + 1 + HTTP_VERSION_LENGTH))
        return;
    length = (uint32_t)(stop - target);
    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->major = head->minor = 1;
    head->method = HTTP_METHOD_GET;
    head->method_text = (struct http_span){line, METHOD - 1};
    head->target = head->path = (struct http_span){line + METHOD, length};
    head->unmarked = (uint32_t)(mark - target);
    head->request_line = (struct http_span){line, METHOD + length + 1 + HTTP_VERSION_LENGTH};
    parser->line = line + METHOD + length + 1 + ENDING;
    parser->in_fields = true;
}

enum {
    USUAL_MIN = SCAN_WIDTH + sizeof " v" - 1 /* bytes that must be there to look at a line */
};

/* What stands at the start of a usual line: a name of up to 31 bytes, and a colon. */
struct usual_name {
    size_t length; /* 0: it begins otherwise */
    size_t id;     /* enum http_field_id */
};

/* A name that is not known, or has less than HTTP_NAME_HASHED_MIN letters. */
__attribute__((noinline)) static struct usual_name other_name(const char *line, size_t length)
{
    if (http_skip_token(line, line + length) != line + length)
        return (struct usual_name){0, HTTP_FIELD_OTHER};
    return (struct usual_name){length, http_field_lookup(line, length)};
}

/* A name of SCAN_WIDTH bytes or more. */
__attribute__((noinline)) static struct usual_name long_name(const char *line, const char *end)
{
    unsigned colons = end - line < USUAL_MIN + SCAN_WIDTH ? 0 : scan_colons(line + SCAN_WIDTH);
    size_t length, id;

    if (!colons)
        return (struct usual_name){0, HTTP_FIELD_OTHER};
    length = SCAN_WIDTH + (unsigned)__builtin_ctz(colons);
    id = http_field_candidate(line, length);
    if (!scan_is_known(line, &http_field_names[id], 0) ||
        !scan_is_known(line + SCAN_WIDTH, &http_field_names[id], SCAN_WIDTH))
        return other_name(line, length);
    return (struct usual_name){length, id};
}

/* USUAL_MIN bytes of the line are there, and 4 in front of it. */
static inline struct usual_name usual_name(const char *line, const char *end)
{
    unsigned colons = scan_colons(line);
    size_t length, id;

    if (__builtin_expect(!colons, 0))
        return long_name(line, end);
    length = (unsigned)__builtin_ctz(colons);
    id = http_field_candidate(line, length);
    if (__builtin_expect(!scan_is_known(line, &http_field_names[id], 0), 0))
        return other_name(line, length);
    if (!length)
        __builtin_unreachable(); /* what is known has letters */
    return (struct usual_name){length, id};
}

/* Whether CRLF stands there, behind a value that is not empty and has no blank at its end. */
static inline bool ends_value(const char *stop, const char *end)
{
    return stop + 1 < end && at_crlf(stop) && stop[-1] != ' ';
}

/* The end of a value in which scan_unusual_wide stopped: further on if that was obs-text. Null: it is not
 * usual, or not there. */
__attribute__((noinline)) static const char *find_rare_end(const char *stop, const char *end)
{
    stop = scan_stop(stop, stop, end, SCAN_CONTROLS);
    return ends_value(stop, end) ? stop : NULL;
}

/*
 * Takes fields of the usual form: a name that is not very long, one blank, a value that is not empty and has
 * no HTAB, no blank at its end, CRLF. Stops at the first other one, which may be bad, unfinished or only
 * unusual: lines.c judges it. True: the empty line that ends the head has been taken, too.
 */
static inline bool take_usual_fields(struct http_parser *parser, struct http_head *head,
                                     const struct http_fed *fed)
{
    const char *base = fed->base, *end = fed->end, *value, *stop;
    ptrdiff_t at = parser->line, last = end - base - USUAL_MIN;
    struct http_field *field = head->fields + head->field_count, *full = head->fields + head->field_capacity;
    uint8_t buffer = (uint8_t)(head->buffer_count - 1);
    uint16_t count = head->field_count;
    uint64_t present = head->present;
    struct usual_name name;

    if (at < HTTP_NAME_HASHED_MIN) /* the first of a later buffer */
        return false;
    for (; at <= last && field < full; field++, count++) {
        name = usual_name(base + at, end);
        if (!name.length)
            break;
        value = base + at + name.length + sizeof ": " - 1;
        if (value[-1] != ' ' || (unsigned char)*value <= ' ')
            break;
        stop = scan_unusual_wide(value, end, SCAN_CONTROLS);
        if (__builtin_expect(!ends_value(stop, end), 0)) {
            stop = find_rare_end(stop, end);
            if (!stop)
                break;
        }
        *field = (struct http_field){.name = (uint32_t)at,
                                     .value = (uint32_t)(value - base),
                                     .value_length = (uint32_t)(stop - value),
                                     .name_length = (uint16_t)name.length,
                                     .buffer = buffer,
                                     .id = (uint8_t)name.id};
        if (__builtin_expect((present >> name.id & 1) != 0, 0))
            head->repeated |= UINT64_C(1) << name.id;
        else
            head->first[name.id] = count;
        present |= UINT64_C(1) << name.id;
        at = stop + 2 - base;
    }
    head->present = present;
    head->field_count = count;
    parser->line = (uint32_t)at;
    if (end - (base + at) < 2 || !at_crlf(base + at))
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
