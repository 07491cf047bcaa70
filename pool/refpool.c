/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted blocks, and the slots by which a chunk names its block. */
#include "pool/refpool.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "pool/annotate.h"
#include "pool/pool.h"

enum {
    CHUNK_ALIGNMENT = 16,
    INLINE_SLOTS = 4, /* an echo connection holds two or three blocks while its client reads */
    NO_SLOT = UINT32_MAX
};

/* At the start of each block; the chunks follow. */
struct refpool_block {
    alignas(CHUNK_ALIGNMENT) size_t capacity; /* bytes for chunks */
    size_t used;                              /* of them handed out, a multiple of CHUNK_ALIGNMENT */
    size_t live;                              /* chunks not freed */
    uint32_t slot;
};

/* A chunk names its block by a slot: slots stay when blocks go, so a late free reads only live memory. */
struct refpool_slot {
    struct refpool_block *block; /* null: free */
    uint32_t generation;         /* one more whenever the chunks of the block die together */
    uint32_t next_free;          /* NO_SLOT ends */
};

struct refpool {
    struct pool *parent;           /* set once */
    size_t block_size;             /* set once */
    struct refpool_block *current; /* chunks are cut from it; null: none yet */
    struct refpool_slot *slots;
    uint32_t slot_count;
    uint32_t free_slot;
    uint64_t rewinds, large, late_frees;
    struct refpool_slot inline_slots[INLINE_SLOTS];
};

static char *bytes_of(struct refpool_block *block)
{
    return (char *)(block + 1);
}

/* Links slots [first, slot_count) as free ones, the lowest first. */
static void add_free_slots(struct refpool *refpool, uint32_t first)
{
    for (uint32_t i = refpool->slot_count; i-- > first;) {
        refpool->slots[i] = (struct refpool_slot){.next_free = refpool->free_slot};
        refpool->free_slot = i;
    }
}

struct refpool *refpool_create(struct pool *parent, size_t block_size)
{
    struct refpool *refpool;

    assert(block_size >= 256);
    refpool = pool_calloc(parent, sizeof *refpool, "refpool");
    if (!refpool)
        return NULL;
    refpool->parent = parent;
    refpool->block_size = block_size;
    refpool->slots = refpool->inline_slots;
    refpool->slot_count = INLINE_SLOTS;
    refpool->free_slot = NO_SLOT;
    add_free_slots(refpool, 0);
    return refpool;
}

static bool more_slots(struct refpool *refpool)
{
    uint32_t count = refpool->slot_count;
    struct refpool_slot *slots;
    size_t capacity;

    if (count > UINT32_MAX / 4)
        return false;
    slots = pool_take(refpool->parent, (size_t)count * 2 * sizeof *slots, &capacity, "refpool slots");
    if (!slots)
        return false;
    memcpy(slots, refpool->slots, count * sizeof *slots);
    if (refpool->slots != refpool->inline_slots)
        pool_put(refpool->parent, refpool->slots);
    refpool->slots = slots;
    refpool->slot_count = count * 2;
    add_free_slots(refpool, count);
    return true;
}

/* A block with room for `size` bytes at least; NULL: refused. */
static struct refpool_block *take_block(struct refpool *refpool, size_t size)
{
    struct refpool_block *block;
    size_t capacity;
    uint32_t slot;

    if (refpool->free_slot == NO_SLOT && !more_slots(refpool))
        return NULL;
    block = pool_take(refpool->parent, sizeof *block + size, &capacity, "refpool block");
    if (!block)
        return NULL;
    slot = refpool->free_slot;
    refpool->free_slot = refpool->slots[slot].next_free;
    refpool->slots[slot].block = block;
    block->capacity = (capacity - sizeof *block) & ~(size_t)(CHUNK_ALIGNMENT - 1);
    block->used = 0;
    block->live = 0;
    block->slot = slot;
    annotate_unusable_deep(bytes_of(block), block->capacity);
    return block;
}

/* Every chunk of the block is dead. */
static void rewind_block(struct refpool *refpool, struct refpool_block *block)
{
    refpool->slots[block->slot].generation++;
    if (pool_mode() == POOL_POISON) {
        annotate_usable_deep(bytes_of(block), block->used);
        memset(bytes_of(block), POOL_FILL_FREED, block->used);
    }
    annotate_unusable_deep(bytes_of(block), block->capacity);
    block->used = 0;
    block->live = 0;
}

static void put_block(struct refpool *refpool, struct refpool_block *block)
{
    struct refpool_slot *slot = &refpool->slots[block->slot];

    slot->generation++;
    slot->block = NULL;
    slot->next_free = refpool->free_slot;
    refpool->free_slot = block->slot;
    if (refpool->current == block)
        refpool->current = NULL;
    annotate_usable_deep(bytes_of(block), block->capacity);
    pool_put(refpool->parent, block);
}

static void *cut(struct refpool *refpool, struct refpool_block *block, size_t size, size_t rounded,
                 struct refpool_chunk *chunk)
{
    chunk->bytes = bytes_of(block) + block->used;
    chunk->slot = block->slot;
    chunk->generation = refpool->slots[block->slot].generation;
    block->used += rounded;
    block->live++;
    annotate_usable_deep(chunk->bytes, size);
    return chunk->bytes;
}

static size_t round_up(size_t size) /* at most SIZE_MAX - CHUNK_ALIGNMENT */
{
    return (size + CHUNK_ALIGNMENT - 1) & ~(size_t)(CHUNK_ALIGNMENT - 1);
}

size_t refpool_room(const struct refpool *refpool)
{
    return refpool->current ? refpool->current->capacity - refpool->current->used : 0;
}

void *refpool_alloc(struct refpool *refpool, size_t size, struct refpool_chunk *chunk)
{
    size_t block_bytes = refpool->block_size - POOL_CHUNK_HEADER - sizeof(struct refpool_block);
    size_t rounded;
    struct refpool_block *block;
    bool large;

    if (size > SIZE_MAX / 2)
        return NULL;
    rounded = size != 0 ? round_up(size) : CHUNK_ALIGNMENT;
    large = rounded > block_bytes / 2 || pool_mode() == POOL_PASSTHROUGH;
    if (rounded <= refpool_room(refpool))
        return cut(refpool, refpool->current, size, rounded, chunk);
    block = take_block(refpool, large ? rounded : block_bytes);
    if (!block)
        return NULL;
    /* The previous block has a live chunk, otherwise it would have been rewound. It goes back with its last
     * chunk. */
    if (!large)
        refpool->current = block;
    refpool->large += large;
    return cut(refpool, block, size, rounded, chunk);
}

/* The block of a live chunk; NULL: the chunk is dead. */
static struct refpool_block *block_of(const struct refpool *refpool, const struct refpool_chunk *chunk)
{
    if (chunk->slot >= refpool->slot_count || refpool->slots[chunk->slot].generation != chunk->generation)
        return NULL;
    return refpool->slots[chunk->slot].block;
}

bool refpool_give_back(struct refpool *refpool, const struct refpool_chunk *chunk, size_t size, size_t keep)
{
    struct refpool_block *block = block_of(refpool, chunk);
    size_t rounded = size != 0 ? round_up(size) : CHUNK_ALIGNMENT;
    char *start = chunk->bytes;

    assert(keep <= size);
    if (!block || block != refpool->current || start + rounded != bytes_of(block) + block->used)
        return false;
    annotate_unusable_deep(start + keep, rounded - keep);
    block->used -= rounded - round_up(keep);
    return true;
}

int refpool_free(struct refpool *refpool, const struct refpool_chunk *chunk)
{
    struct refpool_block *block = block_of(refpool, chunk);

    if (!block) {
        refpool->late_frees++;
        return -ESTALE;
    }
    if (--block->live != 0)
        return 0;
    if (block == refpool->current) {
        rewind_block(refpool, block);
        refpool->rewinds++;
    } else {
        put_block(refpool, block);
    }
    return 0;
}

void refpool_reset(struct refpool *refpool)
{
    for (uint32_t i = 0; i < refpool->slot_count; i++) {
        struct refpool_block *block = refpool->slots[i].block;

        if (!block)
            continue;
        if (block == refpool->current)
            rewind_block(refpool, block);
        else
            put_block(refpool, block);
    }
}

void refpool_idle(struct refpool *refpool)
{
    if (refpool->current && refpool->current->live == 0)
        put_block(refpool, refpool->current);
}

void refpool_destroy(struct refpool *refpool)
{
    refpool_reset(refpool);
    refpool_idle(refpool);
    if (refpool->slots != refpool->inline_slots)
        pool_put(refpool->parent, refpool->slots);
}

bool refpool_filled(const struct refpool *refpool, const void *block, size_t *bytes)
{
    for (uint32_t i = 0; i < refpool->slot_count; i++)
        if (block && refpool->slots[i].block == block) {
            *bytes = sizeof(struct refpool_block) + refpool->slots[i].block->used;
            return true;
        }
    return false;
}

void refpool_stats(const struct refpool *refpool, struct refpool_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    for (uint32_t i = 0; i < refpool->slot_count; i++) {
        const struct refpool_block *block = refpool->slots[i].block;

        if (!block)
            continue;
        stats->blocks++;
        stats->live_chunks += block->live;
        stats->held_bytes += block->capacity;
        if (block != refpool->current) {
            stats->pinned_bytes += block->capacity;
            stats->stranded_bytes += block->capacity - block->used;
        }
    }
    stats->rewinds = refpool->rewinds;
    stats->large = refpool->large;
    stats->late_frees = refpool->late_frees;
}
