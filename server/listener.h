/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A listener: a listening socket as one worker watches it.
 *
 * Purpose: accepts, at most LISTENER_BURST connections a wake-up, and makes them connections of the
 *   worker.
 * Lifetime: made by the main thread in the generation's pool, one per socket; used by the worker while the
 *   generation is its current one. The descriptor belongs to the socket set (sockets.h).
 * Threads: its worker.
 * Errors: no descriptors or no memory pauses accepting (worker_pause).
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <ev.h>
#include <stdbool.h>

struct binding;
struct worker;

struct listener {
    struct ev_io io; /* io.fd: the listening socket */
    const struct binding *binding;
    struct worker *worker;
    bool draining; /* its address goes: what is accepted is served by this worker, under what it was here */
};

void listener_init(struct listener *listener, struct worker *worker, const struct binding *binding, int fd);
void listener_start(struct listener *listener);
void listener_stop(struct listener *listener);

/* Accepts until the queue is empty: before the address goes, so that nothing that the kernel accepted is
 * lost. */
void listener_drain(struct listener *listener);

#endif
