/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a tenure: a worker's hold on a generation: one reference for all connections that the worker has
 *   under it. The switch from one to the next: listeners stop and start, idle connections follow, busy ones
 *   finish under the old one. And sockets that change worker: idle connections of a worker that leaves, and
 *   connections of a unix socket, where one worker accepts for all. Workers hear of a new generation one
 *   after another. So such a socket goes on under the receiver's current generation if that speaks the same
 *   protocol at its address, and otherwise under the one that the sender had, older or newer.
 * Lifetime: made before the switch by the main thread, for all workers or none, so that a switch cannot fail;
 *   the worker's from tenure_switch on; ends with its last connection once it is no longer the current one.
 *   A WORKER_CONNECTION message holds the descriptor, and the sender's generation, which has its binding.
 * Threads: tenure_create: the main thread. tenure_abandon: any. The others: the worker's own.
 * Errors: tenure_create returns NULL: out of memory. A socket that is taken over and finds no memory is
 *   closed.
 */
#ifndef SERVER_TENURE_H
#define SERVER_TENURE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct binding;
struct generation;
struct message;
struct worker;

struct tenure {
    struct tenure *next;
    struct worker *worker;
    struct generation *generation;
    unsigned connections;
    bool listened;            /* all its listeners have been watched at least once */
    struct ev_timer shutdown; /* worker_shutdown_timeout, once the generation is no longer current */
};

/* Takes a reference on the generation. */
struct tenure *tenure_create(struct worker *worker, struct generation *generation);
/* Gives up one that was never switched to. */
void tenure_abandon(struct tenure *tenure);

/* A connection begins or ends under it. It may go with the last one. */
void tenure_enter(struct tenure *tenure);
void tenure_leave(struct tenure *tenure);

/* Makes it the worker's current one. */
void tenure_switch(struct worker *worker, struct tenure *tenure);

/* Graceful end: nothing more is accepted, idle connections are closed, the others finish. */
void tenure_quit(struct worker *worker);

/* Closes all connections of a tenure; null: of all. */
void tenure_close_all(struct worker *worker, const struct tenure *tenure);

/* The thread ends: all are let go. */
void tenure_end_all(struct worker *worker);

/* ---- connections that change worker ---- */

/* Sends a socket to one of the workers of the current generation. False: that has no such address, or there
 * is no memory; `fd` is still the caller's. `requests`: begun on it so far. */
__attribute__((warn_unused_result)) bool tenure_hand_on(struct worker *worker, const struct binding *binding,
                                                        int fd, uint32_t requests);

/* A WORKER_CONNECTION has arrived: serves it here, or hands it on if this worker leaves. */
void tenure_take_over(struct worker *worker, const struct message *message);

/* A WORKER_CONNECTION that was never delivered. */
void tenure_drop(struct worker *worker, const struct message *message);

#endif
