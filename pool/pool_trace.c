/* SPDX-License-Identifier: BSD-2-Clause */
/* The slow calls of a traced pool. The trace holds the real cursor meanwhile; the pool's own cursor is the
 * end of its block, where the inline path finds no room. */
#include "pool/pool_trace.h"

#include <errno.h>
#include <string.h>

#include "pool/pool_inner.h"

static _Thread_local struct pool_trace *traced;

int pool_trace_init(struct pool_trace *trace, struct pool *memory, uint32_t entries)
{
    *trace = (struct pool_trace){.capacity = entries};
    trace->blocks = pool_array(memory, POOL_TRACE_BLOCKS, sizeof *trace->blocks, "trace blocks");
    trace->entries = pool_array(memory, entries, sizeof *trace->entries, "trace");
    return trace->blocks && trace->entries ? 0 : -ENOMEM;
}

static void hide(struct pool_trace *trace)
{
    struct pool *pool = trace->pool;

    trace->cursor = pool->cursor;
    pool->cursor = pool->limit = pool_block_end(pool->current);
    pool->traced = 1;
}

static struct pool_trace *show(struct pool *pool)
{
    assert(traced && traced->pool == pool && "a pool is traced by one thread");
    pool->traced = 0;
    pool->cursor = traced->cursor;
    pool_set_limit(pool);
    return traced;
}

void pool_trace_begin(struct pool_trace *trace, struct pool *pool)
{
    assert(!traced && "one pool of a thread is traced at a time");
    pool_check_owner(pool);
    traced = trace;
    trace->pool = pool;
    hide(trace);
}

void pool_trace_end(struct pool_trace *trace)
{
    show(trace->pool);
    trace->pool = NULL;
    traced = NULL;
}

const char *pool_trace_cursor(const struct pool *pool)
{
    return pool->traced ? traced->cursor : pool_follow_cursor(pool);
}

/* ---- writing down ---- */

/* The entry's block; a new one is added. NULL: there is no room. */
static struct pool_trace_block *block_of(struct pool_trace *trace, const struct pool_trace_block *outline)
{
    for (uint32_t i = trace->block_count; i-- > 0;)
        if (trace->blocks[i].start == outline->start && !trace->blocks[i].gone)
            return &trace->blocks[i];
    if (trace->block_count == POOL_TRACE_BLOCKS)
        return NULL;
    trace->blocks[trace->block_count] = *outline;
    return &trace->blocks[trace->block_count++];
}

/* Writes an allocation down: where in its block, what for, who asked. */
static void write_down(struct pool_trace *trace, const struct pool_trace_block *outline, const char *p,
                       size_t size, bool text, const char *purpose)
{
    struct pool_trace_block *block = trace->count < trace->capacity ? block_of(trace, outline) : NULL;
    uint32_t offset;

    if (!block) {
        trace->lost++;
        return;
    }
    offset = (uint32_t)(p - block->start);
    trace->entries[trace->count++] = (struct pool_trace_entry){
        .bytes = p,
        .purpose = purpose,
        .source = purpose + strlen(purpose) + 1, /* POOL_HERE */
        .size = (uint32_t)size,
        .offset = offset,
        .gap = offset - (block->used > block->header ? block->used : block->header),
        .block = (uint32_t)(block - trace->blocks),
        .text = text,
    };
    block->used = offset + (uint32_t)size;
}

static void add_chunk(struct pool_trace *trace, const char *p, size_t size, bool text, const char *purpose,
                      enum pool_trace_kind kind)
{
    const struct pool_chunk *chunk = (const struct pool_chunk *)(const void *)p - 1;
    const struct pool_trace_block outline = {.start = chunk->base,
                                             .size = (uint32_t)chunk->size,
                                             .header = (uint32_t)(p - (const char *)chunk->base),
                                             .kind = (uint8_t)kind};

    write_down(trace, &outline, p, size, text, purpose);
}

/* An allocation that was cut from the current block. */
static void add_cut(struct pool_trace *trace, const char *p, size_t size, bool text, const char *purpose)
{
    struct pool *pool = trace->pool;
    bool first = pool->current == &pool->first;
    const char *start = first ? (const char *)pool : (const char *)pool->current;
    const struct pool_trace_block outline = {
        .start = start,
        .size = (uint32_t)(pool_block_end(pool->current) - start),
        .header = (uint32_t)(pool_block_start(pool, pool->current) - start),
        .kind = first ? POOL_TRACE_FIRST : POOL_TRACE_BLOCK,
    };

    write_down(trace, &outline, p, size, text, purpose);
}

void *pool_trace_alloc(struct pool *pool, size_t size, size_t align, const char *purpose)
{
    struct pool_trace *trace = show(pool);
    char *p = align == 1 ? (pool_nalloc)(pool, size, purpose) : (pool_alloc)(pool, size, purpose);

    hide(trace);
    if (!p)
        return NULL;
    memset(p, 0, size);
    if (p < (char *)pool->current || p >= pool_block_end(pool->current))
        add_chunk(trace, p, size, align == 1, purpose, POOL_TRACE_LARGE);
    else
        add_cut(trace, p, size, align == 1, purpose);
    return p;
}

void *pool_trace_large_get(struct pool *pool, size_t alignment, size_t size, const char *purpose)
{
    struct pool_trace *trace = show(pool);
    char *p = pool_large_get(pool, POOL_CHUNK_LARGE, alignment, size, purpose);

    hide(trace);
    if (!p)
        return NULL;
    memset(p, 0, size);
    add_chunk(trace, p, size, false, purpose, POOL_TRACE_LARGE);
    return p;
}

void pool_trace_taken(struct pool *pool, void *buffer)
{
    const struct pool_chunk *chunk = (const struct pool_chunk *)buffer - 1;
    size_t capacity = (size_t)((const char *)chunk->base + chunk->size - (const char *)buffer);

    (void)pool;
    memset(buffer, 0, capacity);
    add_chunk(traced, buffer, capacity, false, chunk->purpose, POOL_TRACE_BUFFER);
}

/* The newest that stands at `p` and has not been given back. */
static struct pool_trace_entry *find_entry(struct pool_trace *trace, const void *p)
{
    for (uint32_t i = trace->count; i-- > 0;)
        if (trace->entries[i].bytes == p && trace->entries[i].freed_after == 0)
            return &trace->entries[i];
    return NULL;
}

void pool_trace_freed(struct pool *pool, const void *p)
{
    struct pool_trace_entry *entry = find_entry(traced, p);

    (void)pool;
    if (!entry)
        return;
    entry->freed_after = traced->count;
    traced->blocks[entry->block].gone = true;
}

bool pool_trace_resize(struct pool *pool, void *last, size_t old, size_t size)
{
    struct pool_trace *trace = show(pool);
    bool done = size < old ? pool_give_back(pool, last, old, size) : pool_extend(pool, last, old, size);
    struct pool_trace_entry *entry = done ? find_entry(trace, last) : NULL;

    hide(trace);
    if (!entry)
        return done;
    if (size > old)
        memset((char *)last + old, 0, size - old);
    entry->size = (uint32_t)size;
    trace->blocks[entry->block].used = entry->offset + (uint32_t)size;
    return true;
}

/* ---- sizes ---- */

size_t pool_trace_large(const struct pool *pool)
{
    return (pool->block_size - sizeof(struct pool_block)) / 2;
}

uint32_t pool_trace_pin(const struct pool *pool)
{
    return pool->pin_block == &pool->first ? (uint32_t)(pool->pin_cursor - (const char *)pool) : 0;
}
