/* SPDX-License-Identifier: BSD-2-Clause */
/* The second verb of the driver: goes as far as the received bytes allow, and runs the requests in them. */
#include "http/advance.h"

#include <stddef.h>
#include <string.h>

#include "http/body.h"
#include "http/describe.h"
#include "http/error_page.h"
#include "http/limits.h"
#include "http/protocol/status.h"
#include "http/receive.h"
#include "http/response.h"
#include "http/route/route.h"
#include "http/send.h"
#include "pool/annotate.h"
#include "pool/pool_follow.h"
#include "server/shortage.h"

/* A memset of this size becomes one instruction that stores 8 bytes at a time; these are stores of 16. */
static void clear(struct http_request *request)
{
    enum { STEP = 64, SIZE = offsetof(struct http_request, body.chunked), WHOLE = SIZE / STEP * STEP };
    char *bytes = (char *)request;

#pragma GCC unroll 16
    for (size_t i = 0; i < WHOLE; i += STEP)
        memset(bytes + i, 0, STEP);
    memset(bytes + WHOLE, 0, SIZE - WHOLE);
}

struct http_request *http_advance_begin(struct http_connection *connection)
{
    struct pool *pool = connection->base.pool;
    const struct http_server *server = http_default_server(connection);
    const struct http_parser_limits limits = {.strict_line_endings = server->reading.strict_line_endings};
    struct http_request *request = pool_alloc(pool, sizeof *request, "request");

    if (!request)
        return NULL;
    clear(request);
    request->connection = connection;
    request->pool = pool;
    request->head.fields = request->fields;
    request->head.field_capacity = HTTP_REQUEST_FIELDS;
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

UNGUARDED enum http_head_result http_advance_head(struct http_connection *connection, int *status)
{
    struct http_input *input = &connection->input;
    struct http_request *request = connection->request;

    for (;;) {
        switch (http_parser_feed(&connection->parser, &request->head, input->bytes + input->start,
                                 input->end - input->start)) {
        case HTTP_PARSE_DONE:
            request->length += connection->parser.offset;
            input->start += connection->parser.offset;
            return HTTP_HEAD_DONE;
        case HTTP_PARSE_MORE:
            connection->state = HTTP_STATE_HEAD;
            if (input->end < input->capacity)
                return HTTP_HEAD_MORE;
            *status = http_receive_grow_head(connection);
            return *status ? HTTP_HEAD_LARGE : HTTP_HEAD_MORE;
        case HTTP_PARSE_FIELDS_FULL:
            if (http_receive_grow_fields(request))
                continue;
            *status = 431;
            return HTTP_HEAD_FIELDS;
        case HTTP_PARSE_BAD:
            *status = connection->parser.status;
            return HTTP_HEAD_BAD;
        }
    }
}

/* ---- a request whose head is complete: from step to step, to its answer ---- */

/* Statuses after which the connection closes, as in nginx. */
static bool status_closes(int status)
{
    return status == 400 || status == 408 || status == 413 || status == 414 || status == 431 ||
           status == 500 || status == 501 || status == 505;
}

/* A client that waits for 100 may or may not send its body now; one that has begun must finish it. */
static bool may_skip_body(const struct http_request *request)
{
    const struct http_input *input = &request->connection->input;

    return !request->body_read && request->framing.expect_continue && !request->body.begun &&
           input->start == input->end;
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
    if (status_closes(request->status) || may_skip_body(request))
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

/* Answers the `status` of http_receive_grow_head; 503 has been logged. */
static void refuse_head(struct http_request *request, int status)
{
    const struct http_connection *connection = request->connection;
    const struct conf_buffers *large = &http_default_server(connection)->reading.large_client_header_buffers;
    size_t line =
        http_parser_unfinished(&connection->parser, connection->input.end - connection->input.start);
    bool target = http_parser_in_request_line(&connection->parser);
    const char *what = target ? "request line" : "header field", *name = "large_client_header_buffers";
    char text[LIMIT_TEXT_MAX];

    http_request_keep_line(request);
    http_request_reading(request);
    if (status != 503)
        http_log(request, LOG_LEVEL_INFO | LOG_KEPT, 0, "client sent too %s: %s",
                 status == 414         ? "long URI"
                 : target              ? "long method"
                 : line >= large->size ? "long header line"
                                       : "large request",
                 line >= large->size ? limit_text(text, name, large->size, line, 1, "bytes of a buffer", what)
                                     : limit_text(text, name, (uint64_t)large->count,
                                                  request->head.buffer_count - 1u, 1, "buffers", what));
    http_request_refuse(request, status, NULL);
}

/* Answers a head with too many fields, or without memory for more. */
static void refuse_fields(struct http_request *request)
{
    if (request->head.field_capacity < HTTP_RECEIVE_FIELDS_MAX) {
        http_request_go_on(request, http_no_memory(request));
        return;
    }
    http_request_reading(request);
    http_log(request, LOG_LEVEL_INFO | LOG_KEPT, 0,
             "client sent too many header lines: %u of %d fields used, 1 more asked for; this limit is fixed",
             (unsigned)request->head.field_count, HTTP_RECEIVE_FIELDS_MAX);
    http_request_refuse(request, 431, NULL);
}

/* ---- the state machine ---- */

/* The second try, after the budgets have refused the first, whose memory goes back. */
static bool begin_on_loan(struct http_connection *connection)
{
    if (!http_borrow(connection))
        return false;
    pool_reset(connection->base.pool);
    return http_advance_begin(connection);
}

/* Reads the request's head, and runs the request or answers what is wrong with it. False: the head is not
 * complete yet. */
static bool read_head(struct http_connection *connection)
{
    int status = 0;

    if (!connection->request) {
        if (!http_advance_begin(connection) && !begin_on_loan(connection)) {
            http_refuse_early(connection);
            connection->cut = true;
            return true;
        }
        connection->base.requests++;
        counter_add(&connection->base.worker->counters.requests, 1);
    }
    switch (http_advance_head(connection, &status)) {
    case HTTP_HEAD_DONE:
        connection->base.doing = connection_processing;
        if (pool_is_followed(connection->base.pool))
            http_note_request(connection->request);
        http_request_go_on(connection->request, http_route(connection->request));
        return true;
    case HTTP_HEAD_MORE:
        return false;
    case HTTP_HEAD_LARGE:
        refuse_head(connection->request, status);
        return true;
    case HTTP_HEAD_FIELDS:
        refuse_fields(connection->request);
        return true;
    case HTTP_HEAD_BAD:
        http_request_refuse(connection->request, status, connection->request->head.error);
        return true;
    }
    return true;
}

/* Passes the body on to the module that reads it, or drops it. */
static void read_body(struct http_connection *connection)
{
    struct http_request *request = connection->request;
    enum http_outcome outcome = http_body_advance(request);

    if (!request->complete && outcome != HTTP_OUTCOME_TAKEN)
        http_request_go_on(request, outcome);
    else if (request->complete && outcome != HTTP_OUTCOME_TAKEN)
        request->keep_alive = false; /* the end of the body cannot be found any more */
}

void http_advance_answered(struct http_connection *connection)
{
    struct http_request *request = connection->request;
    const struct http_input *input = &connection->input;
    bool slow = request->response.pump || request->pace;

    if (!request->body_read && !request->keep_alive)
        connection->linger = true;
    if (request->keep_alive && !request->body_read) {
        connection->state = HTTP_STATE_BODY;
        return;
    }
    connection->state = HTTP_STATE_SENDING;
    if (!request->keep_alive)
        connection->linger |= input->start < input->end || connection->expects_more;
    if (slow)
        return; /* it ends when all of it is out */
    if (request->keep_alive)
        connection->state = HTTP_STATE_IDLE;
    else
        connection->base.output.ends = true;
    http_request_end(connection, input->start == input->end);
}

UNGUARDED enum http_stop http_advance(struct http_connection *connection)
{
    struct http_input *input = &connection->input;

    for (;;) {
        if (connection->state == HTTP_STATE_SENDING)
            return HTTP_STOP_OUTPUT;
        if (connection->state == HTTP_STATE_LINGER) {
            input->start = input->end;
            return HTTP_STOP_BYTES;
        }
        if (connection->state == HTTP_STATE_WAITING)
            return HTTP_STOP_BYTES;
        if (http_output_full(connection))
            return HTTP_STOP_OUTPUT;
        if (input->start == input->end)
            return HTTP_STOP_BYTES;
        if (connection->state == HTTP_STATE_BODY)
            read_body(connection);
        else if (!read_head(connection))
            return HTTP_STOP_BYTES;
        if (connection->cut) {
            if (connection->base.output.head)
                (void)connection_send(&connection->base, OUTPUT_SHARE); /* earlier answers are complete */
            connection_close(&connection->base);
            return HTTP_STOP_GONE;
        }
        if (connection->request->complete)
            http_advance_answered(connection);
        else
            connection->state = connection->request->body.begun ? HTTP_STATE_BODY : HTTP_STATE_WAITING;
    }
}
