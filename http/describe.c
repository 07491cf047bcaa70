/* SPDX-License-Identifier: BSD-2-Clause */
/* What a log line says of an HTTP connection. */
#include "http/describe.h"

#include <stdio.h>
#include <string.h>

#include "http/connection.h"
#include "http/request.h"
#include "http/upload.h"
#include "pool/pool_follow.h"
#include "server/watcher.h"

enum { LINE_MOST = 700 /* bytes of a request line in the error log */ };

/* NUL is escaped, as it would end the line; the log escapes other control bytes. */
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

bool http_connection_filled(const struct connection *base, const void *piece, size_t *bytes)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;
    const struct http_input *input = &connection->input;
    const struct http_upload *upload = connection->request ? http_upload_of(connection->request) : NULL;

    /* What the request's fields point to stays in use behind `start`. */
    if (piece == input->bytes)
        *bytes = POOL_CHUNK_HEADER + (connection->request ? input->end : input->end - input->start);
    else if (upload && piece == upload->held)
        *bytes = POOL_CHUNK_HEADER + upload->held_length;
    else
        return false;
    return true;
}

void http_note_request(struct http_request *request)
{
    struct http_text method = http_head_text(&request->head, request->head.method_text);
    struct http_text target = http_head_text(&request->head, request->head.target);
    struct watcher_request note = {.method = method.bytes,
                                   .target = target.bytes,
                                   .method_length = method.length,
                                   .target_length = target.length};

    pool_note(request->pool, &note);
}
