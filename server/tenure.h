/* SPDX-License-Identifier: BSD-2-Clause */
/* A tenure: a worker's hold on a generation.
 *
 * Purpose: one reference on a generation for all connections that a worker has under it; and the switch from
 * one to the next: listeners stop and start, idle connections follow, busy ones finish under the old.
 * Lifetime: made before the switch by the main thread, for all workers or none, so that a switch cannot fail;
 *   the worker's from tenure_switch on; ends with its last connection once it is no longer the current one.
 * Threads: the worker's own, but for tenure_create and tenure_abandon.
 * Errors: tenure_create returns NULL: out of memory.
 */
#ifndef SERVER_TENURE_H
#define SERVER_TENURE_H

#include <ev.h>
#include <stdbool.h>

struct generation;
struct worker;

struct tenure {
    struct tenure *next;
    struct worker *worker;
    struct generation *generation;
    unsigned connections;
    bool listened;            /* all its listeners have been watched at least once */
    struct ev_timer shutdown; /* worker_shutdown_timeout, once the generation is no longer current */
};

/* Takes a reference on the generation. Main thread. */
struct tenure *tenure_create(struct worker *worker, struct generation *generation);
/* Of one that was never switched to: whichever thread has it. */
void tenure_abandon(struct tenure *tenure);

/* The worker's own hold on a generation that it has not switched to, or not any more: for a connection that
 * goes on under it (handover.h). The one that there is, or a new one, which ends with its last connection:
 * tenure_enter before anything else. NULL: no memory. */
struct tenure *tenure_under(struct worker *worker, struct generation *generation);

/* A connection begins or ends under it. It may go with the last one. */
void tenure_enter(struct tenure *tenure);
void tenure_leave(struct tenure *tenure);

/* Makes it the worker's current one. */
void tenure_switch(struct worker *worker, struct tenure *tenure);

/* Graceful end: nothing more is accepted, idle connections are closed, the others finish. */
void tenure_quit(struct worker *worker);

/* Accepting rests for half a second; said once until it goes well again. `error`: errno or 0. */
void worker_pause(struct worker *worker, int error, const char *what);

/* The kernel does not watch a listener: after the same time it is asked again. The others go on. */
void worker_watch_again(struct worker *worker);

/* ---- for worker.c: the thread's beginning and end ---- */

void tenure_init(struct worker *worker);
void tenure_stop_accepting(struct worker *worker);

/* Closes all connections of a tenure; null: of all. */
void tenure_close_all(struct worker *worker, const struct tenure *tenure);
void tenure_end_all(struct worker *worker);

#endif
