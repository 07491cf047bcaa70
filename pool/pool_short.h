/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the short ways of a pool, for pool/ alone. Nearly all blocks and buffers come from what a size
 *   class has at hand and go back to it, and nearly all requests end with nothing to run and one block to
 *   give back. If nobody looks on, that takes a few instructions and no call. What a short way cannot do is
 *   left to the long one, which can do everything.
 * Lifetime: the pool's.
 * Threads: the pool's owner.
 * Errors: NULL or false: nothing has changed, and the long way is to be gone.
 */
#ifndef POOL_POOL_SHORT_H
#define POOL_POOL_SHORT_H

#include "pool/pool_inner.h"

/* Whether nobody looks on: no trace, no follower, no checker, no fault that is armed. */
static inline bool pool_is_plain(const struct pool *pool)
{
    return __builtin_expect(!(pool->traced || pool->followed || pool->apart) && !fault_any(), 1);
}

/* An object of the size class that is at hand, if the pool may take it; it is charged. */
static inline void *pool_ready(struct pool *pool, unsigned index)
{
    size_t held = pool->held + sizeclass_sizes[index];
    void *object;

    if ((pool->budget && held > pool->budget) || !(object = sizeclass_pop(pool->classes, index)))
        return NULL;
    pool->held = held;
    if (held > pool->peak)
        pool->peak = held;
    return object;
}

/* Gives such an object back. */
static inline bool pool_keep_ready(struct pool *pool, void *p, size_t size)
{
    if (size > SIZECLASS_MAX || __builtin_expect(pool->classes->spare_out != 0, 0) ||
        !sizeclass_push(pool->classes, sizeclass_index(size), p))
        return false;
    pool->held -= size;
    return true;
}

/* Whether a reset has nothing to run and nothing to free but blocks. */
static inline bool pool_only_blocks(const struct pool *pool)
{
    return pool->cleanups == pool->pin_cleanups && pool->larges == pool->pin_larges;
}

/* Goes on behind the pin, as if nothing had been allocated since. */
static inline void pool_to_pin(struct pool *pool)
{
    pool->current = pool->pin_block;
    pool->cursor = pool->pin_cursor;
    pool->limit = pool_block_end(pool->pin_block);
    pool_mark_start(pool);
    pool->used = 0;
    pool->resets++;
}

#endif
