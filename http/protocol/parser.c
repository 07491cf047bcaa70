/* SPDX-License-Identifier: BSD-2-Clause */
/* A line at a time: the request line, then fields, most of them by the short way of take_common_fields. */
#include "http/protocol/parser.h"
#include "http/protocol/scan.h"
#include "http/protocol/target.h"

/* The result of one line. */
enum line {
    LINE_TAKEN, /* parser->line stands behind it */
    LINE_MORE,  /* its LF is not there yet */
    LINE_LAST,  /* the empty line that ends the head */
    LINE_FULL,  /* no room for the field */
    LINE_BAD,
};

/* The bytes fed: [base, end). */
struct input {
    const char *base;
    const char *end;
};

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

/*
 * The line is wrong at `at`, with no LF before it. The verdict waits until the line is complete, so that it
 * does not depend on how the bytes were split.
 */
static enum line refuse_line(struct http_parser *parser, struct http_head *head, const struct input *in,
                             const char *at, uint16_t status, const char *why)
{
    if (at >= in->end || !memchr(at, '\n', (size_t)(in->end - at)))
        return LINE_MORE;
    parser->status = status;
    head->error = why;
    return LINE_BAD;
}

/* Takes the line end at `at`; *next is then the start of the next line. */
static inline enum line take_line_end(struct http_parser *parser, struct http_head *head,
                                      const struct input *in, const char *at, const char **next)
{
    if (at < in->end && *at == '\n') { /* RFC 9112 2.2: a bare LF may be taken for a line end */
        if (parser->strict_line_endings)
            return refuse_line(parser, head, in, at, 400, "line ends with a bare LF");
        *next = at + 1;
        return LINE_TAKEN;
    }
    if (in->end - at < 2)
        return LINE_MORE;
    if (at[0] == '\r' && at[1] == '\n') {
        *next = at + 2;
        return LINE_TAKEN;
    }
    return refuse_line(parser, head, in, at, 400,
                       *at == '\r' ? "bare CR"
                                   : "control byte or unexpected byte before the end of the line");
}

static inline uint32_t offset_of(const struct input *in, const char *at)
{
    return (uint32_t)(at - in->base);
}

/* Steps over an empty line before the request line (RFC 9112 2.2 asks for at least one). */
static enum line skip_empty(struct http_parser *parser, struct http_head *head, const struct input *in,
                            const char *at)
{
    const char *next;
    enum line line = take_line_end(parser, head, in, at, &next);

    if (line != LINE_TAKEN)
        return line;
    if (parser->empty_lines++ == HTTP_PARSER_EMPTY_LINES)
        return refuse_line(parser, head, in, at, 400, "too many empty lines before the request line");
    parser->line = offset_of(in, next);
    return LINE_TAKEN;
}

/* HTTP-version at `at` (RFC 9112 2.3): null, or what is wrong. 8 bytes are there. */
static const char *parse_version(struct http_head *head, const char *at)
{
    if (memcmp(at, "HTTP/", 5) || at[5] < '0' || at[5] > '9' || at[6] != '.' || at[7] < '0' || at[7] > '9')
        return "malformed HTTP version";
    head->major = (uint8_t)(at[5] - '0');
    head->minor = (uint8_t)(at[7] - '0');
    return NULL;
}

enum {
    VERSION_LENGTH = 8, /* "HTTP/1.1" */
};

/* Sets method and target from a line whose parts have been found; it ends at `stop`. */
static enum line take_request_line(struct http_parser *parser, struct http_head *head, const struct input *in,
                                   struct http_text target, const char *stop)
{
    const char *start = in->base + parser->line, *why;

    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->request_line = (struct http_span){parser->line, (uint32_t)(stop - start)};
    head->method_text = (struct http_span){parser->line, (uint32_t)(target.bytes - start) - 1};
    head->target = (struct http_span){offset_of(in, target.bytes), (uint32_t)target.length};
    head->method = http_method_lookup(start, head->method_text.length); /* HEAD gets no body with its 505 */
    if (head->major != 1)
        return refuse_line(parser, head, in, stop, 505, "HTTP version not supported");
    why = http_target_parse(head, in->base);
    if (why)
        return refuse_line(parser, head, in, stop, 400, why);
    parser->in_fields = true;
    return LINE_TAKEN;
}

/* method SP request-target SP, behind which the version stands. LINE_TAKEN: *target is set. */
static enum line split_request_line(struct http_parser *parser, struct http_head *head,
                                    const struct input *in, const char *at, struct http_text *target)
{
    const char *blank = http_skip_token(at, in->end), *end;

    if (blank == in->end)
        return LINE_MORE;
    if (*blank != ' ')
        return refuse_line(parser, head, in, blank, 400, "invalid byte in the method");
    end = scan_stop(in->base, blank + 1, in->end, SCAN_BLANKS);
    if (end == in->end)
        return LINE_MORE;
    if (end == blank + 1)
        return refuse_line(parser, head, in, end, 400, "empty request target");
    if (*end == '\r' || *end == '\n') /* HTTP/0.9 */
        return refuse_line(parser, head, in, end, 400, "request line without an HTTP version");
    if (*end != ' ')
        return refuse_line(parser, head, in, end, 400, "control byte in the request target");
    *target = (struct http_text){blank + 1, (size_t)(end - blank) - 1};
    return LINE_TAKEN;
}

/* request-line = method SP request-target SP HTTP-version (RFC 9112 3), with single blanks as the grammar has
 * it. */
static enum line parse_request_line(struct http_parser *parser, struct http_head *head,
                                    const struct input *in)
{
    const char *at = in->base + parser->line, *version, *why, *next;
    struct http_text target;
    enum line line;

    if (*at == '\r' || *at == '\n')
        return skip_empty(parser, head, in, at);
    if (!http_char_is(*at, HTTP_CHAR_TOKEN)) {
        parser->status = 400;
        head->error = "request does not begin with a method";
        return LINE_BAD;
    }
    line = split_request_line(parser, head, in, at, &target);
    if (line != LINE_TAKEN)
        return line;
    version = target.bytes + target.length + 1;
    if (in->end - version < VERSION_LENGTH)
        return refuse_line(parser, head, in, version, 400, "malformed HTTP version");
    why = parse_version(head, version);
    if (why)
        return refuse_line(parser, head, in, version, 400, why);
    line = take_line_end(parser, head, in, version + VERSION_LENGTH, &next);
    if (line == LINE_TAKEN)
        line = take_request_line(parser, head, in, target, version + VERSION_LENGTH);
    if (line == LINE_TAKEN)
        parser->line = offset_of(in, next);
    return line;
}

/* Why a byte cannot stand where tchar or the colon must. */
static const char *name_fault(const char *start, const char *at)
{
    if (http_is_blank(*at))
        return at == start ? "obsolete line folding" : "blank in a field name or before its colon";
    if (*at == '\r' || *at == '\n')
        return "field line without a colon";
    return *at == ':' ? "empty field name" : "invalid byte in a field name";
}

/* field-name ":" (RFC 9112 5.1). LINE_TAKEN: *colon is set. */
static enum line parse_name(struct http_parser *parser, struct http_head *head, const struct input *in,
                            const char *start, const char **colon)
{
    const char *at = http_skip_token(start, in->end);

    if (at == in->end)
        return LINE_MORE;
    if (*at != ':' || at == start)
        return refuse_line(parser, head, in, at, 400, name_fault(start, at));
    if (at - start > UINT16_MAX)
        return refuse_line(parser, head, in, at, 431, "field name too long");
    *colon = at;
    return LINE_TAKEN;
}

/* Notes that fields[index] has this id. */
static inline void index_field(struct http_head *head, enum http_field_id id, unsigned index)
{
    uint64_t bit = UINT64_C(1) << id;

    if (!(head->present & bit))
        head->first[id] = (uint16_t)index;
    else
        head->repeated |= bit;
    head->present |= bit;
}

/* OWS field-value OWS and the line's end. LINE_TAKEN: *value and *next are set. */
static enum line parse_value(struct http_parser *parser, struct http_head *head, const struct input *in,
                             const char *at, struct http_text *value, const char **next)
{
    const char *stop;
    enum line line;

    while (at < in->end && http_is_blank(*at))
        at++;
    stop = scan_stop(in->base, at, in->end, SCAN_CONTROLS);
    while (stop < in->end && *stop == '\t')
        stop = scan_stop(in->base, stop + 1, in->end, SCAN_CONTROLS);
    line = take_line_end(parser, head, in, stop, next);
    while (stop > at && http_is_blank(stop[-1]))
        stop--;
    *value = (struct http_text){at, (size_t)(stop - at)};
    return line;
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 5). */
static enum line parse_field(struct http_parser *parser, struct http_head *head, const struct input *in)
{
    const char *start = in->base + parser->line, *colon, *next;
    struct http_text value;
    enum http_field_id id;
    enum line line;

    if (*start == '\r' || *start == '\n') {
        line = take_line_end(parser, head, in, start, &next);
        if (line != LINE_TAKEN)
            return line;
        parser->line = offset_of(in, next);
        return LINE_LAST;
    }
    line = parse_name(parser, head, in, start, &colon);
    if (line == LINE_TAKEN)
        line = parse_value(parser, head, in, colon + 1, &value, &next);
    if (line != LINE_TAKEN)
        return line;
    if (head->field_count == head->field_capacity)
        return LINE_FULL;
    id = http_field_lookup(start, (size_t)(colon - start));
    head->fields[head->field_count] = (struct http_field){.name = parser->line,
                                                          .value = offset_of(in, value.bytes),
                                                          .value_length = (uint32_t)value.length,
                                                          .name_length = (uint16_t)(colon - start),
                                                          .buffer = (uint8_t)(head->buffer_count - 1),
                                                          .id = (uint8_t)id};
    index_field(head, id, head->field_count++);
    parser->line = offset_of(in, next);
    return LINE_TAKEN;
}

/* Two or eight bytes as a number, for one compare. */
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
 * behind it. Anything else is left to parse_request_line.
 */
static void take_common_line(struct http_parser *parser, struct http_head *head, const struct input *in)
{
    enum { METHOD = sizeof "GET " - 1, ENDING = VERSION_LENGTH + 2, MIN = METHOD + 2 + ENDING };
    const char *start = in->base + parser->line, *target = start + METHOD, *stop;
    struct http_span path;

    if (in->end - start < MIN || memcmp(start, "GET /", METHOD + 1))
        return;
    stop = scan_stop(in->base, target, in->end, SCAN_BLANKS);
    if (in->end - stop < 1 + ENDING || *stop != ' ' || word_of(stop + 1) != word_of("HTTP/1.1") ||
        !at_crlf(stop + 1 + VERSION_LENGTH) || memchr(target, '#', (size_t)(stop - target)))
        return;
    path = (struct http_span){parser->line + METHOD, (uint32_t)(stop - target)};
    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->major = head->minor = 1;
    head->method = HTTP_METHOD_GET;
    head->form = HTTP_TARGET_ORIGIN;
    head->method_text = (struct http_span){parser->line, METHOD - 1};
    head->target = head->path = path;
    head->authority = (struct http_span){path.offset, 0};
    head->request_line = (struct http_span){parser->line, METHOD + path.length + 1 + VERSION_LENGTH};
    parser->line += head->request_line.length + 2;
    parser->in_fields = true;
}

/* Bytes that must be there: a name of 15 at most, colon, blank, one of the value. */
enum { COMMON_MIN = SCAN_WIDTH + 2 };

/* http_field_lookup for 4 to 15 bytes of which 16 may be read. */
static inline enum http_field_id lookup_wide(const char *name, size_t length)
{
    enum http_field_id id = http_field_candidate(name, length);
    const struct http_known_name *known = &http_field_names[id];

    return known->length == length && scan_equals_wide(name, known->text, length) ? id : HTTP_FIELD_OTHER;
}

/*
 * Takes fields of the usual form: a known name, at most one blank, a value without HTAB, no blank at its end,
 * CRLF. Stops at the first other one, which may be bad, unfinished or only unusual: parse_field judges it.
 */
static void take_common_fields(struct http_parser *parser, struct http_head *head, const struct input *in)
{
    const char *base = in->base, *end = in->end, *at = base + parser->line;
    struct http_field *field = head->fields + head->field_count, *full = head->fields + head->field_capacity;
    uint8_t buffer = (uint8_t)(head->buffer_count - 1);
    uint64_t present = head->present;

    for (; end - at >= COMMON_MIN && field < full; field++) {
        size_t name_length = scan_colon_wide(at);
        enum http_field_id id;
        const char *value, *stop;
        uint64_t bit;

        if (name_length < HTTP_NAME_HASHED_MIN || name_length == SCAN_WIDTH)
            break;
        id = lookup_wide(at, name_length);
        bit = UINT64_C(1) << id;
        if (id == HTTP_FIELD_OTHER)
            break;
        value = at + name_length + 1;
        value += *value == ' ';
        if ((unsigned char)*value <= ' ')
            break;
        stop = scan_stop(base, value, end, SCAN_CONTROLS);
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
    struct input in = {buffer, buffer + filled};
    enum line line;

    head->buffers[head->buffer_count - 1] = buffer;

    /* An incomplete line is not read again before its LF has arrived: so feeding byte by byte stays
     * linear. */
    if (parser->scanned > parser->line && !memchr(buffer + parser->scanned, '\n', filled - parser->scanned)) {
        parser->scanned = (uint32_t)filled;
        return HTTP_PARSE_MORE;
    }
    if (!parser->in_fields)
        take_common_line(parser, head, &in);
    for (;;) {
        if (parser->in_fields)
            take_common_fields(parser, head, &in);
        if (parser->line == filled)
            return HTTP_PARSE_MORE;
        line = parser->in_fields ? parse_field(parser, head, &in) : parse_request_line(parser, head, &in);
        switch (line) {
        case LINE_TAKEN:
            break;
        case LINE_MORE:
            parser->scanned = (uint32_t)filled;
            return HTTP_PARSE_MORE;
        case LINE_LAST:
            parser->offset = parser->line;
            return HTTP_PARSE_DONE;
        case LINE_FULL:
            return HTTP_PARSE_FIELDS_FULL;
        case LINE_BAD:
            return HTTP_PARSE_BAD;
        }
    }
}
