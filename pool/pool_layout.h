/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a pool holds, piece by piece. Pictures and tables of a living pool: its blocks with how far
 *   they are filled, the reserve, the large ones, the buffers. pool_stats() has the sums. In passthrough mode
 *   every allocation is a large one.
 * Lifetime: a layout is a copy in the caller's storage; purposes are literals.
 * Threads: the pool's owner.
 * Errors: none; what finds no room among the parts is counted in `more`. O(what is held).
 */
#ifndef POOL_POOL_LAYOUT_H
#define POOL_POOL_LAYOUT_H

#include "pool/pool.h"

enum { POOL_LAYOUT_PARTS = 8 };

enum pool_part_kind { POOL_PART_BLOCK, POOL_PART_RESERVE, POOL_PART_LARGE, POOL_PART_BUFFER };

extern const char *const pool_part_names[];

struct pool_part {
    const char *purpose; /* of a large one or a buffer; else NULL */
    const void *start;   /* of those, what their user got: to be compared at once, never followed */
    uint64_t size;       /* bytes, header included */
    uint32_t used; /* of a block: bytes from its start to where the next allocation goes; else 0: not known */
    uint32_t pinned; /* of `used`, those that outlive resets */
    uint8_t kind;    /* enum pool_part_kind */
};

struct pool_layout {
    struct pool_part parts[POOL_LAYOUT_PARTS]; /* blocks in order of use, then reserve, larges, buffers */
    uint32_t count, more;                      /* in `parts`; left out */
    size_t free_bytes; /* in blocks in use, not handed out: stranded, or behind the cursor */
    size_t large_bytes, buffer_bytes;
};

void pool_layout(const struct pool *pool, struct pool_layout *layout);

#endif
