/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what is logged and done when memory, connections or descriptors run out. One wording for every
 *   limit: its name, its value, what was used, what was asked for, which directive to turn. And relief, by
 *   closing idle connections, longest idle first. Memory: at the end of a turn in which memory_budget or
 *   worker_memory_budget refused something; what is empty then goes back to the system. All workers do so
 *   when memory_budget refused. Connections: when worker_connections or the descriptors are used up, for each
 *   that arrives (nginx: "reusing connections"). A few descriptors are kept back from clients, for reloads
 *   and the rotation of logs.
 * Lifetime: part of the worker.
 * Threads: the worker's own.
 * Errors: false: nothing could be closed, the caller pauses.
 */
#ifndef SERVER_SHORTAGE_H
#define SERVER_SHORTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/pool.h"

struct worker;
struct binding;
struct connection;
struct peer;

enum {
    SHORTAGE_BORROWED =
        32, /* connections of a worker that may have borrowed of view_reserve, a quarter of it … */
    SHORTAGE_LENT_ALWAYS = 3, /* … but at least so many, */
    SHORTAGE_LOAN_MS = 5,     /* … each for so long at least: its request is on its way */
    LIMIT_TEXT_MAX = 320,
    SHORTAGE_SAYS_MS = 1000,    /* a limit of all connections is logged once in this time */
    SHORTAGE_SHED = 64,         /* idle connections closed at the end of a turn */
    SHORTAGE_LOOK = 4096,       /* timeouts looked at for them: half a millisecond */
    SHORTAGE_KEPT = 32,         /* descriptors that clients do not get … */
    SHORTAGE_KEPT_PART = 8,     /* … or this part of all, if that is less */
    SHORTAGE_REUSE = 32,        /* connections closed for one that comes, as nginx does … */
    SHORTAGE_REUSE_PART = 8,    /* … or this part of all, if that is less */
    SHORTAGE_REUSE_LOOK = 16384 /* timeouts looked at for them: 2 ms; accepting rests if none is idle */
};

/* What a worker knows of it. */
struct shortage {
    bool pressed;      /* worker_memory_budget refused something in this turn */
    unsigned pressure; /* of shared->pressure, what has been answered */
    int mark;          /* a descriptor from here on is one of those kept back */
    int over;          /* such a one that a client got and still has; 0: none */
    double logged;     /* seconds of timeouts_now when "reusing connections" was said last; 0: never */
    unsigned shed;     /* idle connections closed for want of memory, and not logged yet */
    double shed_said;  /* as `logged`, of "memory is short" */
    struct connection *borrowed[SHORTAGE_BORROWED]; /* longest first */
    unsigned borrowed_count;
};

/* ---- words ---- */

/* "NAME reached: USED of LIMIT UNIT used, ASKED more asked for \"WHAT\"; the directive to turn is NAME".
 * `what` may be null. Returns `to`. */
const char *limit_text(char to[LIMIT_TEXT_MAX], const char *name, uint64_t limit, uint64_t used,
                       uint64_t asked, const char *unit, const char *what);

/* The same about the last refusal. `pool`: the one that was refused; null: one that could not be made.
 * Returns null if a line about this limit was written less than a second ago: then it is only counted. A
 * pool's own budget (connection_pool_budget) is always reported. */
const char *shortage_text(char to[LIMIT_TEXT_MAX], struct worker *worker, const struct pool *pool,
                          const struct pool_refusal *refusal);

/* ---- memory ---- */

/* Something was refused for this reason: counts it (over_budget), and remembers that relief is needed; from
 * all workers if it was memory_budget. */
void shortage_note(struct worker *worker, enum pool_failure why);

/* The same, of what was refused to a connection just now: logged, too. */
void shortage_tell(struct connection *connection);

/* A budget leaves no memory for the connection of this descriptor: logs it, counts it, and lets the protocol
 * answer. The caller closes the descriptor. */
void shortage_refuse(struct worker *worker, const struct binding *binding, int fd, const struct peer *peer,
                     const struct pool_refusal *refusal);

/* Lends a connection what a budget refused, from view_reserve, until its request is read and it is known
 * whether it watches the server. When all loans are taken, the first borrower that neither watches nor has
 * sent what is still unread is closed for it; a young one only for a connection that has `asked`. False:
 * there is none, or this one has borrowed already. */
bool shortage_borrow(struct connection *connection, enum pool_failure why, bool asked);

/* Whether it would succeed for a connection that is still to be made. */
bool shortage_lends(struct worker *worker, enum pool_failure why, bool asked);

/* Whether all loans are out, and to borrowers that have not had their time to ask: whoever comes next waits
 * in the kernel's queue for a few milliseconds. Otherwise a burst would be refused that can be served. */
bool shortage_rests(struct worker *worker);

/* A connection that has borrowed ends. */
void shortage_settle(struct connection *connection);

/* At the end of a turn: whether anything was refused since the last call. Sleeping workers learn it within a
 * second, by the timer that runs while they have connections. */
bool shortage_is_new(struct worker *worker);

/* Before the closed are buried: closes idle connections. */
void shortage_shed(struct worker *worker);

/* Once a second: logs the counts of lines that were left out; sees whether `over` was closed. */
void shortage_second(struct worker *worker);

/* ---- connections and descriptors ---- */

/* With each generation: looks how many descriptors the process may have. */
void shortage_look(struct worker *worker);

/* Before a connection is accepted: whether there is room, or room could be made. */
bool shortage_room(struct worker *worker);

/* After it: the descriptor it got. */
static inline void shortage_taken(struct shortage *shortage, int fd)
{
    if (fd >= shortage->mark)
        shortage->over = fd;
}

/* Closes connections that have been idle or silent for longest; `error` (errno or 0) and `why` are for the
 * log. False: nothing is idle. */
bool shortage_reuse(struct worker *worker, int error, const char *why);

#endif
