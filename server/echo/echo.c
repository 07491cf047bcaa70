/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's life. The engine makes it (connection_open) and calls what `echo_protocol`, at the end of
 * this file, names: opened, then ready each time that the socket can be read or written, closed in the end.
 */
#include "server/echo/echo.h"

#include "server/echo/pieces.h"

enum { ECHO_READS = 8 /* receives per wake-up, so that one busy connection cannot hold up the loop */ };

struct echo_connection {
    struct connection base; /* first, so that a pointer to it is one to the whole */
    struct pieces pieces;   /* received and not yet sent: base.output.unsent bytes */
};

static struct pieces *pieces_of(struct connection *base)
{
    return &((struct echo_connection *)(void *)base)->pieces;
}

/* Those of its server: they change when a reload has given the connection another configuration. */
static const struct echo_settings *settings_of(const struct connection *base)
{
    return base->binding->data;
}

/* The pool is new, and the connection the first thing in it. What stands before the pin lives as long. */
static bool echo_on_opened(struct connection *base)
{
    const struct echo_settings *settings = settings_of(base);

    if (!settings->admit(base) || !pieces_begin(pieces_of(base), base, settings->buffer_size))
        return false;
    pool_pin(base->pool);
    base->doing = "waiting for data";
    return connection_timeout(base, settings->timeout);
}

/* Back-pressure: nothing more is received while the peer takes too little. */
static bool is_full(const struct connection *base)
{
    return base->output.unsent >= 2 * settings_of(base)->buffer_size;
}

/* Decides what the connection waits for next, and how long. An idle one gives its block back, and goes on
 * under the newest configuration or ends. */
static void wait_more(struct connection *base)
{
    bool eof = pieces_of(base)->eof, unsent = base->output.unsent;

    if (!unsent) {
        pieces_idle(pieces_of(base));
        if (eof)
            connection_close(base);
        else
            connection_settle_idle(base);
    }
    if (base->closed)
        return;
    base->doing = unsent ? "sending to client" : "waiting for data";
    connection_watch(base, (unsent ? EV_WRITE : 0) | (eof || is_full(base) ? 0 : EV_READ));
    connection_timeout(base, settings_of(base)->timeout);
}

static void echo_on_ready(struct connection *base, int events)
{
    struct pieces *pieces = pieces_of(base);
    bool more = events & EV_READ;

    if (events & EV_WRITE)
        pieces_send(pieces);
    for (int i = 0; more && !base->closed && i < ECHO_READS; i++) {
        more = !is_full(base) && pieces_receive(pieces);
        if (!base->closed)
            pieces_send(pieces);
    }
    if (!base->closed)
        wait_more(base);
}

/* No progress for echo_timeout. */
static void echo_on_expired(struct connection *base)
{
    connection_timed_out(base, NULL);
}

/* Its worker or its configuration ends. What has been received is sent back first, then wait_more ends it. */
static void echo_on_drain(struct connection *base)
{
    if (base->output.unsent)
        return;
    if (connection_ending(base) == CONNECTION_END)
        echo_on_ready(base, EV_READ); /* what has arrived meanwhile */
    else
        connection_settle_idle(base);
}

/* The second phase of its end: the socket is closed, and the pool goes next. */
static void echo_on_closed(struct connection *base)
{
    pieces_end(pieces_of(base));
}

static bool echo_is_idle(const struct connection *base)
{
    return !base->output.unsent;
}

static bool echo_filled(const struct connection *base, const void *block, size_t *bytes)
{
    return pieces_filled(&((const struct echo_connection *)(const void *)base)->pieces, block, bytes);
}

const struct protocol echo_protocol = {
    .name = "echo",
    .connection_size = sizeof(struct echo_connection),
    .opened = echo_on_opened,
    .ready = echo_on_ready,
    .expired = echo_on_expired,
    .drain = echo_on_drain,
    .closed = echo_on_closed,
    .idle = echo_is_idle,
    .filled = echo_filled,
};
