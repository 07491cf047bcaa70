/* SPDX-License-Identifier: BSD-2-Clause */
/* The second verb of the driver: goes as far as the received bytes allow. */
#include "http/advance.h"

#include "http/body.h"
#include "http/describe.h"
#include "http/limits.h"
#include "http/receive.h"
#include "http/request_run.h"
#include "http/route/route.h"
#include "pool/annotate.h"
#include "pool/pool_follow.h"

enum {
    REQUEST_FIELDS = 24 /* fields that a head may have before the array grows: a browser sends 10 to 20 */
};

struct http_request *http_advance_begin(struct http_connection *connection)
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
    http_request_end(connection, input->start == input->end);
}

enum http_head_result http_advance_head(struct http_connection *connection, int *status)
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
        connection->base.doing = "processing request";
        if (pool_is_followed(connection->base.pool))
            http_note_request(connection->request);
        http_request_go_on(connection->request, http_route(connection->request));
        return true;
    case HTTP_HEAD_MORE:
        return false;
    case HTTP_HEAD_LARGE:
        http_refuse_head(connection->request, status);
        return true;
    case HTTP_HEAD_FIELDS:
        http_refuse_fields(connection->request);
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
