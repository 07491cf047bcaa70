/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/handover.h"
#include "server/places.h"
#include "server/worker.h"

enum {
    LISTENER_BURST =
        64 /* connections a wake-up: enough to empty a burst in few turns, few enough not to starve others */
};

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
        if (places_reuse(listener->worker, error, "accept4() failed"))
            return ACCEPTED;
        /* fall through */
    default: /* ENOBUFS, ENOMEM … */
        worker_pause(listener->worker, error, "accept4() failed");
        return ACCEPT_PAUSED;
    }
}

static enum accepted accept_one(struct listener *listener)
{
    struct worker *worker = listener->worker;
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct peer peer;
    int fd;

    if (!places_free(worker))
        return ACCEPT_PAUSED;
    fd = accept4(listener->io.fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return accept_failed(listener, errno);
    places_taken(&worker->places, fd);
    peer_from_socket(&peer, &address, length);
    /* One worker accepts for a unix socket, which cannot be bound twice, and shares what it gets. */
    if (peer.family == AF_UNIX && worker->tenure->generation->worker_count > 1 && !listener->draining &&
        handover_give(worker, listener->binding, fd, 0))
        return ACCEPTED;
    connection_open(worker, worker->tenure, listener->binding, fd, &peer, 0);
    return worker->paused ? ACCEPT_PAUSED : ACCEPTED;
}

static void on_acceptable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct listener *listener = io->data;

    (void)loop;
    if (events & EV_ERROR) {
        worker_watch_again(listener->worker);
        return;
    }
    for (int i = 0; i < LISTENER_BURST; i++)
        if (accept_one(listener) != ACCEPTED)
            return;
}

void listener_init(struct listener *listener, struct worker *worker, const struct binding *binding, int fd)
{
    listener->worker = worker;
    listener->binding = binding;
    listener->draining = false;
    ev_io_init(&listener->io, on_acceptable, fd, EV_READ);
    listener->io.data = listener;
}

void listener_start(struct listener *listener)
{
    ev_io_start(listener->worker->loop, &listener->io);
}

void listener_stop(struct listener *listener)
{
    ev_io_stop(listener->worker->loop, &listener->io);
}

void listener_drain(struct listener *listener)
{
    int fd;

    listener->draining = true;
    while (accept_one(listener) == ACCEPTED)
        ;
    listener->draining = false;
    if (!listener->worker->paused)
        return;
    /* There is no place. Who speaks next at this address, if anybody does, is not whom they asked for. */
    while ((fd = accept4(listener->io.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
}
