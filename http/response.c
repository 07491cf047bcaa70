/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues the described answer: its head, and what fits behind it. */
#include "http/response.h"

#include <errno.h>
#include <ev.h>
#include <string.h>

#include "http/connection.h"
#include "http/filters.h"
#include "http/pace.h"
#include "http/protocol/date.h"
#include "http/protocol/status.h"
#include "pool/annotate.h"
#include "server/shared/open_files.h"
#include "server/version.h"

enum {
    HEAD_FIXED = 640,    /* bytes of a head without its variable texts: all fixed names, numbers and dates */
    FILE_COPY_MAX = 8192 /* bytes up to which a file is read behind its head: one call instead of two */
};

#define START "HTTP/1.1 200 OK\r\nServer: " VERSION_TEXT "\r\nDate: "

enum { START_LENGTH = sizeof START - 1 + HTTP_DATE_LENGTH + 2 };

/* The head's constant beginning, made anew when the second changes. One per thread. */
struct start {
    int64_t second;
    char bytes[START_LENGTH];
};

static _Thread_local struct start start;

static void refresh_start(double now)
{
    if ((int64_t)now == start.second)
        return;
    start.second = (int64_t)now;
    memcpy(start.bytes, START, sizeof START - 1);
    http_date_format(start.second, start.bytes + sizeof START - 1);
    memcpy(start.bytes + sizeof START - 1 + HTTP_DATE_LENGTH, "\r\n", 2);
}

static char *put(char *at, const char *bytes, size_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

#define PUT(at, literal) put((at), (literal), sizeof(literal) - 1)

static char *put_text(char *at, struct http_text text)
{
    return put(at, text.bytes, text.length);
}

__attribute__((always_inline)) static inline char *put_start(char *at, int status, bool tokens)
{
    struct http_text line;

    if (status == 200 && tokens)
        return put(at, start.bytes, START_LENGTH);
    line = http_status_line(status);
    at = PUT(at, "HTTP/1.1 ");
    if (line.length) {
        at = put_text(at, line);
    } else {
        at = http_print_number(at, (uint64_t)status);
        *at++ = ' ';
    }
    at = tokens ? PUT(at, "\r\nServer: " VERSION_TEXT "\r\nDate: ")
                : PUT(at, "\r\nServer: " VERSION_NAME "\r\nDate: ");
    return put(at, start.bytes + sizeof START - 1, HTTP_DATE_LENGTH + 2);
}

__attribute__((always_inline)) static inline char *put_field(char *at, const char *name, size_t name_length,
                                                             struct http_text value)
{
    if (!value.length)
        return at;
    at = put(at, name, name_length);
    at = put_text(at, value);
    return PUT(at, "\r\n");
}

#define PUT_FIELD(at, name, value) put_field((at), name ": ", sizeof(name ": ") - 1, (value))

/* How the body is framed (RFC 9112 6.3): not at all where the status forbids one. */
__attribute__((always_inline)) static inline char *put_length(char *at, const struct http_request *request)
{
    int64_t length = request->response.content_length;

    if (http_status_bodiless(request->status))
        return at;
    if (length < 0 && request->status != 205)
        return http_response_chunked(request) ? PUT(at, "Transfer-Encoding: chunked\r\n") : at;
    if (length < 0)
        length = 0; /* the filter did not know that there is no body */
    at = PUT(at, "Content-Length: ");
    at = http_print_number(at, (uint64_t)length);
    return PUT(at, "\r\n");
}

__attribute__((always_inline)) static inline char *put_connection(char *at,
                                                                  const struct http_request *request)
{
    int64_t seconds = request->location->core.keepalive_header;

    if (!request->keep_alive)
        return PUT(at, "Connection: close\r\n");
    at = PUT(at, "Connection: keep-alive\r\n");
    if (!seconds)
        return at;
    at = PUT(at, "Keep-Alive: timeout=");
    at = http_print_number(at, (uint64_t)seconds);
    return PUT(at, "\r\n");
}

/* Last-Modified: the few files that are asked for often have the same dates again and again. */
static char *put_date(char *at, int64_t second)
{
    enum { DATES = 32 };
    static _Thread_local struct {
        int64_t second;
        char text[HTTP_DATE_LENGTH + 1]; /* empty: none yet */
    } dates[DATES], *date;

    date = &dates[(uint64_t)second % DATES];
    if (date->second != second || !date->text[0])
        http_date_format(date->second = second, date->text);
    return put(at, date->text, HTTP_DATE_LENGTH);
}

/* Whether put_rare has something to put. */
static bool has_rare(const struct http_response *response)
{
    return (response->last_modified & response->range_size) >= 0 || /* not both are -1 */
           (response->location.length | response->etag.length | response->allow.length) != 0 ||
           response->headers || response->accept_ranges || response->retry_after;
}

/* Fields that only some answers have. */
static char *put_rare(char *at, const struct http_request *request)
{
    const struct http_response *response = &request->response;

    if (response->last_modified >= 0) {
        at = PUT(at, "Last-Modified: ");
        at = put_date(at, response->last_modified);
        at = PUT(at, "\r\n");
    }
    at = PUT_FIELD(at, "Location", response->location);
    at = PUT_FIELD(at, "ETag", response->etag);
    at = PUT_FIELD(at, "Allow", response->allow);
    if (response->range_size >= 0) {
        at = PUT(at, "Content-Range: bytes ");
        if (request->status == 416) {
            *at++ = '*';
        } else {
            at = http_print_number(at, (uint64_t)response->range_first);
            *at++ = '-';
            at = http_print_number(at, (uint64_t)(response->range_first + response->content_length - 1));
        }
        *at++ = '/';
        at = http_print_number(at, (uint64_t)response->range_size);
        at = PUT(at, "\r\n");
    } else if (response->accept_ranges) {
        at = PUT(at, "Accept-Ranges: bytes\r\n");
    }
    if (response->retry_after)
        at = PUT(at, "Retry-After: 1\r\n");
    for (const struct http_header *header = response->headers; header; header = header->next) {
        at = put_text(at, header->name);
        at = PUT(at, ": ");
        at = put_text(at, header->value);
        at = PUT(at, "\r\n");
    }
    return at;
}

/* Bytes that the texts of put_rare take, at most. */
static size_t rare_bound(const struct http_response *response)
{
    size_t size = response->location.length + response->etag.length + response->allow.length;

    for (const struct http_header *header = response->headers; header; header = header->next)
        size += header->name.length + header->value.length + 4;
    return size;
}

/* Of http_response_queue, on the way of each request, and of queue_head. */
__attribute__((always_inline)) static inline int put_head(struct http_request *request, size_t body_room)
{
    struct http_connection *connection = request->connection;
    struct connection *base = &connection->base;
    const struct http_response *response = &request->response;
    bool rare = has_rare(response);
    size_t room = HEAD_FIXED + response->content_type.length + (rare ? rare_bound(response) : 0) + body_room;
    char *begin = output_reserve(&base->output, request->pool, room, NULL), *at;

    if (!begin || ((request->location->core.tuned || connection->tuned) && http_pace_begin(request)))
        return -ENOMEM;
    /* When a configuration ends, its last answer closes the connection. */
    if ((base->worker->state != WORKER_SERVES || base->tenure != base->worker->tenure) &&
        connection_ending(base) == CONNECTION_END)
        request->keep_alive = false;
    refresh_start(ev_now(base->worker->loop));
    at = put_start(begin, request->status, request->location->core.server_tokens);
    at = PUT_FIELD(at, "Content-Type", response->content_type);
    at = put_length(at, request);
    if (rare)
        at = put_rare(at, request);
    at = put_connection(at, request);
    at = PUT(at, "\r\n");
    request->sent_head = (uint64_t)(at - begin);
    request->head_queued = true;
    output_commit(&base->output, (size_t)(at - begin));
    return 0;
}

/* The head of a body that comes in pieces. */
__attribute__((noinline)) static int queue_head(struct http_request *request)
{
    return put_head(request, 0);
}

/* Of a file that the kernel sends: nothing is left to pump, but the request lasts until it is out. */
static struct http_pump sent_by_kernel = {NULL};

/* A small file is sent with its head in one call; a larger one is left to the output queue. */
static int queue_file(struct http_request *request)
{
    struct http_response *response = &request->response;
    struct output_file file = {.fd = response->file->fd,
                               .joined = request->location->core.tcp_nopush,
                               .offset = response->offset,
                               .left = (uint64_t)response->content_length,
                               .release = open_files_release,
                               .owner = response->file};
    int error;

    if (response->content_length <= FILE_COPY_MAX) {
        error = http_response_copy_file(request, (size_t)response->content_length);
        if (!error)
            http_response_drop_file(request);
        else
            http_response_cut(request, error);
        return 0;
    }
    if (!request->location->core.sendfile)
        return 0; /* the pump reads it as the socket takes it */
    if (output_add_file(&request->connection->base.output, request->pool, &file))
        return -ENOMEM;
    response->file = NULL;
    response->pump = &sent_by_kernel;
    request->sent_body = file.left;
    response->left = 0;
    return 0;
}

/* If neither a length nor chunks say where the body ends, the connection's end does. */
static void frame(struct http_request *request)
{
    if (request->response.content_length < 0 && !http_response_chunked(request) &&
        !http_status_empty(request->status))
        request->keep_alive = false; /* the end of the connection ends the body */
}

static int begin_pieces(struct http_request *request)
{
    struct http_response *response = &request->response;
    int result;

    if (response->write_trailers && !http_status_empty(request->status))
        response->content_length = -1;
    frame(request);
    result = queue_head(request);
    if (result || response->body == HTTP_BODY_FILE)
        return result; /* the pump reads it as the socket takes it */
    if (http_response_bodiless(request))
        return 0;
    if (response->body == HTTP_BODY_BYTES)
        result = http_pass(response->transforms, request, response->bytes, HTTP_PIECE_MORE);
    return result ? result : http_stream_end(request);
}

UNGUARDED int http_response_queue(struct http_request *request)
{
    struct http_response *response = &request->response;
    size_t room = 0;

    if (request->location->filters && http_filters_run(request))
        return -ENOMEM;
    if (response->piecewise)
        return begin_pieces(request);
    if (response->body == HTTP_BODY_BYTES && response->bytes.length <= FILE_COPY_MAX)
        room = response->bytes.length;
    if (response->body == HTTP_BODY_FILE && response->content_length <= FILE_COPY_MAX)
        room = (size_t)response->content_length;
    if (put_head(request, room))
        return -ENOMEM;
    if (response->body == HTTP_BODY_FILE)
        return queue_file(request);
    if (response->body != HTTP_BODY_BYTES)
        return 0;
    request->sent_body = response->bytes.length;
    return output_copy(&request->connection->base.output, request->pool, response->bytes.bytes,
                       response->bytes.length);
}

int http_stream_begin(struct http_request *request)
{
    request->response.body = HTTP_BODY_STREAM;
    if (request->route.final_status)
        request->status = request->route.final_status;
    if (http_status_empty(request->status))
        http_response_empty(request);
    if (request->location->filters && http_filters_run(request))
        return -ENOMEM;
    frame(request);
    return queue_head(request);
}
