/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what docs/lifetimes.md says of workers, tenures and generations, checked in builds with
 *   -DTIDEPOOL_CHECKS: what a worker holds while a generation is its current one, and, at the end of each
 *   turn, whether its pointers are those of the table. Other builds have none of it.
 * Lifetime: pool/holds.h has the holds.
 * Threads: the worker's own.
 * Errors: a rule that is broken ends the process (pool/holds.h).
 */
#ifndef SERVER_CHECKS_H
#define SERVER_CHECKS_H

struct generation;
struct worker;

/* Who holds a tenure. */
#define CHECKS_CONNECTION "a connection"

#ifdef TIDEPOOL_CHECKS

/* The generation becomes its current one: it may send to the workers that this names, and watches the sockets
 * of its addresses … */
void checks_serve(const struct worker *worker, const struct generation *generation);

/* … and no longer. */
void checks_let_go(const struct worker *worker, const struct generation *generation);

/* It sends something to a worker that its current generation names. */
void checks_send(const struct worker *worker, const struct worker *to);

/* At the end of a turn. */
void checks_turn(const struct worker *worker);

#else

static inline void checks_serve(const struct worker *worker, const struct generation *generation)
{
    (void)worker, (void)generation;
}

static inline void checks_let_go(const struct worker *worker, const struct generation *generation)
{
    (void)worker, (void)generation;
}

static inline void checks_send(const struct worker *worker, const struct worker *to)
{
    (void)worker, (void)to;
}

static inline void checks_turn(const struct worker *worker)
{
    (void)worker;
}

#endif

#endif
