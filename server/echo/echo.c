/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection's life on the engine: opened, ready, drained, closed. */
#include "server/echo/echo.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pool/refpool.h"
#include "server/shared/limit_zones.h"
#include "server/shortage.h"
#include "server/worker.h"

enum {
    ECHO_READS = 8,    /* receives per wake-up, so that one busy connection cannot hold up the loop */
    ECHO_VECTORS = 16, /* chunks gathered into one send */
    ECHO_ROOM = 512    /* bytes: with fewer left in a block, the next one is taken */
};

/* A piece of what was received, at the front of the memory it lies in. */
struct piece {
    struct refpool_chunk chunk;
    struct piece *next;
    size_t start, end; /* unsent bytes, counted from `bytes` */
    char bytes[];
};

struct echo_connection {
    struct connection base; /* of its output `unsent` alone is used: bytes of the pieces */
    struct refpool *refpool;
    struct piece *first, *last; /* received and not yet sent */
    bool eof;                   /* the peer has shut its sending side: closes when all is out */
};

static struct echo_connection *echo_of(struct connection *base)
{
    return (struct echo_connection *)(void *)base;
}

static const struct echo_settings *settings_of(const struct echo_connection *echo)
{
    return echo->base.binding->data;
}

static void lost(struct echo_connection *echo, const char *call, int error)
{
    connection_log(&echo->base, echo->base.tenure->generation->settings.log, log_level_of_errno(error), error,
                   "%s failed", call);
    connection_close(&echo->base);
}

static void no_memory(struct echo_connection *echo)
{
    struct connection *base = &echo->base;
    char text[LIMIT_TEXT_MAX];

    if (shortage_text(text, base->worker, base->pool, pool_last_refusal()))
        connection_log(base, base->tenure->generation->settings.log, LOG_LEVEL_ERROR, 0, "%s", text);
    counter_add(&base->worker->counters.over_budget, 1);
    shortage_note(base->worker, pool_last_refusal()->why);
    connection_close(base);
}

static struct piece *take_piece(struct echo_connection *echo, size_t *size)
{
    size_t room = refpool_room(echo->refpool), half = settings_of(echo)->buffer_size / 2;
    struct refpool_chunk chunk;
    struct piece *piece;

    *size = room >= ECHO_ROOM + sizeof *piece ? room : half;
    piece = refpool_alloc(echo->refpool, *size, &chunk);
    if (!piece)
        return NULL;
    piece->chunk = chunk;
    piece->next = NULL;
    piece->start = piece->end = 0;
    return piece;
}

static void append(struct echo_connection *echo, struct piece *piece)
{
    if (echo->last)
        echo->last->next = piece;
    else
        echo->first = piece;
    echo->last = piece;
    echo->base.output.unsent += piece->end;
}

static void drop_first(struct echo_connection *echo)
{
    struct piece *piece = echo->first;
    struct refpool_chunk chunk = piece->chunk;

    echo->first = piece->next;
    if (!echo->first)
        echo->last = NULL;
    refpool_free(echo->refpool, &chunk);
}

/* One receive. False: the connection is closed, or nothing more is there. */
static bool receive(struct echo_connection *echo)
{
    size_t size, got = 0;
    struct piece *piece = take_piece(echo, &size);
    struct refpool_chunk chunk;
    enum connection_read result;

    if (!piece) {
        no_memory(echo);
        return false;
    }
    chunk = piece->chunk;
    result = connection_receive(&echo->base, piece->bytes, size - sizeof *piece, &got);
    if (result == CONNECTION_READ) {
        piece->end = got;
        refpool_give_back(echo->refpool, &chunk, size, sizeof *piece + got);
        append(echo, piece);
        return got == size - sizeof *piece;
    }
    refpool_free(echo->refpool, &chunk);
    if (result == CONNECTION_EOF)
        echo->eof = true;
    if (result == CONNECTION_LOST)
        lost(echo, "recv()", errno);
    return false;
}

static ssize_t send_pieces(const struct echo_connection *echo)
{
    struct iovec vectors[ECHO_VECTORS];
    struct msghdr message = {.msg_iov = vectors};

    for (struct piece *piece = echo->first; piece && message.msg_iovlen < ECHO_VECTORS; piece = piece->next) {
        vectors[message.msg_iovlen].iov_base = piece->bytes + piece->start;
        vectors[message.msg_iovlen++].iov_len = piece->end - piece->start;
    }
    return sendmsg(echo->base.io.fd, &message, MSG_NOSIGNAL);
}

/* Sends until nothing is left or the socket is full. False: the connection is closed. */
static bool send_all(struct echo_connection *echo)
{
    while (echo->first) {
        ssize_t sent = send_pieces(echo);

        if (sent < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return true;
            lost(echo, "send()", errno);
            return false;
        }
        counter_add(&echo->base.worker->counters.sent, (uint64_t)sent);
        echo->base.output.unsent -= (uint64_t)sent;
        while (echo->first && (size_t)sent >= echo->first->end - echo->first->start) {
            sent -= (ssize_t)(echo->first->end - echo->first->start);
            drop_first(echo);
        }
        if (echo->first)
            echo->first->start += (size_t)sent;
    }
    return true;
}

static void wait_more(struct echo_connection *echo)
{
    struct connection *base = &echo->base;
    bool full = echo->base.output.unsent >= 2 * settings_of(echo)->buffer_size;

    if (!echo->first && echo->eof) {
        connection_close(base);
        return;
    }
    if (!echo->first) {
        refpool_idle(echo->refpool);
        if (base->worker->state != WORKER_SERVES || base->tenure != base->worker->tenure) {
            if (!connection_settle_idle(base))
                return;
        }
    }
    base->doing = echo->first ? "sending to client" : "waiting for data";
    connection_watch(base, (echo->first ? EV_WRITE : 0) | (full || echo->eof ? 0 : EV_READ));
    connection_timeout(base, settings_of(echo)->timeout);
}

static void echo_on_ready(struct connection *base, int events)
{
    struct echo_connection *echo = echo_of(base);

    if (events & EV_WRITE && !send_all(echo))
        return;
    for (int i = 0; events & EV_READ && i < ECHO_READS; i++) {
        bool more = echo->base.output.unsent < 2 * settings_of(echo)->buffer_size && receive(echo);

        if (base->closed || !send_all(echo))
            return;
        if (!more)
            break;
    }
    wait_more(echo);
}

static void leave_limit(void *hold)
{
    limit_leave(hold);
}

/* limit_conn: false if the client has too many connections already. */
static bool enter(struct echo_connection *echo, const struct limit_rule *rule)
{
    struct limit_hold *hold = pool_alloc(echo->base.pool, sizeof *hold, "limit_conn");
    char key[PEER_TEXT_MAX];

    if (!hold)
        return false;
    if (limit_enter(rule, key, limit_key_of_peer(rule->zone->key, &echo->base.peer, key), hold) !=
        CLIENT_OK) {
        connection_log(&echo->base, echo->base.tenure->generation->settings.log, LOG_LEVEL_ERROR, 0,
                       "limiting connections by zone \"%s\"", rule->name);
        return false;
    }
    if (pool_cleanup_add(echo->base.pool, leave_limit, hold))
        return true;
    limit_leave(hold);
    return false;
}

static bool echo_on_opened(struct connection *base)
{
    struct echo_connection *echo = echo_of(base);

    if (!access_allowed(&settings_of(echo)->access, &base->peer)) {
        connection_log(base, base->tenure->generation->settings.log, LOG_LEVEL_ERROR, 0,
                       "access forbidden by rule");
        return false;
    }
    for (const struct limit_rule *rule = settings_of(echo)->limits; rule; rule = rule->next)
        if (!enter(echo, rule))
            return false;
    echo->refpool = refpool_create(base->pool, settings_of(echo)->buffer_size);
    if (!echo->refpool)
        return false;
    pool_pin(base->pool);
    base->doing = "waiting for data";
    connection_watch(base, EV_READ);
    return connection_timeout(base, settings_of(echo)->timeout);
}

static void echo_on_expired(struct connection *base)
{
    connection_log(base, base->tenure->generation->settings.log, LOG_LEVEL_INFO, ETIMEDOUT,
                   "client timed out");
    connection_close(base);
}

/* What has been received is sent back first. */
static void echo_on_drain(struct connection *base)
{
    const struct echo_connection *echo = echo_of(base);

    if (echo->first)
        return;
    if (connection_ending(base) == CONNECTION_END)
        echo_on_ready(base, EV_READ);
    else
        connection_settle_idle(base);
}

static enum connection_state state(const struct connection *base)
{
    return base->output.unsent ? CONNECTION_SENDING : CONNECTION_IDLE;
}

static bool idle(const struct connection *base)
{
    return !base->output.unsent;
}

static void echo_on_closed(struct connection *base)
{
    if (echo_of(base)->refpool)
        refpool_destroy(echo_of(base)->refpool);
}

const struct protocol echo_protocol = {
    .name = "echo",
    .connection_size = sizeof(struct echo_connection),
    .opened = echo_on_opened,
    .ready = echo_on_ready,
    .expired = echo_on_expired,
    .drain = echo_on_drain,
    .closed = echo_on_closed,
    .idle = idle,
    .state = state,
};
