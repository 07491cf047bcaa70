/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the pages under pool/sizeclass.h, for the files of sizeclass alone. 512 KiB of mapped memory whose
 *   first page describes the 126 after it. Which pages are free, and which of the free ones are still
 *   resident, are two bitmaps.
 * Lifetime: an arena belongs to a sizeclass and goes with it, or when arena_purge() finds it without a page
 *   in use.
 * Threads: the sizeclass's owner.
 * Errors: NULL, with errno from sysmem, or ENOBUFS.
 */
#ifndef POOL_SIZECLASS_ARENA_H
#define POOL_SIZECLASS_ARENA_H

#include "pool/sizeclass.h"

/* Page 0 describes pages 1..126; page 127 has the live bits of checked builds. */
enum { SIZECLASS_ARENA_PAGES = 126 };

__extension__ typedef unsigned __int128 arena_bits; /* bit n: page n + 1 */

struct sizeclass_arena {
    struct sizeclass_arena *next, *prev; /* ring of all, those with free pages first */
    struct sizeclass *owner;             /* checked when an object is given back */
    uint64_t has_live_bits;              /* checked builds: page 127 is in use */
    arena_bits free;
    arena_bits dirty; /* free, but touched since it was mapped or purged */
    struct sizeclass_span spans[SIZECLASS_ARENA_PAGES];
};

_Static_assert(sizeof(struct sizeclass_span) == 32, "sizeclass_span_of() counts in 32 bytes");
_Static_assert(sizeof(struct sizeclass_arena) == SIZECLASS_PAGE, "the descriptors fill the first page");
_Static_assert(offsetof(struct sizeclass_arena, spans) == 2 * sizeof(struct sizeclass_span),
               "sizeclass_span_of(): page n has the span at 1 + n");

/* Whether the sizeclass's own budget has room for so many bytes more; else errno ENOBUFS. */
bool arena_affords(const struct sizeclass *classes, size_t bytes);

/* A run of pages, its descriptor zeroed but for `pages`; from a new arena only if `grow`. NULL: none. Pages
 * that are not resident yet are charged; if a budget refuses them, free ones are purged first. */
struct sizeclass_span *arena_get(struct sizeclass *classes, unsigned pages, bool grow);

/* The run's pages become free. */
void arena_put(struct sizeclass *classes, struct sizeclass_span *span);

/* Gives back to the system: the free pages of arenas that have at least `least`, and arenas without a page in
 * use, but for the last one. */
void arena_purge(struct sizeclass *classes, unsigned least);

/* Unmaps every arena. */
void arena_destroy_all(struct sizeclass *classes);

static inline struct sizeclass_arena *arena_of(void *p)
{
    return (struct sizeclass_arena *)(void *)((char *)p - ((uintptr_t)p & (SIZECLASS_ARENA - 1)));
}

/* Where the run that a descriptor describes begins. */
static inline char *arena_pages_of(struct sizeclass_span *span)
{
    struct sizeclass_arena *arena = arena_of(span);

    return (char *)arena + (size_t)(span - arena->spans + 1) * SIZECLASS_PAGE;
}

static inline unsigned arena_count(arena_bits bits)
{
    return (unsigned)(__builtin_popcountll((uint64_t)bits) + __builtin_popcountll((uint64_t)(bits >> 64)));
}

/* Checked builds: one bit for every 16 bytes of an arena says that an object that begins there is out. */
static inline uint8_t *arena_live_byte(void *p, uint8_t *bit)
{
    size_t unit = ((uintptr_t)p & (SIZECLASS_ARENA - 1)) / 16;

    *bit = (uint8_t)(1u << (unit % 8));
    return (uint8_t *)arena_of(p) + (SIZECLASS_ARENA - SIZECLASS_PAGE) + unit / 8;
}

#ifdef ANNOTATE_ASAN
/* Objects given back wait here, oldest first out, before they are used again: stale pointers are caught. */
enum { QUARANTINE_OBJECTS = 256, QUARANTINE_BYTES = 1024 * 1024 };

struct sizeclass_quarantine {
    void *objects[QUARANTINE_OBJECTS];
    uint32_t first, count;
    size_t bytes;
};
#endif

#endif
