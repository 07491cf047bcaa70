/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the functions of connection.h that every request calls, inlined; included by connection.h alone.
 *   Their rare parts are connection_X_slow in connection.c.
 * Lifetime: see connection.h.
 * Threads: the connection's worker.
 * Errors: see connection.h.
 */
#ifndef SERVER_CONNECTION_INLINE_H
#define SERVER_CONNECTION_INLINE_H

#include "server/connection.h"
#include "server/loop/socket_calls.h"
#include "server/worker.h"

void connection_watch_slow(struct connection *connection, int events);

static inline void connection_watch(struct connection *connection, int events)
{
    if ((connection->io.events & (EV_READ | EV_WRITE)) != events || !ev_is_active(&connection->io))
        connection_watch_slow(connection, events);
}

bool connection_timeout_slow(struct connection *connection);

static inline bool connection_timeout(struct connection *connection, int64_t ms)
{
    return !timeout_start(&connection->worker->timeouts, &connection->timeout, ms) ||
           connection_timeout_slow(connection);
}

static inline struct connection *connection_of_timeout(struct timeout *timeout)
{
    return (struct connection *)(void *)((char *)timeout - offsetof(struct connection, timeout));
}

enum connection_read connection_receive_slow(struct connection *connection, void *to, size_t size,
                                             size_t *got);

static inline enum connection_read connection_receive(struct connection *connection, void *to, size_t size,
                                                      size_t *got)
{
    ssize_t received = socket_receive(connection->io.fd, to, size);

    if (received < 0)
        return connection_receive_slow(connection, to, size, got);
    if (!received)
        return CONNECTION_EOF;
    *got = (size_t)received;
    counter_add(&connection->worker->counters.received, (uint64_t)received);
    return CONNECTION_READ;
}

static inline enum output_result connection_send(struct connection *connection, size_t most)
{
    uint64_t sent = 0;
    enum output_result result =
        output_send(&connection->output, connection->pool, connection->io.fd, most, &sent);

    counter_add(&connection->worker->counters.sent, sent);
    return result;
}

void connection_nodelay_slow(struct connection *connection, bool on);

static inline void connection_nodelay(struct connection *connection, bool on)
{
    if (connection->delays == on)
        connection_nodelay_slow(connection, on);
}

#endif
