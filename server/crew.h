/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the crew: the workers as the main thread sees them. It grows and shrinks with worker_processes,
 *   and tells every worker its generation, and whether to quit, stop or go. A message that cannot be sent
 *   yet, because the last one of its kind has not been taken, is tried again until it can.
 * Lifetime: one per process, owned by the main thread.
 * Threads: the main thread.
 * Errors: a negative errno; crew_tell says whether all has been sent.
 */
#ifndef SERVER_CREW_H
#define SERVER_CREW_H

#include "server/worker_thread.h"

struct generation;

enum crew_order { CREW_SERVE, CREW_RELEASE, CREW_QUIT, CREW_STOP };

struct crew_member {
    struct worker *worker;
    struct tenure *spare;  /* under a generation that is not in service yet */
    struct tenure *next;   /* under the current one, and not sent yet */
    bool told;             /* it was sent one */
    bool begun;            /* it delivers what it is sent */
    enum crew_order order; /* the last one sent */
    bool flush;            /* has to flush its logs, and was not told yet */
};

struct crew {
    struct shared *shared;
    struct crew_member *members; /* the first `count` serve, the others leave */
    unsigned count, total;
    unsigned room;         /* members allocated */
    unsigned next_index;   /* of the next worker made */
    enum crew_order order; /* what all should do */
};

/* Makes workers until there are `count`, those that leave counted in, and what all need to switch to
 * `generation`. On failure nothing has changed. */
int crew_grow(struct crew *crew, unsigned count, struct generation *generation);

/* After crew_grow, one of the two: it was in vain, and added workers end … */
void crew_shrink(struct crew *crew);

/* … or `generation` is in service: the first `count` serve under it and the others leave; one that was
 * leaving may be among the first again. */
void crew_divide(struct crew *crew, unsigned count);

/* Sends pending messages. False: some could not be sent, call again soon. */
bool crew_tell(struct crew *crew, const struct generation *current);

/* Joins the workers that are gone. True: none is left. */
bool crew_reap(struct crew *crew);

/* Whether every worker has switched to that generation. */
bool crew_switched(const struct crew *crew, const struct generation *current);

/* When quitting: whether every living worker has stopped accepting, and passing connections on. */
bool crew_deaf(const struct crew *crew);

void crew_deinit(struct crew *crew);

#endif
