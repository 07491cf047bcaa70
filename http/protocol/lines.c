/* SPDX-License-Identifier: BSD-2-Clause */
/* The request line and a field line, in whatever form they come, and what is wrong with them. */
#include "http/protocol/lines.h"

#include "http/protocol/scan.h"
#include "http/protocol/target.h"

/* nginx's words, behind which ours say what is wrong. */
#define BAD_METHOD  "client sent invalid method: "
#define BAD_REQUEST "client sent invalid request: "
#define BAD_HEADER  "client sent invalid header line: "

enum { TLS_HANDSHAKE = 22 /* the first byte of a ClientHello: RFC 8446 5.1, ContentType */ };

/*
 * The line is wrong at `at`, with no LF before it. The verdict waits until the line is complete, so that it
 * does not depend on how the bytes were split.
 */
static enum http_line refuse_line(struct http_parser *parser, struct http_head *head,
                                  const struct http_fed *fed, const char *at, uint16_t status,
                                  const char *why)
{
    if (at >= fed->end || !memchr(at, '\n', (size_t)(fed->end - at)))
        return HTTP_LINE_MORE;
    parser->status = status;
    head->error = why;
    return HTTP_LINE_BAD;
}

/* Takes the line end at `at`; *next is then the start of the next line. */
static inline enum http_line take_line_end(struct http_parser *parser, struct http_head *head,
                                           const struct http_fed *fed, const char *at, const char **next)
{
    if (at < fed->end && *at == '\n') { /* RFC 9112 2.2: a bare LF may be taken for a line end */
        if (parser->strict_line_endings)
            return refuse_line(parser, head, fed, at, 400,
                               parser->in_fields ? BAD_HEADER "a bare LF ends it"
                                                 : BAD_REQUEST "its line ends with a bare LF");
        *next = at + 1;
        return HTTP_LINE_TAKEN;
    }
    if (fed->end - at < 2)
        return HTTP_LINE_MORE;
    if (at[0] == '\r' && at[1] == '\n') {
        *next = at + 2;
        return HTTP_LINE_TAKEN;
    }
    return refuse_line(parser, head, fed, at, 400,
                       *at == '\r' ? parser->in_fields ? BAD_HEADER "a bare CR" : BAD_REQUEST "a bare CR"
                       : parser->in_fields ? BAD_HEADER "a control byte in its value"
                                           : BAD_REQUEST "no line end behind the HTTP version");
}

static inline uint32_t offset_of(const struct http_fed *fed, const char *at)
{
    return (uint32_t)(at - fed->base);
}

/* Steps over an empty line before the request line (RFC 9112 2.2 asks for at least one). */
static enum http_line skip_empty(struct http_parser *parser, struct http_head *head,
                                 const struct http_fed *fed, const char *at)
{
    const char *next;
    enum http_line line = take_line_end(parser, head, fed, at, &next);

    if (line != HTTP_LINE_TAKEN)
        return line;
    if (parser->empty_lines++ == HTTP_PARSER_EMPTY_LINES)
        return refuse_line(parser, head, fed, at, 400, BAD_REQUEST "too many empty lines before it");
    parser->line = offset_of(fed, next);
    return HTTP_LINE_TAKEN;
}

/* HTTP-version at `at` (RFC 9112 2.3): null, or what is wrong. 8 bytes are there. */
static const char *parse_version(struct http_head *head, const char *at)
{
    if (memcmp(at, "HTTP/", 5) || at[5] < '0' || at[5] > '9' || at[6] != '.' || at[7] < '0' || at[7] > '9')
        return BAD_REQUEST "malformed HTTP version";
    head->major = (uint8_t)(at[5] - '0');
    head->minor = (uint8_t)(at[7] - '0');
    return NULL;
}

/* Sets method and target from a line whose parts have been found; it ends at `stop`. */
static enum http_line take_request_line(struct http_parser *parser, struct http_head *head,
                                        const struct http_fed *fed, struct http_text target, const char *stop)
{
    const char *start = fed->base + parser->line, *why;

    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->request_line = (struct http_span){parser->line, (uint32_t)(stop - start)};
    head->method_text = (struct http_span){parser->line, (uint32_t)(target.bytes - start) - 1};
    head->target = (struct http_span){offset_of(fed, target.bytes), (uint32_t)target.length};
    head->method = http_method_lookup(start, head->method_text.length); /* HEAD gets no body with its 505 */
    if (head->major != 1)
        return refuse_line(parser, head, fed, stop, 505,
                           "client sent invalid version: HTTP/1.0 and HTTP/1.1 are spoken here");
    why = http_target_parse(head, fed->base);
    if (why)
        return refuse_line(parser, head, fed, stop, 400, why);
    parser->in_fields = true;
    return HTTP_LINE_TAKEN;
}

/* method SP request-target SP, behind which the version stands. HTTP_LINE_TAKEN: *target is set. */
static enum http_line split_request_line(struct http_parser *parser, struct http_head *head,
                                         const struct http_fed *fed, const char *at, struct http_text *target)
{
    const char *blank = http_skip_token(at, fed->end), *end;

    if (blank == fed->end)
        return HTTP_LINE_MORE;
    if (*blank != ' ')
        return refuse_line(parser, head, fed, blank, 400, BAD_METHOD "a byte that no method has");
    end = scan_stop(fed->base, blank + 1, fed->end, SCAN_BLANKS);
    if (end == fed->end)
        return HTTP_LINE_MORE;
    if (end == blank + 1)
        return refuse_line(parser, head, fed, end, 400, BAD_REQUEST "no target");
    if (*end == '\r' || *end == '\n') /* HTTP/0.9 */
        return refuse_line(parser, head, fed, end, 400, BAD_REQUEST "a line without an HTTP version");
    if (*end != ' ')
        return refuse_line(parser, head, fed, end, 400, BAD_REQUEST "a control byte in the target");
    *target = (struct http_text){blank + 1, (size_t)(end - blank) - 1};
    return HTTP_LINE_TAKEN;
}

/* request-line = method SP request-target SP HTTP-version (RFC 9112 3), with single blanks as the grammar has
 * it. */
enum http_line http_judge_request_line(struct http_parser *parser, struct http_head *head,
                                       const struct http_fed *fed)
{
    const char *at = fed->base + parser->line, *version, *why, *next;
    struct http_text target;
    enum http_line line;

    if (*at == '\r' || *at == '\n')
        return skip_empty(parser, head, fed, at);
    if (!http_char_is(*at, HTTP_CHAR_TOKEN)) {
        parser->status = 400;
        head->error = *at == TLS_HANDSHAKE ? BAD_METHOD "a TLS handshake on a plain port"
                                           : BAD_METHOD "the first byte is none of a method";
        return HTTP_LINE_BAD;
    }
    line = split_request_line(parser, head, fed, at, &target);
    if (line != HTTP_LINE_TAKEN)
        return line;
    version = target.bytes + target.length + 1;
    if (fed->end - version < HTTP_VERSION_LENGTH)
        return refuse_line(parser, head, fed, version, 400, BAD_REQUEST "malformed HTTP version");
    why = parse_version(head, version);
    if (why)
        return refuse_line(parser, head, fed, version, 400, why);
    line = take_line_end(parser, head, fed, version + HTTP_VERSION_LENGTH, &next);
    if (line == HTTP_LINE_TAKEN)
        line = take_request_line(parser, head, fed, target, version + HTTP_VERSION_LENGTH);
    if (line == HTTP_LINE_TAKEN)
        parser->line = offset_of(fed, next);
    return line;
}

/* Why a byte cannot stand where tchar or the colon must. */
static const char *name_fault(const char *start, const char *at)
{
    if (http_is_blank(*at))
        return at == start ? BAD_HEADER "obsolete line folding"
                           : BAD_HEADER "a blank in its name or before the colon";
    if (*at == '\r' || *at == '\n')
        return BAD_HEADER "no colon";
    return *at == ':' ? BAD_HEADER "an empty name" : BAD_HEADER "a byte that no name has";
}

/* field-name ":" (RFC 9112 5.1). HTTP_LINE_TAKEN: *colon is set. */
static enum http_line parse_name(struct http_parser *parser, struct http_head *head,
                                 const struct http_fed *fed, const char *start, const char **colon)
{
    const char *at = http_skip_token(start, fed->end);

    if (at == fed->end)
        return HTTP_LINE_MORE;
    if (*at != ':' || at == start)
        return refuse_line(parser, head, fed, at, 400, name_fault(start, at));
    if (at - start > UINT16_MAX)
        return refuse_line(parser, head, fed, at, 431, "client sent too long header line: its name");
    *colon = at;
    return HTTP_LINE_TAKEN;
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

/* OWS field-value OWS and the line's end. HTTP_LINE_TAKEN: *value and *next are set. */
static enum http_line parse_value(struct http_parser *parser, struct http_head *head,
                                  const struct http_fed *fed, const char *at, struct http_text *value,
                                  const char **next)
{
    const char *stop;
    enum http_line line;

    while (at < fed->end && http_is_blank(*at))
        at++;
    stop = scan_stop(fed->base, at, fed->end, SCAN_CONTROLS);
    while (stop < fed->end && *stop == '\t')
        stop = scan_stop(fed->base, stop + 1, fed->end, SCAN_CONTROLS);
    line = take_line_end(parser, head, fed, stop, next);
    while (stop > at && http_is_blank(stop[-1]))
        stop--;
    *value = (struct http_text){at, (size_t)(stop - at)};
    return line;
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 5). */
enum http_line http_judge_field(struct http_parser *parser, struct http_head *head,
                                const struct http_fed *fed)
{
    const char *start = fed->base + parser->line, *colon, *next;
    struct http_text value;
    enum http_field_id id;
    enum http_line line;

    if (*start == '\r' || *start == '\n') {
        line = take_line_end(parser, head, fed, start, &next);
        if (line != HTTP_LINE_TAKEN)
            return line;
        parser->line = offset_of(fed, next);
        return HTTP_LINE_LAST;
    }
    line = parse_name(parser, head, fed, start, &colon);
    if (line == HTTP_LINE_TAKEN)
        line = parse_value(parser, head, fed, colon + 1, &value, &next);
    if (line != HTTP_LINE_TAKEN)
        return line;
    if (head->field_count == head->field_capacity)
        return HTTP_LINE_FULL;
    id = http_field_lookup(start, (size_t)(colon - start));
    head->fields[head->field_count] = (struct http_field){.name = parser->line,
                                                          .value = offset_of(fed, value.bytes),
                                                          .value_length = (uint32_t)value.length,
                                                          .name_length = (uint16_t)(colon - start),
                                                          .buffer = (uint8_t)(head->buffer_count - 1),
                                                          .id = (uint8_t)id};
    index_field(head, id, head->field_count++);
    parser->line = offset_of(fed, next);
    return HTTP_LINE_TAKEN;
}
