/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the struct behind pool/pool.h and the two bodies that are inlined. Included by pool.h alone; only
 *   pool/ may look into the struct. The fast path needs one comparison because `limit` is a multiple of 16
 *   and never below `cursor`: aligning the cursor cannot step past it, and the difference cannot underflow.
 *   In poison and passthrough mode `limit` equals the (aligned) cursor, so that every allocation of a byte or
 *   more takes the slow call.
 * Lifetime: see pool.h.
 * Threads: the pool's owner.
 * Errors: NULL, from the slow call alone.
 */
#ifndef POOL_POOL_INLINE_H
#define POOL_POOL_INLINE_H

#include "pool/annotate.h"
#include "pool/pool.h"

/* Head of every block. The blocks of a pool form one chain: in use up to `current`, kept ones behind it. */
struct pool_block {
    struct pool_block *next;
    uint32_t size; /* of the whole block, a multiple of 16 */
    uint32_t used; /* offset reached when the block was left for the next one: the rest is stranded */
};

struct pool_cleanup {
    struct pool_cleanup *next;
    void (*handler)(void *); /* NULL: has run */
    void *data;
};

struct pool {
    char *cursor; /* the next free byte */
    char *limit;
    struct pool_block first; /* the block that this struct stands in; `next` is the second block */
    struct pool_block *current;
    struct pool_cleanup *cleanups; /* newest first, as are the next two */
    struct pool_chunk *larges;
    struct pool_chunk *buffers;

    /* A reset goes back to this state. */
    char *pin_cursor;
    struct pool_block *pin_block;
    struct pool_cleanup *pin_cleanups;
    struct pool_chunk *pin_larges;

    /* Set once. */
    struct sizeclass *classes;
    const char *name;
    size_t budget;
    uint32_t owner; /* mode_thread() */
    uint32_t block_size;

    /* Accounts, and what the reserve has learnt from recent requests. */
    uint32_t used;  /* blocks in use behind pin_block */
    uint32_t chain; /* blocks behind pin_block, used or kept */
    uint32_t resets;
    uint32_t slow_calls;
    size_t held;
    size_t peak;
    const char *purpose;
    /* Low half of the address where the request would begin if it were contiguous: pool_mark.h. */
    uint32_t mark_base;
    uint8_t failure : 3;  /* enum pool_failure */
    uint8_t traced : 1;   /* pool_trace.h */
    uint8_t spared : 1;   /* pool_set_spared() */
    uint8_t followed : 1; /* pool_follow.h … */
    uint8_t hidden : 1;   /* … and a follower keeps the cursor */
    uint8_t apart : 1;    /* no size classes, or those have hooks, or another mode: it goes no short way */
    uint8_t recent;       /* most blocks a request of this window used, POOL_RESERVE_BLOCKS at most */
    uint8_t previous;     /* the same of the window before */
    uint8_t window;       /* resets in this window that kept a reserve */
};

_Static_assert(sizeof(struct pool) <= POOL_HEADER_MAX, "a connection's first block is 512 bytes");
_Static_assert(sizeof(struct pool) % 16 == 0 && sizeof(struct pool_block) == 16,
               "what follows is aligned to 16");

/* Called when the comparison fails. `align` is 16 or 1. */
void *pool_alloc_slow(struct pool *pool, size_t size, size_t align, const char *purpose);

static inline void *pool_alloc(struct pool *pool, size_t size, const char *purpose)
{
    char *p = pool->cursor + (-(uintptr_t)pool->cursor & 15);

    if (__builtin_expect(size > (size_t)(pool->limit - p), 0))
        return pool_alloc_slow(pool, size, 16, purpose);
    pool->cursor = p + size;
    annotate_usable(p, size);
    return p;
}

static inline void *pool_nalloc(struct pool *pool, size_t size, const char *purpose)
{
    char *p = pool->cursor;

    if (__builtin_expect(size > (size_t)(pool->limit - p), 0))
        return pool_alloc_slow(pool, size, 1, purpose);
    pool->cursor = p + size;
    annotate_usable(p, size);
    return p;
}

/* A purpose is a literal; behind its NUL stands the line of source that asked, for pool_trace.h. A function
 * that passes on its caller's purpose calls (pool_alloc)(…). */
#define POOL_TEXT_OF(x)    #x
#define POOL_TEXT(x)       POOL_TEXT_OF(x)
#define POOL_HERE(purpose) (purpose "\0" __FILE__ ":" POOL_TEXT(__LINE__))

#define pool_alloc(pool, size, purpose)        (pool_alloc)((pool), (size), POOL_HERE(purpose))
#define pool_nalloc(pool, size, purpose)       (pool_nalloc)((pool), (size), POOL_HERE(purpose))
#define pool_calloc(pool, size, purpose)       (pool_calloc)((pool), (size), POOL_HERE(purpose))
#define pool_array(pool, count, size, purpose) (pool_array)((pool), (count), (size), POOL_HERE(purpose))
#define pool_strndup(pool, bytes, length, purpose)                                                           \
    (pool_strndup)((pool), (bytes), (length), POOL_HERE(purpose))
#define pool_memalign(pool, alignment, size, purpose)                                                        \
    (pool_memalign)((pool), (alignment), (size), POOL_HERE(purpose))
#define pool_take(pool, size, capacity, purpose) (pool_take)((pool), (size), (capacity), POOL_HERE(purpose))

#endif
