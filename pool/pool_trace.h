/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: everything that is allocated from one pool, written down in order. A picture of what a request
 *   does to its pool: which block, where in it, how large, what for, and the line of source that asked.
 *   Between begin and end the inline path finds no room, so that every allocation of a byte or more takes the
 *   slow call; other pools pay nothing. Memory is zeroed when it is handed out, so that whatever is shown of
 *   it was written by its user.
 * Lifetime: the struct is the caller's; its arrays lie in the pool given to pool_trace_init, which is not
 *   the one traced. An entry's bytes are readable as long as the allocation lives.
 * Threads: the pool's owner; one pool of a thread is traced at a time. End the trace before the pool is
 *   pinned, reset, made idle or destroyed; it can be begun again and goes on.
 * Errors: init returns -ENOMEM. When the arrays are full, `lost` counts what is not written down.
 */
#ifndef POOL_POOL_TRACE_H
#define POOL_POOL_TRACE_H

#include "pool/pool.h"

enum { POOL_TRACE_BLOCKS = 64 /* that a trace has room for */ };

enum pool_trace_kind {
    POOL_TRACE_FIRST, /* the block that the pool stands in */
    POOL_TRACE_BLOCK, /* a later one */
    POOL_TRACE_LARGE, /* an allocation's own */
    POOL_TRACE_BUFFER /* pool_take: outlives resets */
};

struct pool_trace_block {
    const char *start;
    uint32_t size;   /* bytes, header included */
    uint32_t header; /* bytes at its start that are the pool's own */
    uint32_t used;   /* bytes from its start to the end of its last allocation, so far */
    uint8_t kind;    /* enum pool_trace_kind */
    bool gone;       /* has been freed or put back */
};

struct pool_trace_entry {
    const char *bytes;    /* what the caller got */
    const char *purpose;  /* a literal */
    const char *source;   /* "file:line" */
    uint32_t size;        /* bytes asked for; a buffer's capacity */
    uint32_t offset;      /* bytes from the start of its block */
    uint32_t gap;         /* bytes left free in front of it */
    uint32_t freed_after; /* how many entries there were when it was given back; 0: it has not been */
    uint32_t block;       /* index into blocks */
    bool text;            /* asked for without alignment: no struct */
};

struct pool_trace {
    struct pool *pool; /* being traced; NULL: none */
    char *cursor;      /* the pool's, which is hidden from the inline path */
    struct pool_trace_entry *entries;
    struct pool_trace_block *blocks;
    uint32_t count, capacity; /* entries */
    uint32_t block_count;
    uint32_t lost; /* allocations that found no room here */
};

/* Room for `entries` allocations, from `memory`. 0 or -ENOMEM. */
int pool_trace_init(struct pool_trace *trace, struct pool *memory, uint32_t entries)
    __attribute__((warn_unused_result));

/* From here on, and again after an end. What is in the pool already is not written down. */
void pool_trace_begin(struct pool_trace *trace, struct pool *pool);

/* The pool is an ordinary one again. */
void pool_trace_end(struct pool_trace *trace);

size_t pool_trace_large(const struct pool *pool); /* the largest allocation that is cut from a block */
uint32_t pool_trace_pin(const struct pool *pool); /* offset of the pin in the first block; 0: in another */

#endif
