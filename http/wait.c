/* SPDX-License-Identifier: BSD-2-Clause */
/* The fourth verb of the driver: what to wait for, and how long. */
#include "http/wait.h"

#include "http/pace.h"
#include "http/receive.h"
#include "http/request.h"

/* The states of a connection, seen from outside. In any state, output that waits for the socket comes first:
 * then it is SENDING, with send_timeout. */
static const struct {
    const char *doing;             /* in log lines: "… while DOING" */
    enum connection_state watched; /* what a snapshot calls it */
    enum http_counted counted;     /* what stub_status counts it as */
} states[HTTP_STATES] = {
    /* readable, keepalive_timeout */
    [HTTP_STATE_IDLE] = {"waiting for request", CONNECTION_IDLE, HTTP_COUNTED_IDLE},
    /* readable, client_header_timeout for the whole of it */
    [HTTP_STATE_HEAD] = {"reading client request headers", CONNECTION_READING, HTTP_COUNTED_READING},
    /* readable, client_body_timeout between two reads */
    [HTTP_STATE_BODY] = {"reading client request body", CONNECTION_READING, HTTP_COUNTED_WRITING},
    /* http_resume; the module has its own timer */
    [HTTP_STATE_WAITING] = {"waiting for the answer", CONNECTION_WAITING, HTTP_COUNTED_WRITING},
    /* writable, send_timeout between two writes; or limit_rate's timer */
    [HTTP_STATE_SENDING] = {"sending to client", CONNECTION_SENDING, HTTP_COUNTED_WRITING},
    /* readable, lingering_timeout between two reads, lingering_time in all */
    [HTTP_STATE_LINGER] = {"lingering", CONNECTION_LINGERING, HTTP_COUNTED_WRITING},
};

/* The flags beside the state. Each is false at first; what is set stays, but where it is said.
 * Of the connection:
 *   expects_more   the last read filled its buffer: http_receive sets and clears it
 *   eof            the peer has shut its sending side: http_receive
 *   linger         the peer may still be sending after its last answer: http_advance_answered;
 *                  http_refuse_bare clears it
 *   tuned          `set $limit_rate` was run, or TCP_NODELAY is off: http_pace_set; http_pace_begin sets
 *                  it to the latter
 *   cut            an answer that has begun cannot be finished: whatever finds that out; the driver closes
 * Of the request:
 *   keep_alive     the connection stays: http_route, if the client asks for it; cleared by what ends it
 *   head_queued    the answer has begun: http_response_queue, http_stream_begin
 *   complete       nothing more will be said but by a pump: http_request_go_on
 *   body.begun     a module reads the body: http_body_read
 *   body_read      no body is left on the connection: http_body_init, or http_body_advance at its end
 *   head_in_input  the current block holds some of the head: http_advance_begin, http_receive_grow_head;
 *                  cleared when that block is kept and another is taken
 */

enum connection_state http_connection_state(const struct connection *base)
{
    const struct http_connection *connection = (const struct http_connection *)(const void *)base;

    return base->output.head ? CONNECTION_SENDING : states[connection->state].watched;
}

static _Atomic uint64_t *counter_of(struct http_connection *connection, unsigned kind)
{
    struct counters *counters = &connection->base.worker->counters;

    return kind == HTTP_COUNTED_READING ? &counters->reading : &counters->writing;
}

void http_count_as(struct http_connection *connection, enum http_counted now)
{
    if (connection->counted != HTTP_COUNTED_IDLE)
        counter_add(counter_of(connection, connection->counted), (uint64_t)-1);
    if (now != HTTP_COUNTED_IDLE)
        counter_add(counter_of(connection, now), 1);
    connection->counted = (uint8_t)now;
}

static bool wait_for(struct http_connection *connection, int events, enum http_state timing, int64_t ms)
{
    connection_watch(&connection->base, events);
    connection->timing = (uint8_t)timing;
    return connection_timeout(&connection->base, ms);
}

/* A module or limit_rate times this wait. The socket is only watched for the peer's end, and for as much as
 * fits. */
static void wait_for_others(struct http_connection *connection)
{
    bool room = connection->input.end < connection->input.capacity && !connection->eof;

    connection->timing = HTTP_STATES;
    timeout_stop(&connection->base.timeout);
    connection_watch(&connection->base, room ? EV_READ : 0);
}

/* The socket takes no more, or there is `more` to send and other connections get their turn. */
static void wait_to_send(struct http_connection *connection, bool more)
{
    bool reads =
        connection->state == HTTP_STATE_BODY && !http_output_full(connection) && !more; /* an echoed body */

    connection->base.doing = states[HTTP_STATE_SENDING].doing;
    if (http_pace_waits(connection->request))
        wait_for_others(connection);
    else
        wait_for(connection, EV_WRITE | (reads ? EV_READ : 0), HTTP_STATE_SENDING,
                 http_connection_core(connection)->send_timeout);
}

static void wait_idle(struct http_connection *connection)
{
    struct connection *base = &connection->base;

    /* It was read before its first byte came: its time to send a head runs on. */
    if (!base->requests) {
        http_receive_release(connection);
        connection_watch(base, EV_READ);
        return;
    }
    if (base->worker->state != WORKER_SERVES || base->tenure != base->worker->tenure) {
        if (!connection_settle_idle(base))
            return;
    }
    http_receive_release(connection);
    base->doing = states[HTTP_STATE_IDLE].doing;
    wait_for(connection, EV_READ, HTTP_STATE_IDLE, connection->idle_timeout);
}

/* The whole head must arrive within its time, even if single bytes keep arriving. */
static void wait_for_head(struct http_connection *connection)
{
    if (connection->timing == HTTP_STATE_HEAD)
        connection_watch(&connection->base, EV_READ);
    else
        wait_for(connection, EV_READ, HTTP_STATE_HEAD,
                 http_default_server(connection)->reading.client_header_timeout);
}

bool http_wait_opened(struct connection *base)
{
    struct http_connection *connection = http_connection_of(base);
    const struct http_server *server = http_default_server(connection);

    pool_pin(base->pool);
    connection->idle_timeout = server->outside->core.keepalive_timeout;
    if (base->requests && connection->idle_timeout)
        return wait_for(connection, EV_READ, HTTP_STATE_IDLE, connection->idle_timeout);
    return wait_for(connection, EV_READ, HTTP_STATE_HEAD, server->reading.client_header_timeout);
}

void http_wait(struct http_connection *connection, bool more)
{
    const struct http_core *core;

    if (connection->counted != states[connection->state].counted)
        http_count_as(connection, states[connection->state].counted);
    if (connection->base.output.head || more) {
        wait_to_send(connection, more);
        return;
    }
    if (connection->state == HTTP_STATE_IDLE) {
        wait_idle(connection);
        return;
    }
    core = http_connection_core(connection);
    connection->base.doing = states[connection->state].doing;
    switch ((enum http_state)connection->state) {
    case HTTP_STATE_HEAD:
        wait_for_head(connection);
        return;
    case HTTP_STATE_BODY:
        wait_for(connection, EV_READ, HTTP_STATE_BODY, core->client_body_timeout);
        return;
    case HTTP_STATE_WAITING:
        wait_for_others(connection);
        return;
    case HTTP_STATE_LINGER:
        if (timeouts_now(&connection->base.worker->timeouts) >= connection->lingering_until)
            connection_close(&connection->base);
        else
            wait_for(connection, EV_READ, HTTP_STATE_LINGER, core->lingering_timeout);
        return;
    case HTTP_STATE_IDLE:
    case HTTP_STATE_SENDING: /* left as soon as the output has been sent */
    case HTTP_STATES:
        return;
    }
}
