/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of the answer. */
#include <stdio.h>
#include <string.h>

#include "http/pace.h"
#include "http/protocol/date.h"
#include "http/protocol/status.h"
#include "http/request.h"
#include "http/text/growing.h"
#include "http/text/variables_table.h"
#include "http/filters.h"

static char *print_status(struct http_request *request, char *to)
{
    unsigned hundreds = (unsigned)request->status / 100, rest = (unsigned)request->status % 100;

    *to = (char)('0' + hundreds);
    memcpy(to + 1, &http_digit_pairs[(size_t)rest * 2], 2);
    return to + 3;
}

static char *print_body_bytes_sent(struct http_request *request, char *to)
{
    return http_print_number(to, request->sent_body);
}

static char *print_bytes_sent(struct http_request *request, char *to)
{
    return http_print_number(to, request->sent_head + request->sent_body);
}

static char *print_limit_rate(struct http_request *request, char *to)
{
    return http_print_number(to, http_pace_rate(request));
}

/* If the connection was closed before its request ended, the answer was cut. */
static enum http_found get_completion(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    const struct http_connection *connection = request->connection;
    bool done = request->complete && request->head_queued && !connection->cut && !connection->base.closed;

    (void)variable;
    return http_value_string(done ? "OK" : "", value);
}

const struct http_variable_row http_response_variables[] = {
    {"request_completion", get_completion,
     .help = "`OK` if the answer is complete; empty if it was cut, was never sent, or is not ready yet."},
    {"status", .print = print_status, "Status of the answer."},
    {"body_bytes_sent", .print = print_body_bytes_sent, "Bytes of the body that were sent."},
    {"bytes_sent", .print = print_bytes_sent, "Bytes that were sent, the head included."},
    {"limit_rate", .print = print_limit_rate,
     "How many bytes of the answer are sent per second at most; `set` may change it; 0: no limit."},
    {.name = NULL},
};

/* ---- $sent_http_NAME: the answer's own fields, then those that modules added ---- */

/* The number is the offset of the text in the response; an empty one is none. */
static enum http_found get_text(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    memcpy(value, (const char *)&request->response + variable->number, sizeof *value);
    return value->length ? HTTP_VALUE_FOUND : http_value_none(value);
}

static enum http_found get_length(struct http_request *request, const struct http_variable *variable,
                                  struct http_text *value)
{
    (void)variable;
    if (request->response.content_length < 0 || http_status_bodiless(request->status))
        return http_value_none(value);
    return http_value_number(request, (uint64_t)request->response.content_length, value);
}

static enum http_found get_last_modified(struct http_request *request, const struct http_variable *variable,
                                         struct http_text *value)
{
    char *to;

    (void)variable;
    if (request->response.last_modified < 0)
        return http_value_none(value);
    to = pool_nalloc(request->pool, HTTP_DATE_LENGTH + 1, "variable");
    if (!to)
        return http_value_none(value);
    http_date_format(request->response.last_modified, to);
    *value = (struct http_text){to, HTTP_DATE_LENGTH};
    return HTTP_VALUE_FOUND;
}

static enum http_found get_connection(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    (void)variable;
    return http_value_string(request->keep_alive ? "keep-alive" : "close", value);
}

static enum http_found get_keep_alive(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    enum { TIMEOUT_MAX = 40 }; /* bytes: "timeout=", a number and a NUL */
    int64_t seconds = request->location->core.keepalive_header;
    char *to;

    (void)variable;
    if (!request->keep_alive || !seconds)
        return http_value_none(value);
    to = pool_nalloc(request->pool, TIMEOUT_MAX, "variable");
    if (!to)
        return http_value_none(value);
    (void)snprintf(to, TIMEOUT_MAX, "timeout=%lld", (long long)seconds);
    return http_value_string(to, value);
}

static enum http_found get_transfer_encoding(struct http_request *request,
                                             const struct http_variable *variable, struct http_text *value)
{
    (void)variable;
    /* Before the answer is described, its length is not known either. */
    if (!http_response_chunked(request) || (!request->complete && request->response.body != HTTP_BODY_STREAM))
        return http_value_none(value);
    return http_value_string("chunked", value);
}

static enum http_found get_accept_ranges(struct http_request *request, const struct http_variable *variable,
                                         struct http_text *value)
{
    (void)variable;
    return request->response.accept_ranges ? http_value_string("bytes", value) : http_value_none(value);
}

/* Fields of the variable's name, joined (RFC 9110 5.3). */
static enum http_found join(struct http_request *request, const struct http_header *first,
                            const struct http_variable *variable, struct http_text *value)
{
    struct http_growing text;
    unsigned found = 0;

    for (const struct http_header *header = first; header; header = header->next) {
        if (header->name.length != variable->length ||
            !http_text_is(header->name.bytes, header->name.length, variable->name))
            continue;
        if (++found == 1) {
            *value = header->value;
            continue;
        }
        if ((found == 2 && (!http_growing_begin(&text, request->pool, 2 * value->length) ||
                            !http_growing_add(&text, *value))) ||
            !http_growing_add(&text, HTTP_TEXT(", ")) || !http_growing_add(&text, header->value))
            return http_value_none(value);
    }
    if (found > 1)
        *value = http_growing_end(&text);
    return found ? HTTP_VALUE_FOUND : http_value_none(value);
}

enum http_found http_get_trailer(struct http_request *request, const struct http_variable *variable,
                                 struct http_text *value)
{
    return join(request, request->response.sent_trailers, variable, value);
}

#define FIELD(name) offsetof(struct http_response, name)

const struct http_variable_row http_sent_variables[] = {
    {"content_type", get_text, .number = FIELD(content_type)},
    {"content_length", get_length, .help = NULL},
    {"location", get_text, .number = FIELD(location)},
    {"etag", get_text, .number = FIELD(etag)},
    {"allow", get_text, .number = FIELD(allow)},
    {"last_modified", get_last_modified, .help = NULL},
    {"connection", get_connection, .help = NULL},
    {"keep_alive", get_keep_alive, .help = NULL},
    {"transfer_encoding", get_transfer_encoding, .help = NULL},
    {"accept_ranges", get_accept_ranges, .help = NULL},
    {.name = NULL},
};

enum http_found http_get_sent(struct http_request *request, const struct http_variable *variable,
                              struct http_text *value)
{
    const struct http_variable_row *row;

    /* No head was or will be sent: `return 444`, or the client has left. */
    if (!request->head_queued && (request->connection->cut || request->connection->base.closed))
        return http_value_none(value);
    if (variable->number == HTTP_SENT_OTHER)
        return join(request, request->response.headers, variable, value);
    row = &http_sent_variables[variable->number];
    return row->get(request, &(struct http_variable){.number = row->number}, value);
}
