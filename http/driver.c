/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver on one page: the loop, and what the engine calls (struct protocol). */
#include "http/driver.h"

#include <ev.h>

#include "http/advance.h"
#include "http/describe.h"
#include "http/limits.h"
#include "http/receive.h"
#include "http/send.h"
#include "http/wait.h"
#include "pool/annotate.h"
#include "server/loop/ev_memory.h"
#include "server/process/crash.h"

enum { READS_PER_WAKE = 8 /* receives per wake-up: then other connections get their turn */ };

/* ---- the loop: receive → advance → send → wait ---- */

/* Runs until nothing can go on, then waits. The connection may be closed when it returns. */
UNGUARDED static void go_on(struct http_connection *connection)
{
    const struct http_input *input = &connection->input;
    enum http_stop stop;
    bool more;

    /* Sending may have made room for answers to bytes that have already arrived. */
    do {
        stop = http_advance(connection);
        if (stop == HTTP_STOP_GONE || !http_send(connection, &more))
            return;
    } while (stop == HTTP_STOP_OUTPUT && input->start < input->end &&
             connection->state != HTTP_STATE_SENDING && !http_output_full(connection));
    http_wait(connection, more);
}

/* A module answers now. */
void http_resume(struct http_request *request, enum http_outcome outcome)
{
    struct http_connection *connection = request->connection;

    crash_subject = connection;
    http_request_go_on(request, outcome);
    if (connection->cut) {
        connection_close(&connection->base);
        return;
    }
    if (request->complete)
        http_advance_answered(connection);
    else if (request->body.begun)
        connection->state = HTTP_STATE_BODY;
    go_on(connection);
}

/* There is no room for what arrives: answers that if possible, else closes the connection. */
static void no_room(struct http_connection *connection)
{
    struct http_request *request = connection->request;

    if (!request && connection->state != HTTP_STATE_LINGER)
        http_refuse_early(connection);
    if (request && !request->complete)
        http_resume(request, http_no_memory(request));
    else
        connection_close(&connection->base);
}

/* Receives while the socket has more than the buffer held, advancing in between. False: the connection is
 * closed, or there is nothing more to do. */
static bool receive_all(struct http_connection *connection)
{
    for (int i = 0; i < READS_PER_WAKE; i++) {
        switch (http_receive(connection)) {
        case HTTP_RECEIVED:
            break;
        case HTTP_RECEIVE_NO_ROOM:
            no_room(connection);
            return false;
        case HTTP_RECEIVE_CLOSED:
            return false;
        }
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

UNGUARDED static void on_ready(struct connection *base, int events)
{
    struct http_connection *connection = http_connection_of(base);

    if (!(events & EV_READ) || receive_all(connection))
        go_on(connection);
}

/* ---- a request that waits: a timer in its pool ---- */

struct delay {
    struct ev_timer timer;
    struct ev_loop *loop;
    struct http_request *request;
};

static void on_delayed(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct delay *delay = timer->data;

    (void)loop;
    (void)events;
    if (!delay->request->connection->base.closed)
        http_resume(delay->request, HTTP_OUTCOME_NEXT);
}

static void stop_delay(void *data)
{
    struct delay *delay = data;

    ev_timer_stop(delay->loop, &delay->timer);
}

enum http_outcome http_delay(struct http_request *request, int64_t ms)
{
    struct delay *delay = pool_calloc(request->pool, sizeof *delay, "delay");

    if (!delay || !ev_memory_reserve(request->connection->base.io.fd) ||
        !pool_cleanup_add(request->pool, stop_delay, delay))
        return http_no_memory(request);
    delay->request = request;
    delay->loop = request->connection->base.worker->loop;
    ev_timer_init(&delay->timer, on_delayed, (double)ms / 1000., 0.);
    delay->timer.data = delay;
    ev_timer_start(delay->loop, &delay->timer);
    return HTTP_OUTCOME_TAKEN;
}

/* ---- what the engine calls ---- */

static void on_expired(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    enum http_state timing = connection->timing;

    connection->timing = HTTP_STATES;
    if ((timing != HTTP_STATE_HEAD && timing != HTTP_STATE_BODY) || !connection->request ||
        connection->request->head_queued) {
        connection_timed_out(base, http_connection_log_of(connection));
        return;
    }
    http_request_refuse(connection->request, 408, "client timed out");
    if (connection->cut) {
        connection_close(base);
        return;
    }
    http_advance_answered(connection);
    go_on(connection);
}

/* No part of a request has arrived, and nothing is left to send. */
static bool is_idle(const struct http_connection *connection)
{
    return connection->state == HTTP_STATE_IDLE && connection->input.start == connection->input.end &&
           !connection->base.output.head;
}

/* Idle connections follow; one without a first byte stays under its old generation, unless its worker
 * goes. */
static void on_drain(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    bool fresh = !base->requests;

    if (!is_idle(connection))
        return;
    if (!fresh || connection_ending(base) == CONNECTION_HAND_ON)
        connection_settle_idle(base);
}

/* Whether its place may be given to another: it is between two requests, silent since it was accepted, or
 * waiting for the peer to close. */
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
    /* Logged as in nginx: 400 if the head was never complete, not at all without a first byte. */
    if (!connection->request->status && http_parser_begun(&connection->parser)) {
        http_request_keep_line(connection->request);
        connection->request->status = 400;
    }
    http_request_end(connection, true);
}

const struct protocol http_protocol = {
    .name = "http",
    .connection_size = sizeof(struct http_connection),
    .opened = http_wait_opened,
    .ready = on_ready,
    .expired = on_expired,
    .drain = on_drain,
    .closed = on_closed,
    .shed = on_shed,
    .borrows = true,
    .idle = on_idle,
    .refused = http_refuse_descriptor,
    .state = http_connection_state,
    .filled = http_connection_filled,
    .describe = http_connection_describe,
};
