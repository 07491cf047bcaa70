/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/advance.h"

#include "http/flow.h"
#include "http/input.h"
#include "http/limits.h"
#include "pool/unguarded.h"

void http_advance_answered(struct http_connection *connection)
{
    struct http_request *request = connection->request;
    const struct http_input *input = &connection->input;
    bool slow = request->response.pump != NULL || request->pace != NULL;

    if (!request->body_read && !request->keep_alive)
        connection->linger = true;
    if (request->keep_alive && !request->body_read) {
        connection->state = HTTP_BODY_IN;
        return;
    }
    connection->state = HTTP_SENDING;
    if (!request->keep_alive)
        connection->linger |= input->start < input->end || connection->expects_more;
    if (slow)
        return; /* it ends when all of it is out */
    if (request->keep_alive)
        connection->state = HTTP_IDLE;
    http_request_end(connection, input->start == input->end);
}

/* False: the head is not all here yet. */
static bool read_head(struct http_connection *connection)
{
    struct http_input *input = &connection->input;
    struct http_request *request = connection->request;
    int status;

    if (!request) {
        request = http_request_begin(connection);
        if (!request) {
            http_refuse_early(connection);
            connection->cut = true;
            return true;
        }
        connection->base.requests++;
        counter_add(&connection->base.worker->counters.requests, 1);
    }
    for (;;) {
        switch (http_parser_feed(&connection->parser, &request->head, input->bytes + input->start,
                                 input->end - input->start)) {
        case HTTP_PARSE_DONE:
            request->length += connection->parser.offset;
            input->start += connection->parser.offset;
            connection->base.doing = "processing request";
            http_request_run(request);
            return true;
        case HTTP_PARSE_MORE:
            connection->state = HTTP_HEAD_IN;
            if (input->end < input->capacity)
                return false;
            status = http_input_grow_head(connection);
            if (!status)
                return false;
            http_refuse_head(request, status);
            return true;
        case HTTP_PARSE_FIELDS_FULL:
            if (http_input_grow_fields(request))
                continue;
            http_refuse_fields(request);
            return true;
        case HTTP_PARSE_BAD:
            http_request_refuse(request, connection->parser.status, request->head.error);
            return true;
        }
    }
}

static void read_body(struct http_connection *connection)
{
    struct http_request *request = connection->request;
    enum http_outcome outcome = http_body_advance(request);

    if (!request->complete && outcome != HTTP_TAKEN)
        http_request_continue(request, outcome);
    else if (request->complete && outcome != HTTP_TAKEN)
        request->keep_alive = false; /* what was to be dropped cannot be followed */
}

UNGUARDED enum http_stop http_advance(struct http_connection *connection)
{
    struct http_input *input = &connection->input;

    for (;;) {
        if (connection->state == HTTP_SENDING)
            return HTTP_STOP_OUTPUT;
        if (connection->state == HTTP_LINGER) {
            input->start = input->end;
            return HTTP_STOP_BYTES;
        }
        if (connection->state == HTTP_WAITING)
            return HTTP_STOP_BYTES;
        if (http_output_full(connection))
            return HTTP_STOP_OUTPUT;
        if (input->start == input->end)
            return HTTP_STOP_BYTES;
        if (connection->state == HTTP_BODY_IN)
            read_body(connection);
        else if (!read_head(connection))
            return HTTP_STOP_BYTES;
        if (connection->cut) {
            if (connection->base.output.head)
                (void)connection_send(&connection->base, OUTPUT_SHARE); /* earlier answers are whole */
            connection_close(&connection->base);
            return HTTP_STOP_GONE;
        }
        if (connection->request->complete)
            http_advance_answered(connection);
        else
            connection->state = connection->request->body.begun ? HTTP_BODY_IN : HTTP_WAITING;
    }
}
