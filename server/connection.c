/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection: opened, watched, handed on, closed and buried. */
#include "server/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool/holds.h"
#include "server/checks.h"
#include "server/loop/ev_memory.h"
#include "server/listener.h"
#include "server/process/crash.h"
#include "server/shortage.h"
#include "server/loop/socket_calls.h"
#include "server/watcher.h"

enum {
    NUMBERS_TAKEN = 16, /* by a worker at a time */
    /* A read that finds bytes saves two calls of the system, one that finds none is one too many. So early
     * reading goes on while a third of them find some. */
    EARLY_GAIN = 2,
    EARLY_LUCK_MAX = 32,
    EARLY_REST = 31,   /* connections between two tries when it does not pay */
    EARLY_SHORT = 1000 /* likewise after memory was refused: to receive takes some */
};

/* The first read of a connection that no event has announced. */
static void read_early(struct connection *connection)
{
    struct worker *worker = connection->worker;
    uint64_t before = counter_read(&worker->counters.received);

    crash_subject = connection;
    connection->binding->protocol->ready(connection, EV_READ);
    if (counter_read(&worker->counters.received) != before) {
        if (worker->accepting.early_luck < EARLY_LUCK_MAX)
            worker->accepting.early_luck += EARLY_GAIN;
    } else if (worker->accepting.early_luck) {
        worker->accepting.early_luck--;
    } else {
        worker->accepting.early_rest = EARLY_REST;
    }
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct connection *connection = io->data;

    (void)loop;
    crash_subject = connection;
    if (__builtin_expect(!(events & EV_ERROR), 1)) {
        connection->binding->protocol->ready(connection, events);
    } else {
        /* epoll_ctl refused it, and libev has stopped the watcher: no event would ever come again. */
        connection_log(connection, NULL, LOG_LEVEL_CRIT, 0, "epoll_ctl() failed, the connection is closed");
        connection_close(connection);
    }
}

static void link_connection(struct worker *worker, struct connection *connection)
{
    connection->next = worker->connections;
    if (worker->connections)
        worker->connections->previous = connection;
    worker->connections = connection;
    worker->connection_count++;
}

static void unlink_connection(struct worker *worker, struct connection *connection)
{
    if (worker->cursor == connection)
        worker->cursor = connection->next;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        worker->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    worker->connection_count--;
}

/* The pool, and the connection as the first thing in it. */
static struct connection *make_connection(struct worker *worker, const struct binding *binding, bool spared)
{
    struct pool_options options = binding->pools;
    struct connection *connection;
    struct pool *pool;

    options.classes = worker->classes;
    options.spared = spared;
    if (binding->automatic)
        options.block_size = worker->auto_size.block_size;
    pool = pool_create(&options);
    if (!pool)
        return NULL;
    connection = pool_calloc(pool, binding->protocol->connection_size, "connection");
    if (!connection) {
        pool_destroy(pool);
        return NULL;
    }
    connection->pool = pool;
    return connection;
}

/* Small, and unique in the process; the shared counter is touched once for NUMBERS_TAKEN connections. */
static uint64_t next_number(struct worker *worker)
{
    if (worker->number == worker->last_number) {
        worker->number =
            atomic_fetch_add_explicit(&worker->shared->numbers, NUMBERS_TAKEN, memory_order_relaxed);
        worker->last_number = worker->number + NUMBERS_TAKEN;
    }
    return ++worker->number;
}

/* A full budget does not stop accepting: new clients get an answer. */
static void refuse(struct worker *worker, const struct binding *binding, int fd, const struct peer *peer,
                   const struct pool_refusal *refusal)
{
    counter_add(&worker->counters.refused, 1);
    if (refusal->why != POOL_FAILURE_SYSTEM)
        shortage_refuse(worker, binding, fd, peer, refusal);
    else
        listeners_pause(worker, ENOMEM, "no memory for a new connection");
    close(fd);
}

/* What a connection takes before it is one: room in the loop, and its pool. `spared`: above the budgets. */
static struct connection *afford(struct worker *worker, const struct binding *binding, int fd, bool spared,
                                 struct pool_refusal *refusal)
{
    struct connection *connection = NULL;

    if (spared ? !ev_memory_spared(fd) : !ev_memory_reserve(fd)) {
        *refusal = (struct pool_refusal){errno == EDQUOT ? POOL_FAILURE_TOTAL : POOL_FAILURE_SYSTEM,
                                         ev_memory_need(fd), "event loop"};
        return NULL;
    }
    connection = make_connection(worker, binding, spared);
    if (!connection)
        *refusal = *pool_last_refusal();
    return connection;
}

struct connection *connection_open(struct worker *worker, struct tenure *tenure,
                                   const struct binding *binding, int fd, const struct peer *peer,
                                   uint32_t requests)
{
    struct pool_refusal refusal;
    struct connection *connection = afford(worker, binding, fd, binding->pools.spared, &refusal);
    bool borrows = !connection && binding->protocol->borrows && shortage_lends(worker, refusal.why, false);

    if (borrows)
        connection = afford(worker, binding, fd, true, &(struct pool_refusal){0});
    if (!connection) {
        refuse(worker, binding, fd, peer, &refusal);
        return NULL;
    }
    counter_add(&worker->counters.accepted, 1);
    connection->worker = worker;
    connection->number = next_number(worker);
    connection->peer = *peer;
    connection->requests = requests;
    connection->opened = timeouts_now(&worker->timeouts);
    connection->binding = binding;
    connection->tenure = tenure;
    connection->doing = "waiting for request";
    crash_subject = connection;
    ev_io_init(&connection->io, on_io, fd, EV_READ);
    connection->io.data = connection;
    tenure_enter(tenure);
    holds_take(tenure, connection, CHECKS_CONNECTION);
    link_connection(worker, connection);
    ev_io_start(worker->loop, &connection->io);
    if (borrows && !shortage_borrow(connection, refusal.why, false))
        pool_set_spared(connection->pool, false); /* others were faster: it keeps only its first block */
    if (worker->awaits)
        worker->shared->watcher->opened(connection);
    if (!binding->protocol->opened(connection) && !connection->closed)
        connection_close(connection);
    return connection->closed ? NULL : connection;
}

void connection_read_early(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct accepting *accepting = &worker->accepting;
    uint64_t refusals = counter_read(&worker->counters.over_budget) +
                        atomic_load_explicit(&worker->shared->pressure, memory_order_relaxed);

    if (refusals != accepting->refusals) {
        accepting->refusals = refusals;
        accepting->early_rest = EARLY_SHORT;
    }
    if (accepting->early_rest)
        accepting->early_rest--;
    else if (!worker->shortage.borrowed_count)
        read_early(connection);
}

void connection_close(struct connection *connection)
{
    struct worker *worker = connection->worker;

    if (connection->borrowed)
        shortage_settle(connection);
    ev_io_stop(worker->loop, &connection->io);
    timeout_stop(&connection->timeout);
    unlink_connection(worker, connection);
    if (connection->io.fd >= 0)
        close(connection->io.fd);
    connection->io.fd = -1; /* the number is soon reused, and log lines still ask about this one */
    connection->closed = true;
    connection->next = worker->closed;
    worker->closed = connection;
    counter_add(&worker->counters.closed, 1);
}

void connection_bury(struct connection *connection)
{
    struct pool *pool = connection->pool;
    struct tenure *tenure = connection->tenure;

    crash_subject = connection;
    marks_add(&connection->worker->marks.connections, pool_peak_bytes(pool));
    output_discard(&connection->output, pool);
    if (connection->binding->protocol->closed)
        connection->binding->protocol->closed(connection);
    pool_destroy(pool);
    crash_subject = NULL;
    holds_none(connection, "a connection");
    holds_give(tenure, connection, CHECKS_CONNECTION);
    tenure_leave(tenure);
}

void connection_nodelay_slow(struct connection *connection, bool on)
{
    int value = on;

    connection->delays = !on;
    /* That of a unix socket fails. */
    (void)setsockopt(connection->io.fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}

void connection_watch_slow(struct connection *connection, int events)
{
    struct ev_loop *loop = connection->worker->loop;

    ev_io_stop(loop, &connection->io);
    if (!events)
        return;
    ev_io_set(&connection->io, connection->io.fd, events);
    ev_io_start(loop, &connection->io);
}

bool connection_timeout_slow(struct connection *connection)
{
    connection_log(connection, NULL, LOG_LEVEL_CRIT, ENOMEM, "no memory for a timeout");
    connection_close(connection);
    return false;
}

enum connection_end connection_ending(const struct connection *connection)
{
    const struct worker *worker = connection->worker;
    const struct generation *now;

    if (worker->state == WORKER_QUITS)
        return CONNECTION_END;
    if (worker->state == WORKER_SERVES && connection->tenure == worker->tenure)
        return CONNECTION_STAYS;
    now = worker->tenure->generation;
    /* Handed over by a worker that knows a newer one already. */
    if (connection->tenure->generation->number > now->number)
        return CONNECTION_STAYS;
    if (!generation_find_same(now, connection->binding))
        return CONNECTION_END;
    return worker->state == WORKER_LEAVES ? CONNECTION_HAND_ON : CONNECTION_REBIND;
}

static void rebind(struct connection *connection)
{
    struct tenure *old = connection->tenure, *now = connection->worker->tenure;

    connection->binding = generation_find_same(now->generation, connection->binding);
    connection->tenure = now;
    tenure_enter(now);
    holds_take(now, connection, CHECKS_CONNECTION);
    holds_give(old, connection, CHECKS_CONNECTION);
    tenure_leave(old);
}

/* An idle connection on a worker that leaves: its socket goes to another worker, or is closed if none has its
 * address. */
static void hand_on(struct connection *connection)
{
    int fd = connection->io.fd;

    connection_nodelay(connection, true); /* as the other worker takes it to be */
    ev_io_stop(connection->worker->loop, &connection->io);
    socket_unwatch(fd);
    if (tenure_hand_on(connection->worker, connection->binding, fd, connection->requests))
        connection->io.fd = -1;
    connection_close(connection);
}

bool connection_settle_idle(struct connection *connection)
{
    switch (connection_ending(connection)) {
    case CONNECTION_STAYS:
        return true;
    case CONNECTION_REBIND:
        rebind(connection);
        return true;
    case CONNECTION_HAND_ON:
        hand_on(connection);
        return false;
    case CONNECTION_END:
        break;
    }
    connection_close(connection);
    return false;
}

enum connection_read connection_receive_slow(struct connection *connection, void *to, size_t size,
                                             size_t *got)
{
    if (errno == EINTR)
        return connection_receive(connection, to, size, got);
    return errno == EAGAIN || errno == EWOULDBLOCK ? CONNECTION_AGAIN : CONNECTION_LOST;
}

bool connection_local(const struct connection *connection, struct peer *local)
{
    struct sockaddr_storage socket = connection->binding->address.socket;
    socklen_t length = sizeof socket;

    if (socket.ss_family == AF_UNIX ||
        (listen_address_is_wildcard(&connection->binding->address) &&
         getsockname(connection->io.fd, (struct sockaddr *)&socket, &length) < 0))
        return false;
    peer_from_socket(local, &socket, length);
    return true;
}
