/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a request: it goes on from step to step, is answered, ends. */
#include "http/request_run.h"

#include "http/connection.h"
#include "http/error_page.h"
#include "http/limits.h"
#include "http/protocol/status.h"
#include "http/receive.h"
#include "http/response.h"
#include "http/route/route.h"
#include "pool/annotate.h"
#include "server/shortage.h"

/* Statuses after which the connection closes, as in nginx. */
static bool status_closes(int status)
{
    return status == 400 || status == 408 || status == 413 || status == 414 || status == 431 ||
           status == 500 || status == 501 || status == 505;
}

/* Queues the described answer. Without memory for it, a bare 503 is sent past the queue, or the answer is
 * cut. */
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
    /* error_page may set it for any answer. */
    if (http_status_empty(request->status)) {
        http_response_empty(request);
        request->response.body = HTTP_BODY_NONE;
    }
    /* A client that waits for 100 may or may not send its body now; one that has begun must finish it. */
    if (status_closes(request->status) ||
        (!request->body_read && request->framing.expect_continue && !request->body.begun &&
         connection->input.start == connection->input.end))
        request->keep_alive = false;
    if (!http_response_queue(request))
        return;
    /* Queued earlier answers may hold the memory that it needs. */
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
            if (request->location->looks || request->connection->base.borrowed)
                outcome = http_look(request);
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

/* ---- what is refused ---- */

void http_request_refuse(struct http_request *request, int status, const char *why)
{
    http_request_go_on(request, http_route_refused(request, status, why));
}

void http_refuse_head(struct http_request *request, int status)
{
    const struct http_connection *connection = request->connection;
    const struct conf_buffers *large = &http_default_server(connection)->reading.large_client_header_buffers;
    size_t line =
        http_parser_unfinished(&connection->parser, connection->input.end - connection->input.start);
    bool target = http_parser_in_request_line(&connection->parser);
    const char *what = target ? "request line" : "header field", *name = "large_client_header_buffers";
    char text[LIMIT_TEXT_MAX];

    http_request_keep_line(request);
    if (status != 503)
        http_log(request, LOG_LEVEL_ERROR, 0, "client sent too %s: %s",
                 !target         ? "large header"
                 : status == 414 ? "long URI"
                                 : "long method",
                 line >= large->size ? limit_text(text, name, large->size, line, 1, "bytes of a buffer", what)
                                     : limit_text(text, name, (uint64_t)large->count,
                                                  request->head.buffer_count - 1u, 1, "buffers", what));
    http_request_refuse(request, status, NULL);
}

void http_refuse_fields(struct http_request *request)
{
    if (request->head.field_capacity < HTTP_RECEIVE_FIELDS_MAX) {
        http_request_go_on(request, http_no_memory(request));
        return;
    }
    http_log(request, LOG_LEVEL_ERROR, 0,
             "client sent too large header: %u of %d fields used, 1 more asked for; this limit is fixed",
             (unsigned)request->head.field_count, HTTP_RECEIVE_FIELDS_MAX);
    http_request_refuse(request, 431, NULL);
}

/* ---- the end ---- */

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
    if (request->kept_count)
        http_receive_drop_kept(request);
    connection->idle_timeout = request->location->core.keepalive_timeout;
    connection->request = NULL;
    if (connection->base.looks)
        http_looked(connection);
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
