/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a listener: a listening socket as one worker watches it, and accepting by all listeners of a
 *   worker. It accepts, at most LISTENER_BURST connections a wake-up, and makes them connections of the
 *   worker.
 * Lifetime: made by the main thread in the generation's pool, one per socket; used by the worker while the
 *   generation is its current one. The descriptor belongs to the socket set (sockets.h).
 * Threads: listener_init: the main thread. The others: the worker's own.
 * Errors: if descriptors or memory run out, accepting pauses for half a second (listeners_pause).
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct binding;
struct generation;
struct worker;

struct listener {
    struct ev_io io; /* io.fd: the listening socket */
    const struct binding *binding;
    struct worker *worker;
    unsigned burst; /* connections that the next wake-up takes */
    unsigned rest;  /* wake-ups before it takes more than one */
    bool draining;  /* its address goes: this worker serves what is still accepted, under the old binding */
};

/* Accepting by a worker; part of it. */
struct accepting {
    bool paused;         /* until `resume` fires */
    bool said;           /* logged; not again before accepting works */
    unsigned early_luck; /* of connection_read_early: more than 0 while it pays */
    unsigned early_rest; /* connections that it leaves alone before it tries again */
    uint64_t refusals;   /* of memory, when it was last asked to */
    struct ev_timer resume;
};

void listener_init(struct listener *listener, struct worker *worker, const struct binding *binding, int fd);

/* ---- all listeners of a worker, under its current generation ---- */

void listeners_init(struct worker *worker);

/* Does nothing while accepting is paused. */
void listeners_start(struct worker *worker);

/* `next`: what is served from now on; null: nothing. Where it lacks an address, or has another protocol
 * there, the queue is accepted until it is empty, so that no connection is lost. */
void listeners_stop(struct worker *worker, const struct generation *next);

/* The same, for good: a pause does not end either. */
void listeners_end(struct worker *worker, const struct generation *next);

/* When the loop has ended: the main thread may have closed the sockets, so their numbers are not used. */
void listeners_drop(struct worker *worker);

/* Pauses accepting for half a second. Logged once, until accepting works again. `error`: errno or 0. */
void listeners_pause(struct worker *worker, int error, const char *what);

/* Once a second. */
void listeners_second(struct worker *worker);

#endif
