/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: shared by the files of one pool. pool.c (lifetime), pool_block.c (blocks, the slow call),
 *   pool_chunk.c (large ones, buffers), pool_guard.c (red zones of poison mode), pool_cleanup.c,
 *   pool_layout.c, pool_trace.c and pool_follow.c; for pool/ alone. Between any two calls `current` is in the
 *   chain that begins at `first`; `cursor` lies in `current`; behind `pin_block` there are `chain` blocks,
 *   the first `used` of them up to `current`; `held` is the sum of what the pool has taken.
 * Lifetime: the pool's.
 * Threads: the pool's owner.
 * Errors: NULL or false, with the reason kept by pool_refuse().
 */
#ifndef POOL_POOL_INNER_H
#define POOL_POOL_INNER_H

#include <assert.h>

#include "pool/pool.h"
#include "pool/pool_follow.h"

/* In front of a large allocation or a buffer. `tag` is last: pool_free() reads the 8 bytes in front of any
 * pointer. They are always the pool's, since a block's head has 16. */
struct pool_chunk {
    struct pool_chunk *next, *prev; /* newer ones are at `prev`; NULL at the ends */
    void *base;                     /* what the size class or the system gave */
    const char *purpose;
    size_t size; /* of all of it */
    uint64_t tag;
};

_Static_assert(sizeof(struct pool_chunk) == POOL_CHUNK_HEADER, "as the header says");

enum pool_chunk_kind {
    POOL_CHUNK_LARGE,
    POOL_CHUNK_SMALL, /* passthrough: an allocation that other modes would cut from a block */
    POOL_CHUNK_BUFFER
};

static inline void pool_check_owner(const struct pool *pool)
{
    assert(pool->owner == mode_thread_known() && "a pool is used by a thread that does not own it");
    (void)pool;
}

static inline char *pool_block_end(struct pool_block *block)
{
    return (char *)block + block->size;
}

/* The first byte that a block can give; the first block begins inside of struct pool. */
static inline char *pool_block_start(struct pool *pool, struct pool_block *block)
{
    return block == &pool->first ? (char *)(pool + 1) : (char *)(block + 1);
}

/* The request's bytes (pool_mark.h) are counted from the pin on. */
static inline void pool_mark_start(struct pool *pool)
{
    pool->mark_base = (uint32_t)(uintptr_t)pool->pin_cursor;
}

/* pool_block.c: to the system. */
void pool_raw_put_slow(struct pool *pool, void *p, size_t size);

static inline void pool_raw_put(struct pool *pool, void *p, size_t size)
{
    if (!pool->classes || pool_mode() == POOL_PASSTHROUGH)
        pool_raw_put_slow(pool, p, size);
    else
        sizeclass_put(sizeclass_giver(pool->classes, p, size), p, size);
}

/* pool_block.c */
/* Returns NULL; keeps the reason and, for pool_last_refusal(), what was asked. */
void *pool_refuse(struct pool *pool, enum pool_failure why, size_t asked, const char *purpose);
enum pool_failure pool_reason(void); /* from errno, after the system or a sizeclass refused */
bool pool_charge(struct pool *pool, size_t bytes, const char *purpose); /* false: over budget, and refused */
void pool_uncharge(struct pool *pool, size_t bytes);
void *pool_charged(struct pool *pool, size_t size, const char *purpose); /* NULL: refused; rounded already */
void *pool_raw_get(struct pool *pool, size_t size);                      /* `size` is rounded already */
size_t pool_raw_round(const struct pool *pool, size_t size);
bool pool_next_block(struct pool *pool, const char *purpose); /* `current` moves on to an unused block */
void pool_release_blocks(struct pool *pool, uint32_t keep);   /* those behind the first `keep` of the chain */
void pool_rewind(struct pool *pool, bool learn);              /* the blocks' part of a reset */
/* From a request that used so many blocks; what is too many goes. */
void pool_learn(struct pool *pool, uint32_t used);
void pool_set_limit(struct pool *pool); /* after the cursor moved by more than an allocation */
bool pool_is_large(const struct pool *pool, size_t size); /* regardless of the room in the current block */

/* pool_chunk.c: a large one is one of the request's allocations and counts in the mark (pool_mark.h) */
void *pool_large_get(struct pool *pool, enum pool_chunk_kind kind, size_t alignment, size_t size,
                     const char *purpose);
void pool_chunks_free(struct pool *pool, struct pool_chunk **list, struct pool_chunk *until);

/* pool_guard.c: poison mode */
void *pool_guard_alloc(struct pool *pool, size_t size, const char *purpose);
bool pool_guard_resize(struct pool *pool, void *last, size_t old, size_t size);
void pool_guard_check(struct pool *pool); /* every red zone behind the pin */

/* pool_trace.c: what happens in a pool that is traced */
void *pool_trace_alloc(struct pool *pool, size_t size, size_t align, const char *purpose);
void *pool_trace_large_get(struct pool *pool, size_t alignment, size_t size, const char *purpose);
void pool_trace_taken(struct pool *pool, void *buffer); /* by pool_take */
void pool_trace_freed(struct pool *pool, const void *p);
bool pool_trace_resize(struct pool *pool, void *last, size_t old, size_t size);
const char *pool_trace_cursor(const struct pool *pool); /* of any pool */

/* pool_follow.c: what happens in a pool that is followed */
void pool_follow_show(struct pool *pool); /* its cursor, to whatever moves it … */
void pool_follow_hide(struct pool *pool); /* … until it is hidden again, if allocations are told */
void pool_follow_moved(struct pool *pool, enum pool_event_kind kind); /* tells, and hides it */
char *pool_follow_cursor(const struct pool *pool);
void pool_follow_tell(struct pool *pool, enum pool_event_kind kind, enum pool_event_piece piece, size_t bytes,
                      const char *purpose);
__attribute__((noinline, cold)) void pool_follow_block(struct pool *pool, enum pool_event_kind kind,
                                                       size_t bytes, const char *purpose);
void *pool_follow_alloc(struct pool *pool, size_t size, size_t align, const char *purpose);
bool pool_follow_resize(struct pool *pool, void *last, size_t old, size_t size);

/* pool_cleanup.c */
void pool_cleanups_run(struct pool *pool, struct pool_cleanup *until);

#endif
