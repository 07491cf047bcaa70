/* SPDX-License-Identifier: BSD-2-Clause */
/* Poison mode: every allocation cut from a block stands between a head of 16 bytes and a red zone of 16 to
 * 31; walking the block from head to head finds each again. */
#include "pool/pool_inner.h"

#include <string.h>

enum { GUARD_ZONE = 16, GUARD_MAGIC = 0x7fa5a57f };

struct pool_guard {
    uint32_t size; /* of what follows */
    uint32_t magic;
    const char *purpose;
};

_Static_assert(sizeof(struct pool_guard) == 16, "what follows is aligned to 16");

/* Bytes of an allocation of `size` (less than a block) with its head and red zone. */
static size_t guard_span(size_t size)
{
    return sizeof(struct pool_guard) + (size + 15) / 16 * 16 + GUARD_ZONE;
}

static void guard_write(struct pool *pool, char *at, size_t size, size_t filled, const char *purpose)
{
    char *bytes = at + sizeof(struct pool_guard), *end = at + guard_span(size);

    annotate_usable(at, (size_t)(end - at));
    *(struct pool_guard *)(void *)at = (struct pool_guard){(uint32_t)size, GUARD_MAGIC, purpose};
    if (size > filled)
        memset(bytes + filled, POOL_FILL_FRESH, size - filled);
    memset(bytes + size, POOL_FILL_GUARD, (size_t)(end - bytes) - size);
    annotate_unusable(at, sizeof(struct pool_guard));
    annotate_unusable(bytes + size, (size_t)(end - bytes) - size);
    pool->cursor = end;
    pool_set_limit(pool);
}

void *pool_guard_alloc(struct pool *pool, size_t size, const char *purpose)
{
    size_t span = guard_span(size);
    char *at;

    if (span > (size_t)(pool_block_end(pool->current) - pool->cursor) && !pool_next_block(pool, purpose))
        return NULL;
    at = pool->cursor;
    guard_write(pool, at, size, 0, purpose);
    return at + sizeof(struct pool_guard);
}

static void guard_check(char *at)
{
    struct pool_guard *guard = (struct pool_guard *)(void *)at;
    char *bytes = at + sizeof *guard, *end;

    annotate_usable(at, sizeof *guard);
    if (guard->magic != GUARD_MAGIC)
        mode_defect("a pool's memory was written in front of an allocation", NULL, bytes);
    end = at + guard_span(guard->size);
    annotate_usable(bytes, (size_t)(end - bytes));
    for (char *p = bytes + guard->size; p < end; p++)
        if ((unsigned char)*p != POOL_FILL_GUARD)
            mode_defect("a pool's memory was written behind an allocation", guard->purpose, p);
}

bool pool_guard_resize(struct pool *pool, void *last, size_t old, size_t size)
{
    char *at = (char *)last - sizeof(struct pool_guard);
    char *least = pool->current == pool->pin_block ? pool->pin_cursor : (char *)(pool->current + 1);
    struct pool_guard guard;

    if (at < least || at >= pool->cursor || old > pool->block_size || at + guard_span(old) != pool->cursor)
        return false;
    if (size > pool->block_size || guard_span(size) > (size_t)(pool_block_end(pool->current) - at))
        return false;
    annotate_usable(at, sizeof(struct pool_guard));
    guard = *(struct pool_guard *)(void *)at;
    if (guard.magic != GUARD_MAGIC || guard.size != old) {
        annotate_unusable(at, sizeof(struct pool_guard));
        return false;
    }
    guard_check(at);
    if (size < old)
        memset(at + sizeof(struct pool_guard) + size, POOL_FILL_FREED, old - size);
    guard_write(pool, at, size, old, guard.purpose);
    if (size == 0) { /* as without guards, the allocation before it is the last one again */
        pool->cursor = at;
        pool_set_limit(pool);
    }
    return true;
}

void pool_guard_check(struct pool *pool)
{
    for (struct pool_block *block = pool->pin_block;; block = block->next) {
        bool current = block == pool->current;
        char *at = block == pool->pin_block ? pool->pin_cursor : pool_block_start(pool, block);
        char *end = current ? pool->cursor : (char *)block + block->used;
        while (at < end) {
            guard_check(at);
            at += guard_span(((struct pool_guard *)(void *)at)->size);
        }
        if (current)
            return;
    }
}
