/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: chunks cut from counted blocks (source document 2), for memory whose parts end at different times.
 *   A block counts the chunks that are alive in it. When the count falls to zero the current block is
 *   rewound, and any other goes back to the pool it was taken from. Echo cuts what it receives from here and
 *   frees each chunk when it has been sent. A request above half a block that the current block has no room
 *   for gets a block to itself, so it keeps no other memory alive. Chunks are aligned to 16. To receive, ask
 *   for refpool_room() if that is enough, else for as much as is wanted (up to half a block); receive into
 *   the chunk, then give back its unused tail with refpool_give_back().
 * Lifetime: a refpool stands in its parent pool (allocated before the pin, or it dies at the reset) and takes
 *   its blocks from there: they count in the connection's budget, and the parent's destroy gives back what is
 *   left. A chunk lives until it is freed, or until the refpool is reset or destroyed.
 * Threads: the parent's owner alone.
 * Errors: NULL when the parent refuses a block (pool_failure() tells why). A chunk names its block by a slot
 *   and the slot's generation, never by a pointer: a free after a reset, or after the block was rewound or
 *   went back, is refused with -ESTALE and counted; no block's count changes. (A second free while the block
 *   holds other chunks cannot be told from a first one.)
 */
#ifndef POOL_REFPOOL_H
#define POOL_REFPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct refpool;

/* A handle, to be copied at will. */
struct refpool_chunk {
    void *bytes;
    uint32_t slot;
    uint32_t generation;
};

struct refpool_stats {
    size_t blocks;         /* held now */
    size_t held_bytes;     /* in them */
    size_t pinned_bytes;   /* of them: in blocks other than the current one, kept by a chunk that is alive */
    size_t stranded_bytes; /* of the pinned ones: never handed out, behind the last chunk */
    size_t live_chunks;
    uint64_t rewinds;    /* of the current block */
    uint64_t large;      /* requests that got a block to themselves */
    uint64_t late_frees; /* refused */
};

/* `block_size`: bytes of a block, headers included, for pool_take(); 256 at least. NULL: no memory. */
struct refpool *refpool_create(struct pool *parent, size_t block_size);
void refpool_destroy(struct refpool *refpool); /* blocks go back; the struct itself goes with the parent */

/* Returns chunk->bytes, or NULL (chunk untouched). `size` may be 0. */
void *refpool_alloc(struct refpool *refpool, size_t size, struct refpool_chunk *chunk);

/* Bytes that the next allocation can have without a new block. */
size_t refpool_room(const struct refpool *refpool);

/* Keeps the first `keep` of `size` bytes of the last allocation. False: it is not the last, or has a block of
 * its own; all of it stays. */
bool refpool_give_back(struct refpool *refpool, const struct refpool_chunk *chunk, size_t size, size_t keep);

int refpool_free(struct refpool *refpool, const struct refpool_chunk *chunk); /* 0 or -ESTALE */

void refpool_reset(struct refpool *refpool); /* every chunk is dead; the current block stays */
void refpool_idle(struct refpool *refpool);  /* the current block goes back too, if nothing lives in it */

/* Whether `block` (what pool_take gave) is one of its blocks; then *bytes of it are used, with its head. */
bool refpool_filled(const struct refpool *refpool, const void *block, size_t *bytes);

void refpool_stats(const struct refpool *refpool, struct refpool_stats *stats);

#endif
