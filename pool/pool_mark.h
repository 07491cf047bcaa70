/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the high-water marks of a pool, and the size of the blocks for the requests to come. A mark is the
 *   size that one block would have needed behind its head (struct pool_block) to hold everything that a
 *   request allocated since the pin, alignment included. An allocation of more than half a block counts
 *   twice, freed or not, since only a block of twice its size would have taken it; in passthrough mode, what
 *   other modes cut from a block counts as asked for. Buffers do not count. Marks are kept modulo 4 GiB.
 * Lifetime: the pool's.
 * Threads: its owner.
 * Errors: none.
 */
#ifndef POOL_POOL_MARK_H
#define POOL_POOL_MARK_H

#include "pool/pool.h"

/* The mark of the current request, which pool_reset or pool_idle will end. */
static inline size_t pool_request_bytes(const struct pool *pool)
{
    return (uint32_t)(uintptr_t)pool->cursor - pool->mark_base;
}

/* The most that the pool has held, buffers included. */
static inline size_t pool_peak_bytes(const struct pool *pool)
{
    return pool->peak;
}

static inline size_t pool_block_size(const struct pool *pool)
{
    return pool->block_size;
}

/* The size of later blocks from now on, rounded as by pool_create. Only after pool_idle, before anything is
 * allocated again. */
void pool_set_block_size(struct pool *pool, size_t block_size);

#endif
