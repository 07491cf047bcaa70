/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how the pools of this process treat their memory. Chosen at run time before the first pool, so
 *   that a fault can be hunted in the binary that showed it.
 *     normal       inline bump, blocks kept over resets.
 *     poison       memory is filled when a block is taken and at reset; every allocation has a red zone
 *                  behind it that is checked when the memory goes; sizeclass finds double frees and wrong
 *                  sizes. A defect ends the process with a line on stderr.
 *     passthrough  every allocation is one of the system's, so that ASan, valgrind or the system's allocator
 *                  see each.
 * Lifetime: static.
 * Threads: set before threads start, read by all.
 * Errors: only pool_mode_set() can fail.
 */
#ifndef POOL_MODE_H
#define POOL_MODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pool_mode { POOL_NORMAL, POOL_POISON, POOL_PASSTHROUGH };

extern const char *const pool_mode_names[]; /* "normal" … */

enum {
    POOL_FILL_FRESH = 0xa5, /* poison: taken, not handed out yet, or handed out and not written */
    POOL_FILL_FREED = 0x5a, /* poison: given back */
    POOL_FILL_GUARD = 0xfa  /* poison: red zone */
};

/* 0, or -EBUSY as long as a pool or a sizeclass lives, or -EINVAL. */
int pool_mode_set(enum pool_mode mode);
static inline enum pool_mode pool_mode(void);

/* How many pools of the process are alive: none at exit. */
size_t pool_live(void);

/* Called by create and destroy of pools and sizeclasses: each of them has the mode built in. */
void mode_pools(int change);
void mode_sizeclasses(int change);

/* Whether a checker reads our annotations: ASan is built in or valgrind runs. It decides nothing else. */
extern bool mode_watched;

/* A number for the calling thread, never 0 and never used again: objects name their owner by it. */
uint32_t mode_thread(void);

/* The same if the thread has called mode_thread() before, else 0, which owns nothing. Only for comparing. */
static inline uint32_t mode_thread_known(void);

/* A check has found one of our own mistakes: a line on stderr, then abort. `purpose` may be NULL. */
_Noreturn void mode_defect(const char *what, const char *purpose, const void *at);

/* ---- inline bodies ---- */

extern _Atomic int mode_now;                   /* enum pool_mode; written by pool_mode_set alone */
extern _Thread_local uint32_t mode_thread_own; /* written by mode_thread alone */

static inline enum pool_mode pool_mode(void)
{
    return (enum pool_mode)atomic_load_explicit(&mode_now, memory_order_relaxed);
}

static inline uint32_t mode_thread_known(void)
{
    return mode_thread_own;
}

#endif
