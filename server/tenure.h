/* SPDX-License-Identifier: BSD-2-Clause */
/* A tenure: a worker's hold on a generation.
 *
 * Purpose: one reference on a generation for all connections that a worker has under it; and the switch from
 * one to the next: listeners stop and start, idle connections follow, busy ones finish under the old.
 * Lifetime: made by tenure_switch; ends with its last connection once it is no longer the current one.
 * Threads: the worker's own.
 * Errors: no memory for a tenure: the worker goes on under the old generation, which is logged.
 */
#ifndef SERVER_TENURE_H
#define SERVER_TENURE_H

#include <ev.h>

struct generation;
struct worker;

struct tenure {
    struct tenure *next;
    struct worker *worker;
    struct generation *generation;
    unsigned connections;
    struct ev_timer shutdown; /* worker_shutdown_timeout, once the generation is no longer current */
};

/* A connection begins or ends under it. It may go with the last one. */
void tenure_enter(struct tenure *tenure);
void tenure_leave(struct tenure *tenure);

/* Makes `generation` the worker's current one; takes the reference over. */
void tenure_switch(struct worker *worker, struct generation *generation);

/* Graceful end: nothing more is accepted, idle connections are closed, the others finish. */
void tenure_quit(struct worker *worker);

/* Accepting rests for half a second; said once until it goes well again. `error`: errno or 0. */
void worker_pause(struct worker *worker, int error, const char *what);

/* ---- for worker.c: the thread's beginning and end ---- */

void tenure_init(struct worker *worker);
void tenure_stop_accepting(struct worker *worker);

/* Closes all connections of a tenure; null: of all. */
void tenure_close_all(struct worker *worker, const struct tenure *tenure);
void tenure_end_all(struct worker *worker);

#endif
