/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/describe.h"

#include <stdio.h>
#include <string.h>

#include "http/flow.h"

enum connection_state http_connection_state(const struct connection *base)
{
    static const enum connection_state states[HTTP_STATES] = {
        [HTTP_IDLE] = CONNECTION_IDLE,       [HTTP_HEAD_IN] = CONNECTION_READING,
        [HTTP_BODY_IN] = CONNECTION_READING, [HTTP_WAITING] = CONNECTION_WAITING,
        [HTTP_SENDING] = CONNECTION_SENDING, [HTTP_LINGER] = CONNECTION_LINGERING};
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    return base->output.head ? CONNECTION_SENDING : states[connection->state];
}

enum { LINE_MOST = 700 /* bytes of a request line in the error log */ };

/* NUL is written out, for it would end the line; the log escapes other control bytes. */
static char *put_line(char *to, const char *end, struct http_text line)
{
    for (size_t i = 0; i < line.length && i < LINE_MOST && end - to > 4; i++) {
        if (line.bytes[i])
            *to++ = line.bytes[i];
        else
            to = stpcpy(to, "\\x00");
    }
    return to;
}

size_t http_connection_describe(const struct connection *base, char *to, size_t size)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;
    const struct http_request *request = connection->request;
    struct http_text host;
    const char *end;
    char *at;
    int length;

    if (!request || !request->head.buffer_count || !request->head.request_line.length)
        return 0;
    length = snprintf(to, size, ", server: %s, request: \"", request->server ? request->server->name : "");
    if (length < 0 || (size_t)length >= size)
        return length < 0 ? 0 : size - 1;
    end = to + size - 1;
    at = put_line(to + length, end, http_head_text(&request->head, request->head.request_line));
    host = request->host.name;
    length = snprintf(at, (size_t)(end - at) + 1, "\"%s%.*s%s", host.length ? ", host: \"" : "",
                      (int)(host.length < 200 ? host.length : 200), host.bytes ? host.bytes : "",
                      host.length ? "\"" : "");
    return length < 0 ? (size_t)(at - to) : length < end - at ? (size_t)(at - to) + (size_t)length : size - 1;
}

void http_request_keep_line(struct http_request *request)
{
    const struct http_connection *connection = request->connection;
    const struct http_input *input = &connection->input;
    struct http_head *head = &request->head;
    uint32_t line = connection->parser.line, filled = input->end - input->start, at = line;

    if (head->request_line.length || !input->bytes ||
        head->buffers[head->buffer_count - 1] != input->bytes + input->start)
        return;
    while (at < filled && input->bytes[input->start + at] != '\r' && input->bytes[input->start + at] != '\n')
        at++;
    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->request_line = (struct http_span){line, at - line};
}

bool http_connection_is_idle(const struct connection *base)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    if (connection->state == HTTP_LINGER)
        return true;
    return connection->state == HTTP_IDLE && !connection->request &&
           connection->input.start == connection->input.end && !base->output.head;
}
