/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/describe.h"

#include <stdio.h>

#include "http/connection.h"
#include "http/request.h"

enum connection_state http_connection_state(const struct connection *base)
{
    static const enum connection_state states[HTTP_STATES] = {
        [HTTP_IDLE] = CONNECTION_IDLE,       [HTTP_HEAD_IN] = CONNECTION_READING,
        [HTTP_BODY_IN] = CONNECTION_READING, [HTTP_WAITING] = CONNECTION_WAITING,
        [HTTP_SENDING] = CONNECTION_SENDING, [HTTP_LINGER] = CONNECTION_LINGERING};
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    return base->output.head ? CONNECTION_SENDING : states[connection->state];
}

size_t http_connection_describe(const struct connection *base, char *to, size_t size)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;
    const struct http_request *request = connection->request;
    struct http_text line, host;
    int length;

    if (!request || !request->head.buffer_count || !request->head.request_line.length)
        return 0;
    line = http_head_text(&request->head, request->head.request_line);
    host = request->host.name;
    length = snprintf(
        to, size, ", server: %s, request: \"%.*s\"%s%.*s%s", request->server ? request->server->name : "",
        (int)(line.length < 700 ? line.length : 700), line.bytes, host.length ? ", host: \"" : "",
        (int)(host.length < 200 ? host.length : 200), host.bytes ? host.bytes : "", host.length ? "\"" : "");
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

bool http_connection_is_idle(const struct connection *base)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    if (connection->state == HTTP_LINGER)
        return true;
    return connection->state == HTTP_IDLE && !connection->request &&
           connection->input.start == connection->input.end && !base->output.head;
}
