/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: timeouts: a queue in order of deadline for each distinct duration, with one ev_timer, instead of a
 *   heap entry for each connection. Starting again is unlinking and linking at the tail. The timer is lazy:
 *   it looks at the head when it fires.
 * Lifetime: struct timeouts is embedded in the worker. Queues are made with the first timeout of their
 *   duration, given to another duration when empty and needed, and freed by deinit. A struct timeout is
 *   embedded in what it guards, zeroed before first use, and stopped before its memory goes.
 * Threads: the owner of the loop.
 * Errors: timeout_start returns -ENOMEM when a queue for a new duration cannot be made; the timeout is
 * then stopped.
 *
 * Time is libev's monotonic time of this turn (that of its timers), so that setting the wall clock
 * neither cuts connections nor keeps them. libev is asked for it once a turn, which timeouts_turn_ends
 * ends. timeouts_now is the clock of whatever measures a duration; ev_now is the wall clock, for what is
 * shown as a date and nothing else.
 */
#ifndef SERVER_LOOP_TIMEOUTS_H
#define SERVER_LOOP_TIMEOUTS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timeout_queue;

struct timeout {
    struct timeout *prev, *next; /* NULL: not set */
    double deadline;             /* seconds, of the worker's monotonic time */
    struct timeout_queue *queue; /* where it is, or was last */
};

struct timeouts {
    struct ev_loop *loop;
    void (*expired)(struct timeout *);
    struct timeout_queue *queues; /* all */
    struct timeout_queue *last;   /* the one used last, or NULL */
    ev_timer anchor;              /* never fires: what remains of it tells libev's monotonic time */
    double ends;                  /* seconds of CLOCK_MONOTONIC: when the anchor would fire */
    double now;                   /* of this turn; 0: nobody has asked for it yet */
};

/* `expired` is called with a timeout that has just been stopped; it may stop and start any timeout, this one
 * too. */
void timeouts_init(struct timeouts *timeouts, struct ev_loop *loop, void (*expired)(struct timeout *));
/* Timeouts that are still set are forgotten. Before the loop goes. */
void timeouts_deinit(struct timeouts *timeouts);

/* Sets, or sets anew. `duration_ms` > 0. */
__attribute__((warn_unused_result)) int timeout_start(struct timeouts *timeouts, struct timeout *timeout,
                                                      int64_t duration_ms);
/* Visits timeouts that are set, in the order in which they were, the longest ago first, at most `most`,
 * until `visit` says false. It may stop the one that it is given, and no other. */
void timeouts_oldest(struct timeouts *timeouts, unsigned most, bool (*visit)(struct timeout *, void *),
                     void *data);

/* Seconds of CLOCK_MONOTONIC at the start of this turn of the loop. They never go back, and workers differ
 * only by the time that their turns have taken. Deadlines use them. */
static inline double timeouts_now(struct timeouts *timeouts);
/* Called before the loop waits, and after ev_now_update: the next timeouts_now gives a new time. */
static inline void timeouts_turn_ends(struct timeouts *timeouts);
/* When a timeout that is set was started. */
double timeout_began(const struct timeout *timeout);

static inline void timeout_stop(struct timeout *timeout);
static inline bool timeout_is_set(const struct timeout *timeout);

/* Sets `now`. */
void timeouts_read_clock(struct timeouts *timeouts);

static inline double timeouts_now(struct timeouts *timeouts)
{
    if (timeouts->now == 0.)
        timeouts_read_clock(timeouts);
    return timeouts->now;
}

static inline void timeouts_turn_ends(struct timeouts *timeouts)
{
    timeouts->now = 0;
}

static inline void timeout_stop(struct timeout *timeout)
{
    if (!timeout->next)
        return;
    timeout->prev->next = timeout->next;
    timeout->next->prev = timeout->prev;
    timeout->next = timeout->prev = NULL;
}

static inline bool timeout_is_set(const struct timeout *timeout)
{
    return timeout->next != NULL;
}

#endif
