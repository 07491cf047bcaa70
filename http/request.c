/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/request.h"

#include <errno.h>
#include <ev.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/error_page.h"
#include "http/flow.h"
#include "http/input.h"
#include "http/keepalive.h"
#include "http/limits.h"
#include "http/protocol/uri.h"
#include "http/route/locations.h"
#include "http/route/server_names.h"
#include "pool/unguarded.h"

enum {
    REQUEST_FIELDS = 24 /* fields that a head may have before the array grows: a browser sends 10 to 20 */
};

static const struct http_address *address_of(const struct http_connection *connection)
{
    return connection->base.binding->data;
}

struct http_request *http_request_begin(struct http_connection *connection)
{
    struct pool *pool = connection->base.pool;
    const struct http_server *server = address_of(connection)->default_server;
    const struct http_parser_limits limits = {.strict_line_endings = server->reading.strict_line_endings};
    struct http_request *request = pool_calloc(pool, sizeof *request, "request");
    struct http_field *fields = request ? pool_alloc(pool, REQUEST_FIELDS * sizeof *fields, "fields") : NULL;

    if (!fields)
        return NULL;
    request->connection = connection;
    request->pool = pool;
    request->head.fields = fields;
    request->head.field_capacity = REQUEST_FIELDS;
    request->response.content_length = -1;
    request->response.last_modified = -1;
    request->response.range_size = -1;
    request->response.headers_end = &request->response.headers;
    request->server = server;
    request->location = server->outside;
    request->began = timeouts_now(&connection->base.worker->timeouts);
    request->head_in_input = true;
    http_parser_init(&connection->parser, &limits, &request->head);
    connection->request = request;
    return request;
}

static bool copy_path(struct http_request *request, struct http_text path)
{
    char *copy = pool_nalloc(request->pool, path.length + 1, "path");

    if (!copy)
        return false;
    if (path.bytes)
        memcpy(copy, path.bytes, path.length);
    copy[path.length] = '\0';
    request->path = (struct http_text){copy, path.length};
    return true;
}

/* The target's path, decoded and normalised. 0, 400 or -ENOMEM. */
static int take_path(struct http_request *request)
{
    struct http_text raw = http_head_text(&request->head, request->head.path);
    bool merge = request->server->reading.merge_slashes;
    struct http_uri uri;

    request->target = http_head_text(&request->head, request->head.target);
    if (request->head.form == HTTP_TARGET_ASTERISK || request->head.form == HTTP_TARGET_AUTHORITY) {
        request->path = (struct http_text){"", 0};
        return 0;
    }
    if (!http_uri_plain(raw.bytes, raw.length, merge, &uri)) {
        char *out = pool_nalloc(request->pool, raw.length + 2, "path");

        if (!out)
            return -ENOMEM;
        if (http_uri_normalize(raw.bytes, raw.length, out, merge, &uri))
            return 400;
        if (uri.path.bytes == out)
            out[uri.path.length] = '\0';
        request->path = uri.path;
    }
    if ((uri.plain || !request->path.bytes) && !copy_path(request, uri.path))
        return -ENOMEM;
    request->args = uri.args;
    request->extension = uri.extension;
    return 0;
}

static int choose_server(struct http_request *request)
{
    const struct http_address *address = address_of(request->connection);
    int status = http_host_decide(&request->head, &request->host);

    if (status)
        return status;
    if (request->host.upper) {
        char *lower = pool_nalloc(request->pool, request->host.name.length + 1, "host");

        if (!lower)
            return http_no_memory(request) == HTTP_STATUS ? request->status : 503;
        http_host_lower(&request->host, lower);
    }
    if (address->names) {
        const struct http_server *server = http_find_server(address, request->host.name, request);

        if (!server) {
            (void)http_gave_up(request);
            return 500;
        }
        request->server = server;
        request->location = server->outside;
    }
    return 0;
}

/* What the head says before any location is asked. 0: go on; else the status to answer with. */
UNGUARDED static int check_head(struct http_request *request)
{
    int status =
        choose_server(request); /* first: whatever is wrong, it is answered and logged as that server's */

    if (!status)
        status = http_framing_decide(&request->head, &request->framing);
    if (!status && (int64_t)request->head.field_count > request->server->reading.max_headers) {
        request->head.error = "client sent too many header lines (max_headers)";
        status = 400;
    }
    if (!status && http_head_repeats_singleton(&request->head)) {
        request->head.error = "client sent a field twice that is no list";
        status = 400;
    }
    if (!status && request->head.method == HTTP_METHOD_UNKNOWN)
        status = 501;
    if (!status)
        status = take_path(request);
    if (status == -ENOMEM)
        return http_no_memory(request) == HTTP_STATUS ? request->status : 503;
    return status;
}

/* For the log, of a request that is refused before its path was asked for: the path that its line names;
 * empty if that is none, as nginx has it. */
static void name_refused(struct http_request *request)
{
    if (!request->path.bytes && request->head.path.length && take_path(request))
        request->path = (struct http_text){"", 0};
}

void http_request_run(struct http_request *request)
{
    int status = check_head(request);

    if (status) {
        http_request_refuse(request, status,
                            request->head.error ? request->head.error
                            : status == 500     ? NULL /* said already */
                                                : "client sent invalid request");
        return;
    }
    http_body_init(request);
    request->keep_alive = request->framing.keep_alive;
    if (request->head.method == HTTP_CONNECT || request->head.method == HTTP_TRACE) {
        request->response.allow = HTTP_TEXT("GET, HEAD");
        request->keep_alive =
            false; /* as nginx: who asks for a tunnel or an echo of its fields is not a browser */
        http_request_continue(request, http_answer_status(request, 405));
        return;
    }
    if (request->head.form == HTTP_TARGET_ASTERISK) {
        request->response.allow = HTTP_TEXT("GET, HEAD, POST, PUT, DELETE, OPTIONS");
        http_request_continue(
            request, http_answer_bytes(request, 200, (struct http_text){"", 0}, (struct http_text){"", 0}));
        return;
    }
    http_request_continue(request, http_route_begin(request));
}

void http_request_refuse(struct http_request *request, int status, const char *why)
{
    http_request_keep_line(request);
    if (why && !request->response.retry_after)
        http_log(request, LOG_LEVEL_INFO, 0, "%s", why);
    name_refused(request);
    request->keep_alive = false;
    if (status == 505)
        request->head.minor = 1;
    request->status = status;
    http_request_continue(request, HTTP_STATUS);
}

/* Statuses after which the connection is not worth keeping, as nginx. */
static bool status_closes(int status)
{
    return status == 400 || status == 408 || status == 413 || status == 414 || status == 431 ||
           status == 500 || status == 501 || status == 505;
}

static void answer(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    request->complete = true;
    if (request->route.final_status)
        request->status = request->route.final_status;
    if (request->status == 444) {
        connection->cut = true;
        return;
    }
    if (request->response.body == HTTP_BODY_STREAM)
        return; /* the module has queued it */
    /* error_page may say so of any answer. */
    if (http_status_empty(request->status)) {
        http_response_empty(request);
        request->response.body = HTTP_BODY_NONE;
    }
    /* Whether a client that waits for 100 sends its body now, nobody knows; one that has begun to must
     * end it. */
    if (status_closes(request->status) ||
        (!request->body_read && request->framing.expect_continue && !request->body.begun &&
         connection->input.start == connection->input.end))
        request->keep_alive = false;
    if (!http_response_queue(request))
        return;
    /* Answers before this one may hold what it needs. */
    if (!request->head_queued && connection->base.output.head &&
        connection_send(&connection->base, OUTPUT_SHARE) == OUTPUT_DONE && !http_response_queue(request))
        return;
    (void)http_no_memory(request);
    if (!request->head_queued)
        http_response_last_resort(connection);
    connection->cut = true;
}

static enum http_outcome too_large(struct http_request *request)
{
    if (request->framing.too_large)
        http_log(request, LOG_LEVEL_ERROR, 0,
                 "client intended to send a body of more bytes than can be counted");
    else
        http_log_body_limit(request, (uint64_t)request->framing.content_length);
    request->keep_alive = false;
    request->status = 413;
    return HTTP_STATUS;
}

/* HTTP_LOCATE. */
UNGUARDED static inline enum http_outcome locate(struct http_request *request)
{
    static const struct http_step no_steps[] = {{NULL, NULL}}; /* nobody configured an answer */
    const struct http_location *location = http_find_location(request);
    off_t limit;

    if (!location) {
        request->location = request->server->outside;
        return http_gave_up(request);
    }
    http_route_enter(request, location);
    if (location->core.internal && !request->route.internal) {
        request->status = 404;
        return HTTP_STATUS;
    }
    limit = location->core.client_max_body_size;
    if ((request->framing.too_large || (limit && request->framing.content_length > limit)) &&
        !request->route.error_page)
        return too_large(request);
    request->step = location->steps ? location->steps : no_steps;
    return HTTP_NEXT;
}

int http_request_route(struct http_request *request)
{
    int status = check_head(request);

    if (status)
        return status;
    http_body_init(request);
    request->keep_alive = request->framing.keep_alive;
    return locate(request) == HTTP_NEXT ? 0 : request->status;
}

UNGUARDED void http_request_continue(struct http_request *request, enum http_outcome outcome)
{
    for (;;) {
        switch (outcome) {
        case HTTP_NEXT:
            if (!request->step || !request->step->run) {
                request->status = 404;
                outcome = HTTP_STATUS;
                continue;
            }
            outcome = request->step->run(request, request->step->section);
            if (outcome == HTTP_NEXT)
                request->step++;
            continue;
        case HTTP_STATUS:
            if (request->head_queued) {
                request->complete = true;
                request->connection->cut = true;
                return;
            }
            request->keep_alive = request->keep_alive && !status_closes(request->status);
            outcome = http_error_page(request);
            continue;
        case HTTP_LOCATE:
            outcome = locate(request);
            continue;
        case HTTP_ENTER:
            request->step = request->location->steps;
            outcome = HTTP_NEXT;
            continue;
        case HTTP_RELOCATE:
            outcome = http_route_again(request);
            continue;
        case HTTP_ANSWERED:
            answer(request);
            return;
        case HTTP_TAKEN:
            return;
        }
    }
}

void http_request_end(struct http_connection *connection, bool idle)
{
    struct http_request *request = connection->request;
    struct worker *worker = connection->base.worker;
    struct pool *pool = connection->base.pool;

    for (const struct http_log_step *step = request->status ? request->location->log_steps : NULL;
         step && step->run; step++)
        step->run(request, step->section);
    if (request->response.file)
        http_response_drop_file(request);
    http_input_drop_kept(request);
    connection->idle_timeout = request->location->core.keepalive_timeout;
    connection->request = NULL;
    marks_add(&worker->marks.requests, pool_request_bytes(pool));
    timings_add(&worker->timings, timeouts_now(&worker->timeouts) - request->began, request->status);
    if (!idle) {
        pool_reset(pool);
        return;
    }
    pool_idle(pool);
    if (connection->base.binding->automatic && pool_block_size(pool) != worker->auto_size.block_size)
        pool_set_block_size(pool, worker->auto_size.block_size);
}

double http_now(const struct http_request *request)
{
    return ev_now(request->connection->base.worker->loop);
}

double http_steady_now(const struct http_request *request)
{
    return timeouts_now(&request->connection->base.worker->timeouts);
}

void http_log(const struct http_request *request, int level, int error, const char *format, ...)
{
    const struct connection *base = &request->connection->base;
    const struct log *log = request->location->core.error_log;
    char text[1024];
    va_list args;

    if (!log)
        log = base->tenure->generation->settings.log;
    if (!log_enabled(log, (enum log_level)level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    connection_log(base, log, (enum log_level)level, error, "%s", text);
}
