/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepting: by one listener, and by all that a worker has at the moment. */
#include "server/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/loop/ev_memory.h"
#include "server/process/crash.h"
#include "server/shortage.h"
#include "server/loop/socket_calls.h"
#include "server/worker.h"

/* Connections a wake-up, at most: enough to empty a burst in few turns, few enough not to starve others. */
enum {
    LISTENER_BURST = 64,
    LISTENER_REST = 16 /* wake-ups that take one each after one that found the queue empty */
};

/* As nginx's accept_mutex_delay: long enough for a descriptor to come free. */
static const double PAUSE_SECONDS = 0.5;

enum accepted { ACCEPTED, ACCEPT_LATER, ACCEPT_PAUSED };

static enum accepted accept_failed(struct listener *listener, int error)
{
    switch (error) {
    case EAGAIN:
        return ACCEPT_LATER;
    case EINTR:
    case ECONNABORTED: /* the peer left while queued: the next one may be fine */
    case EPROTO:
        return ACCEPTED;
    case EMFILE:
    case ENFILE:
        if (shortage_reuse(listener->worker, error, "accept4() failed"))
            return ACCEPTED;
        /* fall through */
    default: /* ENOBUFS, ENOMEM … */
        listeners_pause(listener->worker, error, "accept4() failed");
        return ACCEPT_PAUSED;
    }
}

static void resume_after(struct worker *worker, double seconds)
{
    ev_timer_set(&worker->accepting.resume, seconds, 0.);
    ev_timer_start(worker->loop, &worker->accepting.resume);
}

/* Whoever comes next stays in the kernel's queue until a loan may end. To look in each turn would keep the
 * processor busy. */
static enum accepted rest(struct listener *listener)
{
    struct worker *worker = listener->worker;

    ev_io_stop(worker->loop, &listener->io);
    if (!ev_is_active(&worker->accepting.resume))
        resume_after(worker, SHORTAGE_LOAN_MS / 1000.);
    return ACCEPT_LATER;
}

/* One connection off the queue, to this worker or, of a unix socket, to another. */
static enum accepted accept_one(struct listener *listener)
{
    struct worker *worker = listener->worker;
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct connection *connection;
    struct peer peer;
    int fd;

    /* At the control socket the owner gets in even when all places are taken. */
    if (!listener->binding->pools.spared && !shortage_room(worker))
        return ACCEPT_PAUSED;
    if (!listener->draining && listener->binding->protocol->borrows && shortage_rests(worker))
        return rest(listener);
    fd = accept4(listener->io.fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return accept_failed(listener, errno);
    shortage_taken(&worker->shortage, fd);
    peer_from_socket(&peer, &address, length);
    /* One worker accepts for a unix socket, which cannot be bound twice, and shares what it gets; but for the
     * control socket, at which all accept. */
    if (peer.family == AF_UNIX && !listener->binding->pools.spared &&
        worker->tenure->generation->worker_count > 1 && !listener->draining &&
        tenure_hand_on(worker, listener->binding, fd, 0))
        return ACCEPTED;
    connection = connection_open(worker, worker->tenure, listener->binding, fd, &peer, 0);
    if (connection && !listener->draining)
        connection_read_early(connection);
    return worker->accepting.paused ? ACCEPT_PAUSED : ACCEPTED;
}

/* The kernel refused to watch it: it is asked again after a pause. The other listeners go on. */
static void watch_again(struct worker *worker)
{
    if (!worker->accepting.said && worker->tenure)
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_CRIT, 0,
                  "epoll_ctl() failed for a listener, it is tried again");
    worker->accepting.said = true;
    if (worker->state != WORKER_SERVES || ev_is_active(&worker->accepting.resume))
        return;
    resume_after(worker, PAUSE_SECONDS);
}

static bool has_place(const struct worker *worker)
{
    return worker->connection_count < worker->tenure->generation->settings.worker_connections;
}

/* An accept4 that finds nobody costs as much as one that finds somebody. So only while wake-up after wake-up
 * finds all that it asks for, the next asks for twice as many. With the last place gone the next wake-up
 * decides: others are closed only when somebody waits. */
static void on_acceptable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct listener *listener = io->data;
    unsigned taken = 0;

    (void)loop;
    crash_subject = NULL;
    if (events & EV_ERROR) {
        watch_again(listener->worker);
        return;
    }
    while (taken < listener->burst && (!taken || has_place(listener->worker)) &&
           accept_one(listener) == ACCEPTED)
        taken++;
    if (taken < listener->burst) {
        listener->burst = 1;
        listener->rest = LISTENER_REST;
    } else if (listener->rest) {
        listener->rest--;
    } else if (listener->burst < LISTENER_BURST) {
        listener->burst *= 2;
    }
}

void listener_init(struct listener *listener, struct worker *worker, const struct binding *binding, int fd)
{
    listener->worker = worker;
    listener->binding = binding;
    listener->draining = false;
    listener->burst = 1;
    listener->rest = 0;
    ev_io_init(&listener->io, on_acceptable, fd, EV_READ);
    listener->io.data = listener;
}

/* Accepts until the queue is empty: before the address goes, so that nothing that the kernel accepted is
 * lost. */
static void drain(struct listener *listener)
{
    int fd;

    listener->draining = true;
    while (accept_one(listener) == ACCEPTED)
        ;
    listener->draining = false;
    if (!listener->worker->accepting.paused)
        return;
    /* There is no place for them here, and the next protocol at this address is not the one they asked
     * for. */
    while ((fd = accept4(listener->io.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
}

/* ---- all of a worker ---- */

void listeners_start(struct worker *worker)
{
    struct tenure *tenure = worker->tenure;
    const struct share *share = generation_share(tenure->generation, worker);

    if (worker->accepting.paused)
        return;
    for (unsigned i = 0; share && i < share->count; i++) {
        int fd = share->listeners[i].io.fd;

        /* The second time libev needs nothing more for them. */
        if (!tenure->listened && !ev_memory_reserve(fd) && !ev_memory_last(fd)) {
            listeners_pause(worker, ENOMEM, "no memory for a listener");
            return;
        }
        ev_io_start(worker->loop, &share->listeners[i].io);
    }
    tenure->listened = true;
}

void listeners_stop(struct worker *worker, const struct generation *next)
{
    const struct share *share = worker->tenure ? generation_share(worker->tenure->generation, worker) : NULL;

    for (unsigned i = 0; share && i < share->count; i++) {
        struct listener *listener = &share->listeners[i];

        ev_io_stop(worker->loop, &listener->io);
        socket_unwatch(listener->io.fd); /* the main thread closes it, or gives it to another worker */
        if (!next || !generation_find_same(next, listener->binding))
            drain(listener);
    }
}

static void on_resume(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct worker *worker = timer->data;

    (void)loop;
    (void)events;
    worker->accepting.paused = false;
    if (worker->state == WORKER_SERVES)
        listeners_start(worker);
}

void listeners_pause(struct worker *worker, int error, const char *what)
{
    const struct share *share = generation_share(worker->tenure->generation, worker);

    if (!worker->accepting.said)
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_CRIT | LOG_KEPT, error,
                  "%s, accepting pauses", what);
    worker->accepting.said = true;
    worker->accepting.paused = true;
    for (unsigned i = 0; share && i < share->count; i++)
        if (error || !share->listeners[i].binding->pools.spared)
            ev_io_stop(worker->loop, &share->listeners[i].io);
    ev_timer_stop(worker->loop, &worker->accepting.resume);
    resume_after(worker, PAUSE_SECONDS);
}

void listeners_end(struct worker *worker, const struct generation *next)
{
    ev_timer_stop(worker->loop, &worker->accepting.resume);
    listeners_stop(worker, next);
}

void listeners_drop(struct worker *worker)
{
    const struct share *share = worker->tenure ? generation_share(worker->tenure->generation, worker) : NULL;

    ev_timer_stop(worker->loop, &worker->accepting.resume);
    for (unsigned i = 0; share && i < share->count; i++)
        ev_io_stop(worker->loop, &share->listeners[i].io);
}

void listeners_init(struct worker *worker)
{
    ev_timer_init(&worker->accepting.resume, on_resume, PAUSE_SECONDS, 0.);
    worker->accepting.resume.data = worker;
}

void listeners_second(struct worker *worker)
{
    if (!ev_is_active(&worker->accepting.resume))
        worker->accepting.said = false;
}
