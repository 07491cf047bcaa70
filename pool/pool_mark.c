/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool/pool_mark.h"

#include "pool/pool_inner.h"

/* Of the large ones: all bytes, and the most that one has. */
static size_t larges_since_pin(const struct pool *pool, size_t *largest)
{
    size_t sum = 0;

    *largest = 0;
    for (const struct pool_chunk *chunk = pool->larges; chunk != pool->pin_larges; chunk = chunk->next) {
        size_t bytes = (size_t)((const char *)chunk->base + chunk->size - (const char *)(chunk + 1));

        sum += bytes;
        if (bytes > *largest)
            *largest = bytes;
    }
    return sum;
}

size_t pool_request_bytes_slow(const struct pool *pool)
{
    size_t largest, bytes = larges_since_pin(pool, &largest);

    for (struct pool_block *block = pool->pin_block;; block = block->next) {
        bool last = block == pool->current;
        const char *end = last ? pool->cursor : (const char *)block + block->used;
        const char *begin = block == pool->pin_block ? pool->pin_cursor : (const char *)(block + 1);

        bytes += (size_t)(end - begin);
        if (last)
            break;
    }
    /* pool_is_large() holds half of a block for large. */
    return pool_mode() == POOL_PASSTHROUGH || bytes >= 2 * largest ? bytes : 2 * largest;
}

void pool_set_block_size(struct pool *pool, size_t block_size)
{
    pool_check_owner(pool);
    assert(pool->chain == 0 && "blocks of the old size are still held");
    pool->block_size = (uint32_t)pool_size_of(pool, block_size, POOL_BLOCK_MIN);
}
