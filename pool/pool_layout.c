/* SPDX-License-Identifier: BSD-2-Clause */
/* A copy of what a pool holds, piece by piece. */
#include "pool/pool_layout.h"

#include "pool/pool_inner.h"

const char *const pool_part_names[] = {[POOL_PART_BLOCK] = "block",
                                       [POOL_PART_RESERVE] = "reserve",
                                       [POOL_PART_LARGE] = "large",
                                       [POOL_PART_BUFFER] = "buffer"};

static void add_part(struct pool_layout *layout, enum pool_part_kind kind, const char *purpose, size_t size,
                     size_t used, size_t pinned)
{
    if (layout->count == POOL_LAYOUT_PARTS) {
        layout->more++;
        return;
    }
    layout->parts[layout->count++] = (struct pool_part){.purpose = purpose,
                                                        .size = size,
                                                        .used = (uint32_t)used,
                                                        .pinned = (uint32_t)pinned,
                                                        .kind = (uint8_t)kind};
}

/* Where the block begins that `block` is the head of: the pool itself stands in the first. */
static const char *begin_of(const struct pool *pool, const struct pool_block *block)
{
    return block == &pool->first ? (const char *)pool : (const char *)block;
}

static void add_blocks(const struct pool *pool, struct pool_layout *layout)
{
    bool in_use = true, pinned = true;

    for (const struct pool_block *block = &pool->first; block; block = block->next) {
        const char *begin = begin_of(pool, block), *head = (const char *)block;
        size_t size = (size_t)(head - begin) + block->size, used, kept;

        if (!in_use) {
            add_part(layout, POOL_PART_RESERVE, NULL, size, 0, 0);
            continue;
        }
        used = block == pool->current ? (size_t)(pool_trace_cursor(pool) - begin)
                                      : (size_t)(head - begin) + block->used;
        kept = !pinned ? 0 : block == pool->pin_block ? (size_t)(pool->pin_cursor - begin) : used;
        add_part(layout, POOL_PART_BLOCK, NULL, size, used, kept);
        layout->free_bytes += size - used;
        pinned = pinned && block != pool->pin_block;
        in_use = block != pool->current;
    }
}

static size_t add_chunks(struct pool_layout *layout, enum pool_part_kind kind, const struct pool_chunk *chunk)
{
    size_t bytes = 0;

    for (; chunk; chunk = chunk->next) {
        add_part(layout, kind, chunk->purpose, chunk->size, 0, 0);
        if (!layout->more)
            layout->parts[layout->count - 1].start = chunk + 1;
        bytes += chunk->size;
    }
    return bytes;
}

void pool_layout(const struct pool *pool, struct pool_layout *layout)
{
    layout->count = layout->more = 0;
    layout->free_bytes = 0;
    add_blocks(pool, layout);
    layout->large_bytes = add_chunks(layout, POOL_PART_LARGE, pool->larges);
    layout->buffer_bytes = add_chunks(layout, POOL_PART_BUFFER, pool->buffers);
}
