/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: makes the Nth call for memory fail. Every error path can be walked on purpose. The server arms it
 *   from TIDEPOOL_FAULT alone; fault_arm() and fault_count() are for tests of programs that use the library.
 * Lifetime: static; nothing to create. A point is armed for one call (the Nth from now on) or for that and
 *   all later.
 * Threads: any. Calls are counted by one atomic counter a point, and only while the point is armed or
 *   counted: an unarmed point costs one relaxed load.
 * Errors: only fault_from_environment() can fail: on a text that it does not understand.
 */
#ifndef POOL_FAULT_H
#define POOL_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum fault_point {
    FAULT_SYSTEM,    /* sysmem: a call to the system for memory */
    FAULT_SIZECLASS, /* sizeclass_get */
    FAULT_SGI,       /* sgi_alloc */
    FAULT_POOL,      /* a pool's slow call: new block, large one, buffer, creation */
    FAULT_POINTS
};

/* Call `nth` from now (1 is the next) fails; with `persist` so do all after it. 0 disarms; the count stays
 * readable. */
void fault_arm(enum fault_point point, uint64_t nth, bool persist);

/* Counts the calls from now on and lets all of them through: the count says how long a sweep has to be. */
void fault_count(enum fault_point point);

/* How many calls have been seen since the point was last armed or counted. */
uint64_t fault_calls(enum fault_point point);

/* Arms what TIDEPOOL_FAULT asks for: "system:17,sgi:4+,pool:0"; '+' means that call and all later ones, 0
 * counts only. The names are system, sizeclass, sgi and pool. Returns 0 (also when the variable is unset) or
 * -EINVAL, arming nothing. */
int fault_from_environment(void);

/* Whether this call is to fail. */
static inline bool fault_fires(enum fault_point point);

/* Whether any point is armed or counted: a short way past all of them asks once. */
static inline bool fault_any(void);

/* What the inline bodies need: not for callers. */
extern _Atomic bool fault_armed[FAULT_POINTS], fault_armed_any;
bool fault_fires_armed(enum fault_point point);

static inline bool fault_fires(enum fault_point point)
{
    return __builtin_expect(atomic_load_explicit(&fault_armed[point], memory_order_relaxed), 0) &&
           fault_fires_armed(point);
}

static inline bool fault_any(void)
{
    return __builtin_expect(atomic_load_explicit(&fault_armed_any, memory_order_relaxed), 0);
}

#endif
