/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: fixed size classes (source document 4). Pools get their blocks and buffers here. 16 to 2048 bytes
 *   are cut from 4 KiB pages, 4 to 64 KiB are runs of pages, more is the system's. Pages come from 512 KiB
 *   arenas, mapped aligned, whose first page describes the others: so a 512-byte object costs 512 bytes, and
 *   the span (page or run) of an object is a mask and a shift away. Empty spans stay with their class until
 *   sizeclass_trim() finds that they were not needed for a while, or another class needs the pages: in steady
 *   state no call reaches the system.
 * Lifetime: one per worker, create to destroy; destroy unmaps everything; objects still out count as lost.
 * Threads: one owner, no lock: the thread of the first get, or sizeclass_adopt()'s caller. Checked in poison
 *   mode and with TIDEPOOL_DEBUG.
 * Errors: NULL with errno ENOMEM, EDQUOT (memory_budget) or ENOBUFS (its own budget). Budgets count pages
 *   from their first use until they go back to the system, and what is larger than 64 KiB; before one
 *   refuses, all that is empty is given back. In the checked builds a double free or a wrong size ends the
 *   process.
 */
#ifndef POOL_SIZECLASS_H
#define POOL_SIZECLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/fault.h"

enum {
    SIZECLASS_PAGE = 4096,
    SIZECLASS_SMALL_MAX = 2048,   /* above it an object is a run of pages */
    SIZECLASS_MAX = 64 * 1024,    /* above it the system */
    SIZECLASS_ARENA = 512 * 1024, /* bytes and alignment of an arena */
    SIZECLASS_SMALL_CLASSES = 13,
    SIZECLASS_CLASSES = 25,
    SIZECLASS_CACHE = 4,        /* objects that a class keeps at hand: what most requests take and return */
    SIZECLASS_WINDOW_MS = 2000, /* how long a span must have been empty for trim to give it back */
    SIZECLASS_PURGE_LEAST = 16  /* free pages of an arena; fewer stay until memory is short */
};

/* A page, or a run of pages for one object, in use by a class: its descriptor in the arena's first page. */
struct sizeclass_span {
    struct sizeclass_span *next, *prev; /* in the class's list of partial or empty spans, when `listed` */
    void *free;                         /* objects that came back, linked through their first word */
    uint16_t used;                      /* objects out */
    uint16_t carved;                    /* objects ever handed out: those above have not been touched */
    uint8_t index;                      /* of its class */
    uint8_t pages;
    bool listed;
    bool owned; /* the span's class holds it; false: its pages are the arena's */
};

struct sizeclass_class {
    struct sizeclass_span partial, empty; /* heads of rings; `free` is always NULL in them */
    uint32_t empties;                     /* length of `empty` */
    uint32_t empties_low;                 /* the lowest `empties` since the window began */
};

struct sizeclass_stats {
    uint64_t arenas, mapped_bytes;
    uint64_t span_bytes;   /* pages that classes hold */
    uint64_t empty_bytes;  /* of those, in spans without a live object */
    uint64_t live_objects; /* up to 64 KiB; larger ones are in sysmem_stats */
    uint64_t live_bytes;
    uint64_t resident_bytes; /* pages touched and not purged, descriptors included */
    uint64_t held_bytes;     /* what counts against the budget, larger objects included */
    uint64_t budget_bytes;   /* 0: none */
    uint64_t class_live[SIZECLASS_CLASSES];
    uint64_t class_room[SIZECLASS_CLASSES];  /* objects that the class's pages have room for */
    uint64_t class_pages[SIZECLASS_CLASSES]; /* that it holds */
    uint32_t class_cached[SIZECLASS_CLASSES];
    uint32_t class_empty[SIZECLASS_CLASSES]; /* spans without a live object */
};

struct sizeclass;

struct sizeclass *sizeclass_create(void) __attribute__((warn_unused_result));
void sizeclass_destroy(struct sizeclass *classes); /* NULL is allowed */
void sizeclass_adopt(struct sizeclass *classes);   /* the calling thread is the owner from now on */

/* At least `size` bytes (0 counts as 1), aligned to 16, and to 4096 from 4 KiB on. `*capacity`, unless null,
 * is the real number of bytes. */
static inline void *sizeclass_get(struct sizeclass *classes, size_t size, size_t *capacity);

/* Gives an object back, with the size asked for or the capacity got. `p` is not NULL. */
static inline void sizeclass_put(struct sizeclass *classes, void *p, size_t size);

/* The capacity that a size gets: its class's; above 64 KiB the size itself. */
size_t sizeclass_round(size_t size);

/* To be called about once a second by the owner; `now_ms` is any monotonic clock. Gives the pages of spans
 * that have been empty through a whole window of SIZECLASS_WINDOW_MS back to the system. Returns whether a
 * later call could give back more. */
bool sizeclass_trim(struct sizeclass *classes, int64_t now_ms);

/* For when memory is short: gives back all empty spans at once. */
void sizeclass_reclaim(struct sizeclass *classes);

/* Bytes that it may hold altogether (worker_memory_budget); 0: no limit. It keeps what it holds, even if
 * that is more. */
static inline void sizeclass_set_budget(struct sizeclass *classes, size_t bytes);
static inline size_t sizeclass_held(const struct sizeclass *classes); /* the owner's, as the next one */

/* Another sizeclass of the same owner, destroyed after this one: it may go above memory_budget by what sysmem
 * has to spare (sysmem_set_spare). NULL: none. */
static inline void sizeclass_set_spare(struct sizeclass *classes, struct sizeclass *spare);
/* Takes from the spare, after sizeclass_get() gave NULL. At most SIZECLASS_MAX bytes; NULL with errno. */
void *sizeclass_get_spare(struct sizeclass *classes, size_t size);
/* The sizeclass that an object came from: `classes` or its spare. */
static inline struct sizeclass *sizeclass_giver(struct sizeclass *classes, void *p, size_t size);

/* The owner's; O(pages). */
void sizeclass_stats(const struct sizeclass *classes, struct sizeclass_stats *stats);

/* The same in steps, for a thread that must not stop for long: `stats` zeroed and *next 0 before the first;
 * a step counts at most `arenas` of them. True: all is counted. What moves between two steps may be missed
 * or counted twice. */
bool sizeclass_stats_step(const struct sizeclass *classes, struct sizeclass_stats *stats, uint32_t *next,
                          uint32_t arenas);
uint64_t sizeclass_lost(void); /* objects out when their sizeclass was destroyed, of the process */

#include "pool/sizeclass_inline.h"

#endif
