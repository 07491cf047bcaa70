/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool/pool_mark.h"

#include "pool/pool_inner.h"

void pool_set_block_size(struct pool *pool, size_t block_size)
{
    pool_check_owner(pool);
    assert(pool->chain == 0 && "blocks of the old size are still held");
    pool->block_size = (uint32_t)pool_size_of(pool, block_size, POOL_BLOCK_MIN);
}
