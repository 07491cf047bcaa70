/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a pool: create, pin, reset, idle, destroy; and the functions that allocate by the two inline
 * ones. */
#include "pool/pool_short.h"

#include <errno.h>
#include <string.h>

#include "pool/pool_mark.h"
#include "pool/probe.h"
#include "pool/annotate.h"

enum { POOL_BLOCK_DEFAULT = 4096, POOL_BLOCK_MOST = 1024 * 1024 * 1024 };

/* The real size of a block for which `size` is asked; at least `least`. */
static size_t pool_size_of(const struct pool *pool, size_t size, size_t least)
{
    size = (size < least ? least : size) + 15;
    size -= size % 16; /* `limit` is a multiple of 16 */
    return pool_raw_round(pool, size);
}

struct pool *pool_create(const struct pool_options *options)
{
    /* The part of a pool that is needed to take the block that the pool will stand in. */
    struct pool outline = {.classes = options->classes, .spared = options->spared}, *pool;
    size_t block_size = options->block_size != 0 ? options->block_size : POOL_BLOCK_DEFAULT;
    size_t first_size = pool_size_of(&outline, options->first_size, POOL_FIRST_MIN);

    if (options->first_size > POOL_BLOCK_MOST || block_size > POOL_BLOCK_MOST) {
        errno = EINVAL;
        return NULL;
    }
    if (fault_fires(FAULT_POOL)) {
        errno = ENOMEM;
        return pool_refuse(&outline, POOL_FAILURE_SYSTEM, options->first_size, options->name);
    }
    pool = pool_raw_get(&outline, first_size);
    if (!pool)
        return pool_refuse(&outline, pool_reason(), first_size, options->name);

    *pool = (struct pool){
        .cursor = (char *)(pool + 1),
        .current = &pool->first,
        .classes = options->classes,
        .name = options->name,
        .budget = options->budget,
        .owner = mode_thread(),
        .block_size = (uint32_t)pool_size_of(&outline, block_size, POOL_BLOCK_MIN),
        .held = first_size,
        .peak = first_size,
        .spared = options->spared,
        .apart = !options->classes || options->classes->hooks || pool_mode() != POOL_NORMAL,
    };
    /* Counted from the embedded head, so that the end of every block is found alike. */
    pool->first.size = (uint32_t)(first_size - offsetof(struct pool, first));
    if (pool_mode() == POOL_POISON)
        memset(pool->cursor, POOL_FILL_FRESH, first_size - sizeof *pool);
    annotate_unusable(pool->cursor, first_size - sizeof *pool);
    pool_pin(pool);
    mode_pools(+1);
    PROBE3(pool__create, pool, pool->name, first_size);
    return pool;
}

void pool_destroy(struct pool *pool)
{
    struct pool outline;

    if (!pool)
        return;
    pool_check_owner(pool);
    PROBE3(pool__destroy, pool, pool->peak, pool->resets);
    pool_follow_show(pool);
    pool_cleanups_run(pool, NULL);
    pool->pin_block = &pool->first;
    pool->pin_cursor = (char *)(pool + 1);
    if (pool_mode() == POOL_POISON)
        pool_guard_check(pool);
    pool_chunks_free(pool, &pool->larges, NULL);
    pool_chunks_free(pool, &pool->buffers, NULL);
    pool_release_blocks(pool, 0);
    if (__builtin_expect(pool->followed, 0))
        pool_follow_tell(pool, POOL_EVENT_DESTROY, POOL_PIECE_NONE, 0, NULL);
    outline = (struct pool){.classes = pool->classes};
    pool_raw_put(&outline, pool, pool->first.size + offsetof(struct pool, first));
    mode_pools(-1);
}

void pool_pin(struct pool *pool)
{
    pool_check_owner(pool);
    pool_follow_show(pool);
    pool->cursor += -(uintptr_t)pool->cursor & 15; /* cannot pass the block's end, a multiple of 16 */
    pool->pin_cursor = pool->cursor;
    pool_mark_start(pool);
    pool->pin_block = pool->current;
    pool->pin_cleanups = pool->cleanups;
    pool->pin_larges = pool->larges;
    pool->chain -= pool->used;
    pool->used = 0;
    pool_set_limit(pool);
    if (pool->followed)
        pool_follow_moved(pool, POOL_EVENT_PIN);
}

static void pool_back_to_pin(struct pool *pool, bool learn)
{
    PROBE4(pool__reset, pool, pool->resets, pool->used, pool->held);
    if (pool->cleanups != pool->pin_cleanups)
        pool_cleanups_run(pool, pool->pin_cleanups);
    if (pool_mode() == POOL_POISON)
        pool_guard_check(pool);
    if (pool->larges != pool->pin_larges)
        pool_chunks_free(pool, &pool->larges, pool->pin_larges);
    pool_rewind(pool, learn);
    if (!learn)
        pool_release_blocks(pool, 0);
}

/* The long way of a reset. */
__attribute__((noinline)) static void pool_reset_long(struct pool *pool, bool learn)
{
    if (__builtin_expect(!pool->followed, 1)) {
        pool_back_to_pin(pool, learn);
        return;
    }
    pool_follow_show(pool);
    pool_back_to_pin(pool, learn);
    pool_follow_moved(pool, learn ? POOL_EVENT_RESET : POOL_EVENT_IDLE);
}

void pool_reset(struct pool *pool)
{
    uint32_t used = pool->used;

    pool_check_owner(pool);
    if (!pool_is_plain(pool) || !pool_only_blocks(pool)) {
        pool_reset_long(pool, true);
        return;
    }
    PROBE4(pool__reset, pool, pool->resets, used, pool->held);
    pool_to_pin(pool);
    pool_learn(pool, used);
}

void pool_idle(struct pool *pool)
{
    struct pool_block *block = pool->pin_block->next;
    size_t size;

    pool_check_owner(pool);
    if (!pool_is_plain(pool) || !pool_only_blocks(pool)) {
        pool_reset_long(pool, false);
        return;
    }
    PROBE4(pool__reset, pool, pool->resets, pool->used, pool->held);
    pool_to_pin(pool);
    if (!block)
        return;
    size = block->size;
    if (block->next || !pool_keep_ready(pool, block, size)) {
        pool_release_blocks(pool, 0);
        return;
    }
    PROBE2(block__return, pool, size);
    pool->pin_block->next = NULL;
    pool->chain = 0;
}

void pool_set_owner(struct pool *pool)
{
    pool->owner = mode_thread();
}

void pool_set_spared(struct pool *pool, bool spared)
{
    pool->spared = spared;
}

void *(pool_calloc)(struct pool *pool, size_t size, const char *purpose)
{
    void *p = (pool_alloc)(pool, size, purpose);

    return p ? memset(p, 0, size) : NULL;
}

void *(pool_array)(struct pool *pool, size_t count, size_t size, const char *purpose)
{
    size_t product;

    if (__builtin_mul_overflow(count, size, &product))
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, SIZE_MAX, purpose);
    return (pool_alloc)(pool, product, purpose);
}

char *(pool_strndup)(struct pool *pool, const char *bytes, size_t length, const char *purpose)
{
    char *copy;

    if (length == SIZE_MAX)
        return pool_refuse(pool, POOL_FAILURE_SYSTEM, SIZE_MAX, purpose);
    copy = (pool_nalloc)(pool, length + 1, purpose);
    if (!copy)
        return NULL;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

/* Whether the allocation at `last` ends where the next one begins, and belongs to this side of the pin. */
static bool pool_is_last(const struct pool *pool, const char *last, size_t old)
{
    const char *least =
        pool->current == pool->pin_block ? pool->pin_cursor : (const char *)(pool->current + 1);

    return last >= least && last <= pool->cursor && old == (size_t)(pool->cursor - last);
}

bool pool_extend(struct pool *pool, void *last, size_t old, size_t size)
{
    char *begin = last;

    if (size < old || pool_mode() == POOL_PASSTHROUGH)
        return false;
    if (pool->traced)
        return pool_trace_resize(pool, last, old, size);
    if (pool->hidden)
        return pool_follow_resize(pool, last, old, size);
    if (pool_mode() == POOL_POISON)
        return pool_guard_resize(pool, last, old, size);
    if (!pool_is_last(pool, begin, old) || size > (size_t)(pool->limit - begin))
        return false;
    pool->cursor = begin + size;
    annotate_usable(begin + old, size - old);
    return true;
}

bool pool_give_back(struct pool *pool, void *last, size_t old, size_t keep)
{
    char *begin = last;

    if (keep > old || pool_mode() == POOL_PASSTHROUGH)
        return false;
    if (pool->traced)
        return pool_trace_resize(pool, last, old, keep);
    if (pool->hidden)
        return pool_follow_resize(pool, last, old, keep);
    if (pool_mode() == POOL_POISON)
        return pool_guard_resize(pool, last, old, keep);
    if (!pool_is_last(pool, begin, old))
        return false;
    pool->cursor = begin + keep;
    if (mode_watched)
        annotate_free_again(begin + keep, old - keep);
    return true;
}

enum pool_failure pool_failure(const struct pool *pool)
{
    return (enum pool_failure)pool->failure;
}

void pool_set_block_size(struct pool *pool, size_t block_size)
{
    pool_check_owner(pool);
    assert(pool->chain == 0 && "blocks of the old size are still held");
    pool->block_size = (uint32_t)pool_size_of(pool, block_size, POOL_BLOCK_MIN);
}
