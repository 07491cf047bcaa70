/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver on one page: the loop, and what the engine calls (struct protocol). */
#include "http/connection.h"

#include <errno.h>

#include "http/advance.h"
#include "http/describe.h"
#include "http/limits.h"
#include "http/receive.h"
#include "http/request.h"
#include "http/send.h"
#include "http/wait.h"

enum { READS_PER_WAKE = 8 /* receives per wake-up: then other connections get their turn */ };

const struct http_core *http_connection_core(const struct http_connection *connection)
{
    return connection->request && connection->request->location
               ? &connection->request->location->core
               : &http_default_server(connection)->outside->core;
}

const struct log *http_connection_log_of(const struct http_connection *connection)
{
    const struct log *log = http_connection_core(connection)->error_log;

    return log ? log : connection->base.tenure->generation->settings.log;
}

/* ---- the loop: receive → advance → send → wait ---- */

void http_connection_go_on(struct http_connection *connection)
{
    bool more;

    for (;;) {
        enum http_stop stop = http_advance(connection);

        if (stop == HTTP_STOP_GONE || !http_send(connection, &more))
            return;
        /* What was sent made room: what is here already goes on, for there is no room to receive more. */
        if (stop == HTTP_STOP_OUTPUT && connection->state != HTTP_STATE_SENDING &&
            !http_output_full(connection))
            continue;
        if (stop == HTTP_STOP_BYTES || connection->base.output.head ||
            connection->state == HTTP_STATE_LINGER || connection->state == HTTP_STATE_SENDING)
            break;
    }
    http_wait(connection, more);
}

/* Receives while the socket has more than the buffer held, advancing in between. False: the connection is
 * closed, or all has been done for it. */
static bool receive_all(struct http_connection *connection)
{
    for (int i = 0; i < READS_PER_WAKE; i++) {
        if (!http_receive(connection))
            return false;
        if (!connection->expects_more)
            return true;
        if (http_advance(connection) == HTTP_STOP_GONE)
            return false;
        if (http_output_full(connection) || connection->state == HTTP_STATE_SENDING ||
            connection->state == HTTP_STATE_WAITING)
            return true;
    }
    return true;
}

static void on_ready(struct connection *base, int events)
{
    struct http_connection *connection = http_connection_of(base);

    if (!(events & EV_READ) || receive_all(connection))
        http_connection_go_on(connection);
}

/* A module answers now. */
void http_resume(struct http_request *request, enum http_outcome outcome)
{
    struct http_connection *connection = request->connection;

    http_request_go_on(request, outcome);
    if (connection->cut) {
        connection_close(&connection->base);
        return;
    }
    if (request->complete)
        http_advance_answered(connection);
    else if (request->body.begun)
        connection->state = HTTP_STATE_BODY;
    http_connection_go_on(connection);
}

/* ---- what the engine calls ---- */

static bool on_opened(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);

    pool_pin(base->pool);
    connection->state = HTTP_STATE_IDLE;
    connection->idle_timeout = http_connection_core(connection)->keepalive_timeout;
    return http_wait_opened(connection);
}

static void on_expired(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    enum http_state timing = connection->timing;

    connection->timing = HTTP_STATES;
    if ((timing != HTTP_STATE_HEAD && timing != HTTP_STATE_BODY) || !connection->request ||
        connection->request->head_queued) {
        connection_log(base, http_connection_log_of(connection), LOG_LEVEL_INFO, ETIMEDOUT,
                       "client timed out");
        connection_close(base);
        return;
    }
    http_request_refuse(connection->request, 408, "client timed out");
    if (connection->cut) {
        connection_close(base);
        return;
    }
    http_advance_answered(connection);
    http_connection_go_on(connection);
}

/* Nothing of a request is here, and nothing is on its way out. */
static bool is_idle(const struct http_connection *connection)
{
    return connection->state == HTTP_STATE_IDLE && connection->input.start == connection->input.end &&
           !connection->base.output.head;
}

/* Idle connections follow; one that has not sent its first byte ends under what it began with, unless its
 * worker goes. */
static void on_drain(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    bool fresh = !base->requests;

    if (!is_idle(connection))
        return;
    if (!fresh || connection_ending(base) == CONNECTION_HAND_ON)
        connection_settle_idle(base);
}

/* Its place may be given to another: between two requests, silent since it came, or waiting for the peer to
 * close after the last answer. */
static bool on_idle(const struct connection *base)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    return connection->state == HTTP_STATE_LINGER || (is_idle(connection) && !connection->request);
}

static bool on_shed(struct connection *base)
{
    const struct http_connection *connection = http_connection_of(base);

    if (!base->requests || !is_idle(connection) || connection->request)
        return false;
    connection_close(base);
    return true;
}

static void on_closed(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);

    http_count_as(connection, HTTP_COUNTED_IDLE);
    if (!connection->request)
        return;
    /* Logged as nginx does: 400 if the head never came whole, and not at all if not a byte of it did. */
    if (!connection->request->status && http_parser_begun(&connection->parser)) {
        http_request_keep_line(connection->request);
        connection->request->status = 400;
    }
    http_request_end(connection, true);
}

const struct protocol http_protocol = {
    .name = "http",
    .connection_size = sizeof(struct http_connection),
    .opened = on_opened,
    .ready = on_ready,
    .expired = on_expired,
    .drain = on_drain,
    .closed = on_closed,
    .shed = on_shed,
    .idle = on_idle,
    .refused = http_refuse_descriptor,
    .state = http_connection_state,
    .describe = http_connection_describe,
};
