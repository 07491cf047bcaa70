/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places: room for one more connection, when worker_connections or the descriptors of the process are used
 * up.
 *
 * Purpose: a worker full of connections on which nothing happens keeps nobody out: those that have been idle
 *   or silent for longest are closed (nginx: "reusing connections"). A few descriptors are kept back from
 *   clients, so that a reload and the rotation of logs find some.
 * Lifetime: part of the worker.
 * Threads: the worker's own.
 * Errors: false: no connection could be closed, the caller pauses.
 */
#ifndef SERVER_PLACES_H
#define SERVER_PLACES_H

#include <stdbool.h>

struct worker;

enum {
    PLACES_KEPT = 32,    /* descriptors that clients do not get … */
    PLACES_KEPT_PART = 8 /* … or this part of all, if that is less */
};

struct places {
    int mark;      /* a descriptor from here on is one of those kept back */
    bool low;      /* such a one was given to a client */
    double logged; /* seconds of timeouts_now when it was said last; 0: never */
};

/* With each generation: looks how many descriptors the process may have. */
void places_update(struct worker *worker);

/* Before a connection is accepted: whether there is room, which is made if need be. */
bool places_free(struct worker *worker);

/* After it: the descriptor it got. */
static inline void places_taken(struct places *places, int fd)
{
    if (fd >= places->mark)
        places->low = true;
}

/* Closes what has been idle for longest; `why` is for the log. False: nothing is idle. */
bool places_reuse(struct worker *worker, int error, const char *why);

#endif
