/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When memory is short: what is said about a limit that was reached, and what is done.
 *
 * Purpose: one wording for every limit: its name, what it is, what was used, what was asked, which
 *   directive to turn. And relief: at the end of a turn in which memory_budget or worker_memory_budget
 *   refused something, idle connections are closed, longest idle first, and all that is empty goes back to
 *   the system, so that what comes next finds room. When memory_budget refused, all workers do so.
 * Lifetime: part of the worker.
 * Threads: the worker's own.
 * Errors: none.
 */
#ifndef SERVER_SHORTAGE_H
#define SERVER_SHORTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/pool.h"

struct worker;
struct binding;
struct peer;

enum {
    LIMIT_TEXT_MAX = 256,
    SHORTAGE_SHED = 64,  /* idle connections closed at the end of a turn */
    SHORTAGE_LOOK = 4096 /* timeouts looked at for them: half a millisecond */
};

/* "NAME reached: USED of LIMIT UNIT used, ASKED more asked for \"WHAT\"; the directive to turn is NAME".
 * `what` may be null. Returns `to`. */
const char *limit_text(char to[LIMIT_TEXT_MAX], const char *name, uint64_t limit, uint64_t used,
                       uint64_t asked, const char *unit, const char *what);

/* The same about what was refused. `pool`: whose budget it may have been; null: of one that could not be
 * made. */
const char *shortage_text(char to[LIMIT_TEXT_MAX], const struct worker *worker, const struct pool *pool,
                          const struct pool_refusal *refusal);

/* Something was refused for this reason: remembers that relief is wanted, of all workers if memory_budget
 * was it. */
void shortage_note(struct worker *worker, enum pool_failure why);

/* A descriptor for which there is no connection, as a budget is full: logged, counted, told by its
 * protocol. The descriptor stays the caller's to close. */
void shortage_refuse(struct worker *worker, const struct binding *binding, int fd, const struct peer *peer,
                     const struct pool_refusal *refusal);

/* At the end of a turn: whether anything was refused since it was asked last. Workers that sleep find out
 * within a second, by the timer that they have while they have connections. */
bool shortage_is_new(struct worker *worker);

/* Before the closed are buried: closes idle connections. */
void shortage_shed(struct worker *worker);

#endif
