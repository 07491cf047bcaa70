/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocations with a block to themselves: large ones, buffers, in passthrough mode all; and the figures. */
#include "pool/pool_short.h"

#include <errno.h>
#include <string.h>

#include "pool/probe.h"
#include "pool/annotate.h"

/* No other bytes have this value by chance or by a peer's intent: it depends on the load address. */
UNGUARDED static uint64_t pool_chunk_tag(const struct pool *pool, const void *p, enum pool_chunk_kind kind)
{
    static const char secret;

    return (uint64_t)(uintptr_t)p ^ ((uint64_t)(uintptr_t)pool << 20) ^ ((uint64_t)(uintptr_t)&secret + kind);
}

/* To the checkers, the bytes in front of a small allocation may be unusable or undefined. */
UNGUARDED __attribute__((no_sanitize("address"), noinline)) static uint64_t pool_chunk_read_tag(const void *p)
{
    uint64_t tag = ((const uint64_t *)p)[-1];

    if (mode_watched)
        annotate_defined(&tag, sizeof tag);
    return tag;
}

UNGUARDED static bool pool_chunk_is(const struct pool *pool, const void *p, enum pool_chunk_kind kind)
{
    return p && (uintptr_t)p % 16 == 0 && pool_chunk_read_tag(p) == pool_chunk_tag(pool, p, kind);
}

/* The pool is traced or followed, and has taken a chunk. */
__attribute__((noinline, cold)) static void *pool_chunk_told(struct pool *pool, enum pool_chunk_kind kind,
                                                             void *p)
{
    const struct pool_chunk *chunk = (const struct pool_chunk *)p - 1;

    if (pool->traced)
        pool_trace_taken(pool, p);
    pool_follow_tell(pool, POOL_EVENT_TAKE, kind == POOL_CHUNK_BUFFER ? POOL_PIECE_BUFFER : POOL_PIECE_LARGE,
                     chunk->size, chunk->purpose);
    return p;
}

/* Puts a chunk at the head of its list, in front of `p`, which lies in the `total` bytes at `base`. */
__attribute__((always_inline)) static inline void pool_chunk_link(struct pool *pool,
                                                                  enum pool_chunk_kind kind, char *p,
                                                                  char *base, size_t total,
                                                                  const char *purpose)
{
    struct pool_chunk *chunk = (struct pool_chunk *)(void *)p - 1;
    struct pool_chunk **list = kind == POOL_CHUNK_BUFFER ? &pool->buffers : &pool->larges, *next = *list;

    chunk->next = next;
    chunk->prev = NULL;
    chunk->base = base;
    chunk->purpose = purpose;
    chunk->size = total;
    chunk->tag = pool_chunk_tag(pool, p, kind);
    if (next)
        next->prev = chunk;
    *list = chunk;
    pool->purpose = purpose;
    PROBE4(large__take, pool, total, purpose, kind);
}

/* Takes a chunk; what the caller gets is aligned inside it. */
__attribute__((noinline)) static void *pool_chunk_get(struct pool *pool, enum pool_chunk_kind kind,
                                                      size_t alignment, size_t size, const char *purpose)
{
    size_t extra = sizeof(struct pool_chunk) + alignment - 16, total;
    char *base = NULL, *p;

    if (size > PTRDIFF_MAX - extra)
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, size, purpose);
    total = pool_raw_round(pool, size + extra);
    if (total <= SIZECLASS_MAX && pool_is_plain(pool))
        base = pool_ready(pool, sizeclass_index(total));
    if (!base && !(base = pool_charged(pool, total, purpose)))
        return NULL;
    p = base + sizeof(struct pool_chunk);
    p += -(uintptr_t)p & (alignment - 1);
    pool_chunk_link(pool, kind, p, base, total, purpose);
    if (kind != POOL_CHUNK_BUFFER)
        annotate_unusable(p + size, (size_t)(base + total - p) - size);
    if (__builtin_expect(pool->traced || pool->followed, 0))
        return pool_chunk_told(pool, kind, p);
    return p;
}

void *pool_large_get(struct pool *pool, enum pool_chunk_kind kind, size_t alignment, size_t size,
                     const char *purpose)
{
    void *p = pool_chunk_get(pool, kind, alignment, size, purpose);

    if (p)
        pool->mark_base -=
            (uint32_t)(kind == POOL_CHUNK_LARGE && pool_is_large(pool, size) ? 2 * size : size);
    return p;
}

__attribute__((always_inline)) static inline void pool_chunk_unlink(struct pool *pool,
                                                                    struct pool_chunk **list,
                                                                    struct pool_chunk *chunk)
{
    struct pool_chunk *next = chunk->next, *prev = chunk->prev;

    if (next)
        next->prev = prev;
    *(prev ? &prev->next : list) = next;
    PROBE3(large__return, pool, chunk->size, chunk->purpose);
    chunk->tag = 0; /* a second free finds nothing */
}

__attribute__((noinline)) static void pool_chunk_free(struct pool *pool, struct pool_chunk **list,
                                                      struct pool_chunk *chunk)
{
    if (__builtin_expect(pool->traced, 0))
        pool_trace_freed(pool, chunk + 1);
    if (pool->pin_larges == chunk)
        pool->pin_larges = chunk->next;
    pool_chunk_unlink(pool, list, chunk);
    pool_uncharge(pool, chunk->size);
    if (__builtin_expect(pool->followed, 0))
        pool_follow_tell(pool, POOL_EVENT_GIVE, list == &pool->buffers ? POOL_PIECE_BUFFER : POOL_PIECE_LARGE,
                         chunk->size, chunk->purpose);
    pool_raw_put(pool, chunk->base, chunk->size);
}

void pool_chunks_free(struct pool *pool, struct pool_chunk **list, struct pool_chunk *until)
{
    while (*list && *list != until)
        pool_chunk_free(pool, list, *list);
}

void *(pool_memalign)(struct pool *pool, size_t alignment, size_t size, const char *purpose)
{
    assert(alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment <= SIZECLASS_MAX);
    pool_check_owner(pool);
    pool->slow_calls++;
    if (fault_fires(FAULT_POOL))
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, size, purpose);
    if (pool->traced)
        return pool_trace_large_get(pool, alignment < 16 ? 16 : alignment, size, purpose);
    return pool_large_get(pool, POOL_CHUNK_LARGE, alignment < 16 ? 16 : alignment, size, purpose);
}

int pool_free(struct pool *pool, void *p)
{
    pool_check_owner(pool);
    if (!pool_chunk_is(pool, p, POOL_CHUNK_LARGE))
        return -ENOENT;
    pool_chunk_free(pool, &pool->larges, (struct pool_chunk *)p - 1);
    return 0;
}

/* The long way of pool_take. */
__attribute__((noinline)) static void *pool_take_long(struct pool *pool, size_t size, size_t *capacity,
                                                      const char *purpose)
{
    void *p;

    if (fault_fires(FAULT_POOL))
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, size, purpose);
    p = pool_chunk_get(pool, POOL_CHUNK_BUFFER, 16, size, purpose);
    if (p && capacity)
        *capacity = ((struct pool_chunk *)p - 1)->size - sizeof(struct pool_chunk);
    return p;
}

void *(pool_take)(struct pool *pool, size_t size, size_t *capacity, const char *purpose)
{
    unsigned index;
    size_t total;
    char *base;

    pool_check_owner(pool);
    pool->slow_calls++;
    if (!pool_is_plain(pool) || size > SIZECLASS_MAX - sizeof(struct pool_chunk))
        return pool_take_long(pool, size, capacity, purpose);
    index = sizeclass_index(size + sizeof(struct pool_chunk));
    total = sizeclass_sizes[index];
    base = pool_ready(pool, index);
    if (!base)
        return pool_take_long(pool, size, capacity, purpose);
    pool_chunk_link(pool, POOL_CHUNK_BUFFER, base + sizeof(struct pool_chunk), base, total, purpose);
    if (capacity)
        *capacity = total - sizeof(struct pool_chunk);
    return base + sizeof(struct pool_chunk);
}

/* The long way of pool_put. */
__attribute__((noinline)) static void pool_put_long(struct pool *pool, void *buffer)
{
    if (!pool_chunk_is(pool, buffer, POOL_CHUNK_BUFFER))
        mode_defect("pool_put of a pointer that is not a buffer of this pool", pool->name, buffer);
    pool_chunk_free(pool, &pool->buffers, (struct pool_chunk *)buffer - 1);
}

void pool_put(struct pool *pool, void *buffer)
{
    struct pool_chunk *chunk;
    size_t size;
    void *base;

    if (!buffer)
        return;
    pool_check_owner(pool);
    chunk = (struct pool_chunk *)buffer - 1;
    if (!pool_is_plain(pool) || (uintptr_t)buffer % 16 ||
        chunk->tag != pool_chunk_tag(pool, buffer, POOL_CHUNK_BUFFER)) {
        pool_put_long(pool, buffer);
        return;
    }
    pool_chunk_unlink(pool, &pool->buffers, chunk);
    base = chunk->base;
    size = chunk->size;
    if (pool_keep_ready(pool, base, size))
        return;
    pool_uncharge(pool, size);
    pool_raw_put(pool, base, size);
}

/* ---- looking in ---- */

static bool pool_chunks_own(const struct pool_chunk *chunk, uintptr_t at)
{
    for (; chunk; chunk = chunk->next) {
        uintptr_t begin = (uintptr_t)(chunk + 1), end = (uintptr_t)chunk->base + chunk->size;
        if (at >= begin && at < end)
            return true;
    }
    return false;
}

bool pool_owns(const struct pool *pool, const void *p)
{
    uintptr_t at = (uintptr_t)p;

    for (const struct pool_block *block = &pool->first;; block = block->next) {
        uintptr_t begin = block == &pool->first ? (uintptr_t)(pool + 1) : (uintptr_t)(block + 1);
        uintptr_t end =
            block == pool->current ? (uintptr_t)pool_trace_cursor(pool) : (uintptr_t)block + block->used;
        if (at >= begin && at < end)
            return true;
        if (block == pool->current)
            break;
    }
    return pool_chunks_own(pool->larges, at) || pool_chunks_own(pool->buffers, at);
}

static uint32_t pool_chunks_count(const struct pool *pool, const struct pool_chunk *chunk)
{
    uint32_t count = 0;

    for (; chunk; chunk = chunk->next)
        count += chunk->tag != pool_chunk_tag(pool, chunk + 1, POOL_CHUNK_SMALL);
    return count;
}

void pool_stats(const struct pool *pool, struct pool_stats *stats)
{
    *stats = (struct pool_stats){
        .name = pool->name,
        .held_bytes = pool->held,
        .peak_bytes = pool->peak,
        .budget_bytes = pool->budget,
        .reserve = pool->chain - pool->used,
        .larges = pool_chunks_count(pool, pool->larges),
        .buffers = pool_chunks_count(pool, pool->buffers),
        .resets = pool->resets,
        .slow_calls = pool->slow_calls,
        .failure = pool_failure(pool),
        .purpose = pool->purpose,
    };
    for (const struct pool_block *block = &pool->first;; block = block->next) {
        uintptr_t begin = block == &pool->first ? (uintptr_t)(pool + 1) : (uintptr_t)(block + 1);
        bool last = block == pool->current;
        uintptr_t end = last ? (uintptr_t)pool_trace_cursor(pool) : (uintptr_t)block + block->used;
        stats->blocks++;
        if (block == pool->pin_block)
            stats->pinned_bytes = stats->used_bytes + ((uintptr_t)pool->pin_cursor - begin);
        stats->used_bytes += end - begin;
        if (last)
            return;
        stats->stranded_bytes += block->size - block->used;
    }
}
