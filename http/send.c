/* SPDX-License-Identifier: BSD-2-Clause */
/* The third verb of the driver: sends the queue, and then what a body's pump gives. */
#include "http/send.h"

#include <sys/socket.h>

#include "http/limits.h"
#include "http/pace.h"
#include "http/receive.h"
#include "http/response_body.h"

enum {
    PUMPS_PER_WAKE = 16 /* pieces of 16 or 32 KiB of a body made as it leaves, per wake-up: then other
                           connections get their turn */
};

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

static void finish_closing(struct http_connection *connection)
{
    struct connection *base = &connection->base;

    /* The answer may still wait for its FIN, and close(2) would drop it if the peer has sent more. */
    if (!connection->eof)
        shutdown(base->io.fd, SHUT_WR);
    if (!connection->linger || connection->eof) {
        connection_close(base);
        return;
    }
    connection->state = HTTP_STATE_LINGER;
    connection->lingering_until = timeouts_now(&base->worker->timeouts) +
                                  (double)http_connection_core(connection)->lingering_time / 1000.;
    base->doing = "lingering";
}

/* The queue has been sent. False: the connection is closed. */
static bool output_out(struct http_connection *connection)
{
    if (connection->state != HTTP_STATE_SENDING)
        return true;
    if (connection->request) {
        bool keep = connection->request->keep_alive;

        http_request_end(connection, connection->input.start == connection->input.end);
        if (keep) {
            connection->state = HTTP_STATE_IDLE;
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

/* Sends from the queue and the pump in turns, until the socket is full, the pump is empty, or other
 * connections have waited enough. */
bool http_send(struct http_connection *connection, bool *more)
{
    struct connection *base = &connection->base;

    *more = false;
    for (int pumps = 0;; pumps++) {
        enum output_result result = send_queued(connection);
        struct http_pump *pump = connection->request ? connection->request->response.pump : NULL;

        if (result == OUTPUT_AGAIN)
            return true;
        if (result == OUTPUT_ERROR) {
            base->doing = "sending to client";
            connection_lost(base, http_connection_log_of(connection), "send()");
            return false;
        }
        *more = pump && pumps == PUMPS_PER_WAKE;
        if (*more)
            return true;
        if (!pump || !pump->run || !pump->run(connection->request, pump))
            break;
    }
    if (!connection->cut)
        return output_out(connection);
    connection_close(base);
    return false;
}
