/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_mark: how much a request took of its connection's pool, told just before the reset, and the size of
 * the blocks for the requests to come.
 *
 * Lifetime: of the pool. Threads: its owner.
 * Errors: none. In passthrough mode there are no blocks: every request is split, its bytes are the sum of
 *   what was asked for.
 */
#ifndef POOL_POOL_MARK_H
#define POOL_POOL_MARK_H

#include "pool/pool.h"

/* Whether what was allocated since the pin needed more than one block after the pinned one, or large
 * allocations. */
static inline bool pool_request_split(const struct pool *pool);

/* Bytes that one block would have had to offer for all that was allocated since the pin, alignment included.
 * Where there were large ones: enough for the largest not to be one, which takes twice its size. */
static inline size_t pool_request_bytes(const struct pool *pool);

/* The most that the pool has held, buffers included. */
static inline size_t pool_peak_bytes(const struct pool *pool);

/* What the later blocks will have from now on, rounded as by pool_create. Only between pool_idle and the next
 * allocation. */
void pool_set_block_size(struct pool *pool, size_t block_size);

/* ---- inline bodies ---- */

size_t pool_request_bytes_slow(const struct pool *pool);

static inline bool pool_request_split(const struct pool *pool)
{
    return __builtin_expect(pool->used > 1, 0) || __builtin_expect(pool->larges != pool->pin_larges, 0);
}

static inline size_t pool_request_bytes(const struct pool *pool)
{
    const char *pinned = (const char *)pool->pin_block;

    if (pool_request_split(pool))
        return pool_request_bytes_slow(pool);
    if (pool->used == 0)
        return (size_t)(pool->cursor - pool->pin_cursor);
    return (size_t)(pinned + pool->pin_block->used - pool->pin_cursor) +
           (size_t)(pool->cursor - (const char *)(pool->current + 1));
}

static inline size_t pool_peak_bytes(const struct pool *pool)
{
    return pool->peak;
}

#endif
