/* SPDX-License-Identifier: BSD-2-Clause */
/* What a log line says of an HTTP connection. */
#include "http/describe.h"

#include <string.h>

#include "http/connection.h"
#include "http/request.h"
#include "http/upload.h"
#include "pool/pool_follow.h"
#include "server/log/log_text.h"
#include "server/watcher.h"

enum {
    LINE_MOST = 700, /* bytes of a request line in the error log */
    OTHER_MOST = 200 /* and of a host, and of a referrer */
};

/* NUL is escaped, as it would end the line, and the quote, which would end the text (log_text.h); the log
 * escapes other control bytes. */
static char *put_line(char *to, const char *end, struct http_text line)
{
    enum { ESCAPED = sizeof "\\x00" - 1 };
    const char *at = line.bytes, *stop = at + (line.length < LINE_MOST ? line.length : LINE_MOST);

    for (; at < stop && end - to > ESCAPED; at++) {
        if (*at == '\0')
            to = mempcpy(to, "\\x00", ESCAPED);
        else if (*at == '"')
            to = mempcpy(to, "\\x22", ESCAPED);
        else
            *to++ = *at;
    }
    return to;
}

/* `, NAME: "TEXT"` */
static char *put_named(char *to, const char *end, const char *name, struct http_text text)
{
    return to + log_text_print(to, (size_t)(end - to) + 1, ", %s: \"%.*s\"", name,
                               (int)(text.length < OTHER_MOST ? text.length : OTHER_MOST), text.bytes);
}

size_t http_connection_describe(const struct connection *base, char *to, size_t size)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;
    const struct http_request *request = connection->request;
    const struct http_field *referrer;
    char *end = to + size - 1, *at = to;

    if (!request || !request->head.buffer_count || !request->head.request_line.length)
        return 0;
    at += log_text_print(at, size, ", server: %s, request: \"", request->server ? request->server->name : "");
    at = put_line(at, end, http_head_text(&request->head, request->head.request_line));
    at += log_text_print(at, (size_t)(end - at) + 1, "\"");
    if (request->host.name.length)
        at = put_named(at, end, "host", request->host.name);
    referrer = http_head_find(&request->head, HTTP_FIELD_REFERER);
    if (referrer)
        at = put_named(at, end, "referrer", http_field_value(&request->head, referrer));
    return (size_t)(at - to);
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
