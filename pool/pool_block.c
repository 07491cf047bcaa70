/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocks of a pool: the slow call, the budget, and the reserve that is kept over resets. */
#include "pool/pool_short.h"

#include <errno.h>
#include <string.h>

#include "pool/probe.h"
#include "pool/sysmem.h"
#include "pool/annotate.h"

/* ---- where memory comes from ---- */

static bool pool_from_system(const struct pool *pool)
{
    return !pool->classes || pool_mode() == POOL_PASSTHROUGH;
}

size_t pool_raw_round(const struct pool *pool, size_t size)
{
    return pool_from_system(pool) ? size : sizeclass_round(size);
}

/* A pool without size classes lives as long as a configuration does. */
static enum sysmem_use pool_system_use(const struct pool *pool)
{
    return pool->classes ? SYSMEM_OF_POOLS : SYSMEM_OF_CONFIGURATION;
}

/* From the system, from a span, or from the spare. */
__attribute__((noinline)) static void *pool_raw_get_slow(struct pool *pool, size_t size)
{
    void *p;
    bool was;

    if (!pool_from_system(pool)) {
        int why;

        p = sizeclass_get_slow(pool->classes, size, NULL);
        if (p || !pool->spared)
            return p;
        why = errno;
        p = sizeclass_get_spare(pool->classes, size);
        if (!p)
            errno = why; /* of the budget that led here; the spare's own is nobody's directive */
        return p;
    }
    was = sysmem_use_spare(pool->spared);
    p = sysmem_alloc(pool_system_use(pool), size);
    (void)sysmem_use_spare(was);
    return p;
}

void *pool_raw_get(struct pool *pool, size_t size)
{
    void *p = pool_from_system(pool) ? NULL : sizeclass_get_cached(pool->classes, size, NULL);

    return p ? p : pool_raw_get_slow(pool, size);
}

void pool_raw_put_slow(struct pool *pool, void *p, size_t size)
{
    sysmem_free(pool_system_use(pool), p, size);
}

static _Thread_local struct pool_refusal pool_refused;

void *pool_refuse(struct pool *pool, enum pool_failure why, size_t asked, const char *purpose)
{
    pool->failure = (unsigned)why & 7;
    pool_refused = (struct pool_refusal){why, asked, purpose};
    PROBE2(failure, pool, why);
    if (pool->followed)
        pool_follow_tell(pool, POOL_EVENT_REFUSED, POOL_PIECE_NONE, asked, purpose);
    return NULL;
}

const struct pool_refusal *pool_last_refusal(void)
{
    return &pool_refused;
}

enum pool_failure pool_reason(void)
{
    switch (errno) {
    case EDQUOT:
        return POOL_FAILURE_TOTAL;
    case ENOBUFS:
        return POOL_FAILURE_WORKER;
    default:
        return POOL_FAILURE_SYSTEM;
    }
}

static bool pool_affords(const struct pool *pool, size_t bytes)
{
    return pool->budget == 0 || (pool->held <= pool->budget && bytes <= pool->budget - pool->held);
}

bool pool_charge(struct pool *pool, size_t bytes, const char *purpose)
{
    if (!pool_affords(pool, bytes))
        pool_release_blocks(pool, pool->used); /* the reserve only saves time, so it goes first */
    if (!pool_affords(pool, bytes)) {
        PROBE4(budget__hit, pool, bytes, pool->held, pool->budget);
        pool_refuse(pool, POOL_FAILURE_BUDGET, bytes, purpose);
        return false;
    }
    pool->held += bytes;
    if (pool->held > pool->peak)
        pool->peak = pool->held;
    return true;
}

void pool_uncharge(struct pool *pool, size_t bytes)
{
    pool->held -= bytes;
}

/* ---- blocks ---- */

void pool_set_limit(struct pool *pool)
{
    pool->limit = pool_mode() == POOL_NORMAL ? pool_block_end(pool->current) : pool->cursor;
}

bool pool_is_large(const struct pool *pool, size_t size)
{
    return size > (pool->block_size - sizeof(struct pool_block)) / 2;
}

void *pool_charged(struct pool *pool, size_t size, const char *purpose)
{
    void *p;

    if (!pool_charge(pool, size, purpose))
        return NULL;
    p = pool_raw_get(pool, size);
    if (p)
        return p;
    pool_uncharge(pool, size);
    return pool_refuse(pool, pool_reason(), size, purpose);
}

/* A block that has just been taken. */
static inline void pool_link_block(struct pool *pool, struct pool_block *block, const char *purpose)
{
    block->next = NULL;
    block->size = pool->block_size;
    block->used = 0;
    PROBE3(block__take, pool, block->size, purpose);
    pool->current->next = block;
    pool->chain++;
    pool->purpose = purpose;
}

static inline void pool_enter_block(struct pool *pool, struct pool_block *block)
{
    pool->current->used = (uint32_t)(pool->cursor - (char *)pool->current);
    pool->mark_base += (uint32_t)(uintptr_t)(block + 1) - (uint32_t)(uintptr_t)pool->cursor;
    pool->current = block;
    pool->used++;
    pool->cursor = (char *)(block + 1);
}

static struct pool_block *pool_new_block(struct pool *pool, const char *purpose)
{
    struct pool_block *block = pool_charged(pool, pool->block_size, purpose);

    if (!block)
        return NULL;
    pool_link_block(pool, block, purpose);
    if (pool_mode() == POOL_POISON)
        memset(block + 1, POOL_FILL_FRESH, pool->block_size - sizeof *block);
    if (__builtin_expect(pool->followed, 0))
        pool_follow_block(pool, POOL_EVENT_TAKE, block->size, purpose);
    return block;
}

bool pool_next_block(struct pool *pool, const char *purpose)
{
    struct pool_block *block = pool->current->next;

    if (!block && !(block = pool_new_block(pool, purpose)))
        return false;
    pool_enter_block(pool, block);
    if (mode_watched)
        annotate_free_again(block + 1, block->size - sizeof *block);
    pool_set_limit(pool);
    return true;
}

/* Whether moving on would leave much of this block unused for an allocation that could be large instead. */
static bool pool_would_strand(struct pool *pool, size_t size)
{
    size_t much = pool->block_size / 4;

    return size > much && (size_t)(pool_block_end(pool->current) - pool->cursor) > much;
}

/* The long way of the slow call. */
__attribute__((noinline)) static void *pool_alloc_long(struct pool *pool, size_t size, size_t align,
                                                       const char *purpose)
{
    bool large = pool_is_large(pool, size);

    if (__builtin_expect(pool->traced, 0))
        return pool_trace_alloc(pool, size, align, purpose);
    if (__builtin_expect(pool->hidden, 0))
        return pool_follow_alloc(pool, size, align, purpose);
    pool->slow_calls++;
    if (fault_fires(FAULT_POOL))
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, size, purpose);
    if (pool_mode() == POOL_PASSTHROUGH)
        return pool_large_get(pool, large ? POOL_CHUNK_LARGE : POOL_CHUNK_SMALL, 16, size, purpose);
    if (large)
        return pool_large_get(pool, POOL_CHUNK_LARGE, 16, size, purpose);
    if (pool_mode() == POOL_POISON)
        return pool_guard_alloc(pool, size, purpose);
    if (pool_would_strand(pool, size))
        return pool_large_get(pool, POOL_CHUNK_LARGE, 16, size, purpose);
    if (!pool_next_block(pool, purpose))
        return NULL;
    return align == 1 ? (pool_nalloc)(pool, size, purpose) : (pool_alloc)(pool, size, purpose);
}

/* The block that follows, kept or at hand. */
static inline struct pool_block *pool_block_ready(struct pool *pool, const char *purpose)
{
    struct pool_block *block = pool->current->next;

    if (block || pool->block_size > SIZECLASS_MAX)
        return block;
    block = pool_ready(pool, sizeclass_index(pool->block_size));
    if (block)
        pool_link_block(pool, block, purpose);
    return block;
}

void *pool_alloc_slow(struct pool *pool, size_t size, size_t align, const char *purpose)
{
    struct pool_block *block;

    pool_check_owner(pool);
    if (!pool_is_plain(pool) || pool_is_large(pool, size) || pool_would_strand(pool, size) ||
        !(block = pool_block_ready(pool, purpose)))
        return pool_alloc_long(pool, size, align, purpose);
    pool->slow_calls++;
    pool_enter_block(pool, block);
    pool->limit = pool_block_end(block);
    pool->cursor += size; /* it fits: it would be large otherwise */
    return block + 1;
}

/* Gives back a block and those behind it. */
__attribute__((always_inline)) static inline void pool_put_blocks(struct pool *pool, struct pool_block *block,
                                                                  bool told)
{
    while (block) {
        struct pool_block *next = block->next;
        size_t size = block->size;

        PROBE2(block__return, pool, size);
        pool_uncharge(pool, size);
        if (told)
            pool_follow_block(pool, POOL_EVENT_GIVE, size, NULL);
        pool_raw_put(pool, block, size);
        block = next;
    }
}

__attribute__((noinline, cold)) static void pool_put_followed_blocks(struct pool *pool,
                                                                     struct pool_block *block)
{
    pool_put_blocks(pool, block, true);
}

void pool_release_blocks(struct pool *pool, uint32_t keep)
{
    struct pool_block *last = pool->pin_block, *block;

    for (uint32_t n = 0; n < keep && last->next; n++)
        last = last->next;
    block = last->next;
    last->next = NULL;
    if (pool->chain > keep)
        pool->chain = keep;
    if (__builtin_expect(pool->followed, 0))
        pool_put_followed_blocks(pool, block);
    else
        pool_put_blocks(pool, block, false);
}

/* ---- reset ---- */

/* Poison and annotations for what a reset takes back: the pinned block behind the pin, and all of the later
 * blocks. */
static void pool_rewind_watched(struct pool *pool)
{
    for (struct pool_block *block = pool->pin_block;; block = block->next) {
        char *begin = block == pool->pin_block ? pool->pin_cursor : pool_block_start(pool, block);
        char *end = block == pool->current ? pool->cursor : (char *)block + block->used;
        size_t length = (size_t)(end - begin);
        if (pool_mode() == POOL_POISON) {
            annotate_usable(begin, length);
            memset(begin, POOL_FILL_FREED, length);
        }
        if (block == pool->pin_block) /* the inline path goes on here; pool_next_block() opens the others */
            annotate_free_again(begin, length);
        else
            annotate_unusable_deep(begin, length);
        if (block == pool->current)
            return;
    }
}

#ifdef ANNOTATE_ASAN
/* Replaces kept blocks by others: the old ones wait in the quarantine, so that a use after reset is seen even
 * when the next request has allocated again. The account stays the same. */
static void pool_rotate_reserve(struct pool *pool)
{
    for (struct pool_block *before = pool->pin_block; before->next; before = before->next) {
        struct pool_block *old = before->next;
        struct pool_block *fresh = pool_raw_get(pool, old->size);
        if (!fresh)
            return;
        *fresh = (struct pool_block){.next = old->next, .size = old->size};
        annotate_unusable(fresh + 1, fresh->size - sizeof *fresh);
        before->next = fresh;
        pool_raw_put(pool, old, fresh->size);
    }
}
#endif

void pool_learn(struct pool *pool, uint32_t used)
{
    uint8_t most = (uint8_t)(used < POOL_RESERVE_BLOCKS ? used : POOL_RESERVE_BLOCKS), keep;

    if (most > pool->recent)
        pool->recent = most;
    keep = pool->recent > pool->previous ? pool->recent : pool->previous;
    if (++pool->window == POOL_RESERVE_WINDOW) {
        pool->window = 0;
        pool->previous = pool->recent;
        pool->recent = 0;
    }
    if (pool->chain > keep)
        pool_release_blocks(pool, keep);
}

void pool_rewind(struct pool *pool, bool learn)
{
    uint32_t used = pool->used;

    if (mode_watched || pool_mode() == POOL_POISON)
        pool_rewind_watched(pool);
    pool_to_pin(pool);
    pool_set_limit(pool);
    if (!learn)
        return;
    pool_learn(pool, used);
#ifdef ANNOTATE_ASAN
    pool_rotate_reserve(pool);
#endif
}
