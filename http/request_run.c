/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a request: begin, run, go on from step to step, answer, end. */
#include "http/request.h"

#include <errno.h>
#include <ev.h>
#include <stdarg.h>
#include <stdio.h>

#include "http/answer.h"
#include "http/connection.h"
#include "http/error_page.h"
#include "http/limits.h"
#include "http/protocol/status.h"
#include "http/receive.h"
#include "pool/unguarded.h"

enum {
    REQUEST_FIELDS = 24 /* fields that a head may have before the array grows: a browser sends 10 to 20 */
};

struct http_request *http_request_begin(struct http_connection *connection)
{
    struct pool *pool = connection->base.pool;
    const struct http_server *server = http_default_server(connection);
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

/* For the log, of a request that is refused before its path was asked for: the path that its line names;
 * empty if that is none, as nginx has it. */
static void name_refused(struct http_request *request)
{
    if (!request->path.bytes && request->head.path.length && http_route_path(request))
        request->path = (struct http_text){"", 0};
}

void http_request_run(struct http_request *request)
{
    int status = http_route_head(request);

    if (status) {
        http_request_refuse(request, status,
                            request->head.error ? request->head.error
                            : status == 500     ? NULL /* said already */
                                                : "client sent invalid request");
        return;
    }
    http_body_init(request);
    request->keep_alive = request->framing.keep_alive;
    if (request->head.method == HTTP_METHOD_CONNECT || request->head.method == HTTP_METHOD_TRACE) {
        request->response.allow = HTTP_TEXT("GET, HEAD");
        request->keep_alive =
            false; /* as nginx: who asks for a tunnel or an echo of its fields is not a browser */
        http_request_go_on(request, http_answer_status(request, 405));
        return;
    }
    if (request->head.form == HTTP_TARGET_ASTERISK) {
        request->response.allow = HTTP_TEXT("GET, HEAD, POST, PUT, DELETE, OPTIONS");
        http_request_go_on(
            request, http_answer_bytes(request, 200, (struct http_text){"", 0}, (struct http_text){"", 0}));
        return;
    }
    http_request_go_on(request, http_route_begin(request));
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
    http_request_go_on(request, HTTP_OUTCOME_STATUS);
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
        http_refuse_bare(connection);
    connection->cut = true;
}

UNGUARDED void http_request_go_on(struct http_request *request, enum http_outcome outcome)
{
    for (;;) {
        switch (outcome) {
        case HTTP_OUTCOME_NEXT:
            if (!request->step || !request->step->run) {
                request->status = 404;
                outcome = HTTP_OUTCOME_STATUS;
                continue;
            }
            outcome = request->step->run(request, request->step->section);
            if (outcome == HTTP_OUTCOME_NEXT)
                request->step++;
            continue;
        case HTTP_OUTCOME_STATUS:
            if (request->head_queued) {
                request->complete = true;
                request->connection->cut = true;
                return;
            }
            request->keep_alive = request->keep_alive && !status_closes(request->status);
            outcome = http_error_page(request);
            continue;
        case HTTP_OUTCOME_LOCATE:
            outcome = http_route_locate(request);
            continue;
        case HTTP_OUTCOME_ENTER:
            request->step = request->location->steps;
            outcome = HTTP_OUTCOME_NEXT;
            continue;
        case HTTP_OUTCOME_RELOCATE:
            outcome = http_route_again(request);
            continue;
        case HTTP_OUTCOME_ANSWERED:
            answer(request);
            return;
        case HTTP_OUTCOME_TAKEN:
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
    http_receive_drop_kept(request);
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
