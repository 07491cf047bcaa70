/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/connection.h"

#include <errno.h>
#include <sys/socket.h>

#include "http/advance.h"
#include "http/counted.h"
#include "http/describe.h"
#include "http/flow.h"
#include "http/input.h"
#include "http/limits.h"
#include "http/pace.h"
#include "http/request.h"

/* Receives, and pieces of 16 or 32 KiB of a body that is made as it leaves: others have their turn then. */
enum { READS_PER_WAKE = 8, PUMPS_PER_WAKE = 16 };

static const struct http_core *core_of(const struct http_connection *connection)
{
    return connection->request && connection->request->location
               ? &connection->request->location->core
               : &http_default_server(connection)->outside->core;
}

static const struct log *log_of(const struct http_connection *connection)
{
    const struct log *log = core_of(connection)->error_log;

    return log ? log : connection->base.tenure->generation->settings.log;
}

/* ---- sending ---- */

static void finish_closing(struct http_connection *connection)
{
    struct connection *base = &connection->base;

    if (!connection->linger || connection->eof) {
        connection_close(base);
        return;
    }
    shutdown(base->io.fd, SHUT_WR);
    connection->state = HTTP_LINGER;
    connection->lingering_until =
        timeouts_now(&base->worker->timeouts) + (double)core_of(connection)->lingering_time / 1000.;
    base->doing = "lingering";
}

/* Everything queued is out. False: the connection is closed. */
static bool output_out(struct http_connection *connection)
{
    if (connection->state != HTTP_SENDING)
        return true;
    if (connection->request) {
        bool keep = connection->request->keep_alive;

        http_request_end(connection, connection->input.start == connection->input.end);
        if (keep) {
            connection->state = HTTP_IDLE;
            return true;
        }
    }
    finish_closing(connection);
    return !connection->base.closed;
}

static enum output_result send_queued(struct http_connection *connection)
{
    struct http_pace *pace = connection->request ? connection->request->pace : NULL;
    uint64_t before = connection->base.output.unsent;
    size_t most = OUTPUT_SHARE;
    enum output_result result;

    if (!connection->base.output.head)
        return OUTPUT_DONE;
    if (pace)
        most = http_pace_share(pace);
    if (!most)
        return OUTPUT_AGAIN;
    result = connection_send(&connection->base, most);
    if (pace)
        http_pace_sent(pace, before - connection->base.output.unsent, result);
    return result;
}

/* Sends what is queued, and as much of what a pump has as one turn may; *more: it has more. False: the
 * connection is closed. */
static bool push(struct http_connection *connection, bool *more)
{
    struct connection *base = &connection->base;

    *more = false;
    for (int pumps = 0;; pumps++) {
        enum output_result result = send_queued(connection);
        struct http_pump *pump = connection->request ? connection->request->response.pump : NULL;

        if (result == OUTPUT_AGAIN)
            return true;
        if (result == OUTPUT_ERROR) {
            int error = errno;

            base->doing = "sending to client";
            connection_log(base, log_of(connection), log_level_of_errno(error), error, "send() failed");
            connection_close(base);
            return false;
        }
        *more = pump && pumps == PUMPS_PER_WAKE;
        if (*more)
            return true;
        if (!pump || !pump->run(connection->request, pump))
            break;
    }
    if (!connection->cut)
        return output_out(connection);
    connection_close(base);
    return false;
}

/* ---- waiting ---- */

static bool wait_for(struct http_connection *connection, int events, enum http_state timing, int64_t ms)
{
    connection_watch(&connection->base, events);
    connection->timing = (uint8_t)timing;
    return connection_timeout(&connection->base, ms);
}

/* How long is others' business (a module's, limit_rate's); the socket is only watched for the peer's end,
 * and for as much as fits. */
static void wait_for_others(struct http_connection *connection)
{
    bool room = connection->input.end < connection->input.capacity && !connection->eof;

    connection->timing = HTTP_STATES;
    connection_timeout_stop(&connection->base);
    connection_watch(&connection->base, room ? EV_READ : 0);
}

static void wait_idle(struct http_connection *connection)
{
    struct connection *base = &connection->base;

    if (base->worker->state != WORKER_SERVES || base->tenure != base->worker->tenure) {
        if (!connection_settle_idle(base))
            return;
    }
    http_input_release(connection);
    base->doing = "waiting for request";
    wait_for(connection, EV_READ, HTTP_IDLE, connection->idle_timeout);
}

/* Nothing can go on now, or there is `more` but it is others' turn: what to wait for, and how long. */
static void settle(struct http_connection *connection, bool more)
{
    const struct http_core *core = core_of(connection);

    http_count(connection);
    if (connection->base.output.head || more) {
        connection->base.doing = "sending to client";
        if (http_pace_waits(connection->request)) {
            wait_for_others(connection);
            return;
        }
        wait_for(
            connection,
            EV_WRITE |
                (connection->state == HTTP_BODY_IN && !http_output_full(connection) && !more ? EV_READ : 0),
            HTTP_SENDING, core->send_timeout);
        return;
    }
    switch ((enum http_state)connection->state) {
    case HTTP_IDLE:
        wait_idle(connection);
        return;
    case HTTP_HEAD_IN:
        connection->base.doing = "reading client request headers";
        /* The whole head must come within its time, however slowly it drips. */
        if (connection->timing != HTTP_HEAD_IN)
            wait_for(connection, EV_READ, HTTP_HEAD_IN,
                     http_default_server(connection)->reading.client_header_timeout);
        else
            connection_watch(&connection->base, EV_READ);
        return;
    case HTTP_BODY_IN:
        connection->base.doing = "reading client request body";
        wait_for(connection, EV_READ, HTTP_BODY_IN, core->client_body_timeout);
        return;
    case HTTP_LINGER:
        if (timeouts_now(&connection->base.worker->timeouts) >= connection->lingering_until)
            connection_close(&connection->base);
        else
            wait_for(connection, EV_READ, HTTP_LINGER, core->lingering_timeout);
        return;
    case HTTP_WAITING:
        connection->base.doing = "waiting for the answer";
        wait_for_others(connection);
        return;
    case HTTP_SENDING: /* left as soon as the output is out */
    case HTTP_STATES:
        return;
    }
}

/* Runs until nothing can go on, then waits. */
static void go_on(struct http_connection *connection)
{
    bool more;

    for (;;) {
        enum http_stop stop = http_advance(connection);

        if (stop == HTTP_STOP_GONE || !push(connection, &more))
            return;
        /* What was sent made room: what is here already goes on, for there is no room to receive more. */
        if (stop == HTTP_STOP_OUTPUT && connection->state != HTTP_SENDING && !http_output_full(connection))
            continue;
        if (stop == HTTP_STOP_BYTES || connection->base.output.head || connection->state == HTTP_LINGER)
            break;
        if (connection->state == HTTP_SENDING)
            break;
    }
    settle(connection, more);
}

static void peer_shut(struct http_connection *connection)
{
    connection->eof = true;
    if (connection->state == HTTP_WAITING && !connection->request->head_queued)
        return; /* RFC 9112 9.6: who shuts his sending side alone still waits; a stream's reader has left */
    if (connection->state == HTTP_HEAD_IN ||
        (connection->state == HTTP_BODY_IN && !connection->request->complete))
        connection_log(&connection->base, log_of(connection), LOG_LEVEL_INFO, 0,
                       "client prematurely closed connection");
    if (!connection->base.output.head || connection->state == HTTP_LINGER) {
        connection_close(&connection->base);
        return;
    }
    if (connection->request)
        connection->request->keep_alive = false;
    connection->state = HTTP_SENDING;
}

/* False: the connection is closed, or all has been done for it. */
static bool receive(struct http_connection *connection)
{
    struct http_input *input = &connection->input;
    size_t got = 0, room;
    int error;

    if (!http_input_room(connection)) {
        http_refuse_input(connection);
        return false;
    }
    room = input->capacity - input->end;
    connection->expects_more = false;
    switch (connection_receive(&connection->base, input->bytes + input->end, room, &got)) {
    case CONNECTION_READ:
        input->end += (uint32_t)got;
        connection->expects_more = got == room;
        return true;
    case CONNECTION_AGAIN:
        return true;
    case CONNECTION_EOF:
        peer_shut(connection);
        return !connection->base.closed;
    case CONNECTION_LOST:
        break;
    }
    error = errno;
    connection_log(&connection->base, log_of(connection), log_level_of_errno(error), error, "recv() failed");
    connection_close(&connection->base);
    return false;
}

static void on_ready(struct connection *base, int events)
{
    struct http_connection *connection = http_connection_of(base);

    if (events & EV_READ) {
        for (int i = 0; i < READS_PER_WAKE; i++) {
            if (!receive(connection))
                return;
            if (!connection->expects_more)
                break;
            if (http_advance(connection) == HTTP_STOP_GONE)
                return;
            if (http_output_full(connection) || connection->state == HTTP_SENDING ||
                connection->state == HTTP_WAITING)
                break;
        }
    }
    go_on(connection);
}

static void on_expired(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    enum http_state timing = connection->timing;

    connection->timing = HTTP_STATES;
    if ((timing != HTTP_HEAD_IN && timing != HTTP_BODY_IN) || !connection->request ||
        connection->request->head_queued) {
        connection_log(base, log_of(connection), LOG_LEVEL_INFO, ETIMEDOUT, "client timed out");
        connection_close(base);
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

static bool on_opened(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);

    pool_pin(base->pool);
    connection->state = HTTP_IDLE;
    connection->idle_timeout = core_of(connection)->keepalive_timeout;
    if (base->requests && connection->idle_timeout)
        return wait_for(connection, EV_READ, HTTP_IDLE, connection->idle_timeout);
    return wait_for(connection, EV_READ, HTTP_HEAD_IN,
                    http_default_server(connection)->reading.client_header_timeout);
}

/* Idle connections follow; one that has not sent its first byte ends under what it began with, unless its
 * worker goes. */
static void on_drain(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    bool fresh = !base->requests;

    if (connection->state != HTTP_IDLE || connection->input.start < connection->input.end ||
        base->output.head)
        return;
    if (!fresh || connection_ending(base) == CONNECTION_HAND_ON)
        connection_settle_idle(base);
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

static bool shed(struct connection *base)
{
    const struct http_connection *connection = http_connection_of(base);

    if (connection->state == HTTP_LINGER || !base->requests || !http_connection_is_idle(base))
        return false;
    connection_close(base);
    return true;
}

void http_resume(struct http_request *request, enum http_outcome outcome)
{
    struct http_connection *connection = request->connection;

    http_request_continue(request, outcome);
    if (connection->cut) {
        connection_close(&connection->base);
        return;
    }
    if (request->complete)
        http_advance_answered(connection);
    else if (request->body.begun)
        connection->state = HTTP_BODY_IN;
    go_on(connection);
}

const struct protocol http_protocol = {
    .name = "http",
    .connection_size = sizeof(struct http_connection),
    .opened = on_opened,
    .ready = on_ready,
    .expired = on_expired,
    .drain = on_drain,
    .closed = on_closed,
    .shed = shed,
    .idle = http_connection_is_idle,
    .refused = http_refuse_descriptor,
    .state = http_connection_state,
    .describe = http_connection_describe,
};
