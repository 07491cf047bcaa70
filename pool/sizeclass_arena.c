/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages of arenas: which are free, which of those are resident. */
#include "pool/sizeclass_arena.h"

#include <errno.h>
#include <string.h>

#include "pool/annotate.h"
#include "pool/sysmem.h"

#define ARENA_ALL ((((arena_bits)1) << SIZECLASS_ARENA_PAGES) - 1)

static unsigned arena_lowest(arena_bits bits) /* of bits that are not 0 */
{
    uint64_t low = (uint64_t)bits;

    return (unsigned)(low != 0 ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(bits >> 64)));
}

static arena_bits arena_run(unsigned first, unsigned pages)
{
    return ((((arena_bits)1) << pages) - 1) << first;
}

/* The bits at which `pages` free pages in a row begin: after each step a bit stands for a run of `length`. */
static arena_bits arena_starts(arena_bits free, unsigned pages)
{
    for (unsigned length = 1; length < pages && free != 0;) {
        unsigned step = length < pages - length ? length : pages - length;
        free &= free >> step;
        length += step;
    }
    return free;
}

bool arena_affords(const struct sizeclass *classes, size_t bytes)
{
    if (classes->budget == 0 ||
        (classes->held <= classes->budget && bytes <= classes->budget - classes->held))
        return true;
    errno = ENOBUFS;
    return false;
}

static bool arena_charge(struct sizeclass *classes, unsigned pages)
{
    size_t bytes = (size_t)pages * SIZECLASS_PAGE;
    bool was, charged;

    if (!arena_affords(classes, bytes))
        return false;
    was = sysmem_use_spare(classes->above_budget);
    charged = sysmem_charge(SYSMEM_OF_POOLS, bytes);
    (void)sysmem_use_spare(was);
    if (charged)
        classes->held += bytes;
    return charged;
}

static void arena_uncharge(struct sizeclass *classes, unsigned pages)
{
    size_t bytes = (size_t)pages * SIZECLASS_PAGE;

    classes->held -= bytes;
    sysmem_uncharge(SYSMEM_OF_POOLS, bytes);
}

static void arena_unlink(struct sizeclass *classes, struct sizeclass_arena *arena)
{
    if (arena->next == arena) {
        classes->arenas = NULL;
        return;
    }
    arena->next->prev = arena->prev;
    arena->prev->next = arena->next;
    if (classes->arenas == arena)
        classes->arenas = arena->next;
}

static void arena_link(struct sizeclass *classes, struct sizeclass_arena *arena, bool first)
{
    struct sizeclass_arena *head = classes->arenas;

    if (!head) {
        arena->next = arena->prev = arena;
        classes->arenas = arena;
        return;
    }
    arena->next = head;
    arena->prev = head->prev;
    head->prev->next = arena;
    head->prev = arena;
    if (first)
        classes->arenas = arena;
}

static struct sizeclass_arena *arena_create(struct sizeclass *classes)
{
    struct sizeclass_arena *arena;

    if (!arena_charge(classes, 1)) /* the descriptors */
        return NULL;
    arena = sysmem_reserve(SYSMEM_OF_POOLS, SIZECLASS_ARENA, SIZECLASS_ARENA);
    if (!arena) {
        arena_uncharge(classes, 1);
        return NULL;
    }
    annotate_unusable_deep((char *)arena + SIZECLASS_PAGE, (size_t)SIZECLASS_ARENA_PAGES * SIZECLASS_PAGE);
    arena->owner = classes;
    arena->free = ARENA_ALL;
    arena_link(classes, arena, true);
    classes->arena_count++;
    return arena;
}

static void arena_destroy(struct sizeclass *classes, struct sizeclass_arena *arena)
{
    arena_unlink(classes, arena);
    classes->arena_count--;
    arena_uncharge(classes, 1 + SIZECLASS_ARENA_PAGES - arena_count(arena->free & ~arena->dirty));
    annotate_usable_deep(arena, SIZECLASS_ARENA); /* ASan's marks would stay with the addresses */
    sysmem_unreserve(SYSMEM_OF_POOLS, arena, SIZECLASS_ARENA);
}

static struct sizeclass_span *arena_cut(struct sizeclass *classes, struct sizeclass_arena *arena,
                                        arena_bits starts, unsigned pages)
{
    /* Resident pages first: they cost no page fault. */
    arena_bits warm = starts & arena->dirty;
    unsigned first = arena_lowest(warm != 0 ? warm : starts);
    arena_bits run = arena_run(first, pages);
    struct sizeclass_span *span = &arena->spans[first];
    unsigned fresh = arena_count(run & ~arena->dirty);

    if (fresh != 0 && !arena_charge(classes, fresh))
        return NULL;
    arena->free &= ~run;
    arena->dirty &= ~run;
    if (arena->free == 0) {
        arena_unlink(classes, arena);
        arena_link(classes, arena, false);
    }
    *span = (struct sizeclass_span){.pages = (uint8_t)pages};
    return span;
}

static struct sizeclass_span *arena_try(struct sizeclass *classes, unsigned pages, bool grow)
{
    struct sizeclass_arena *arena = classes->arenas;

    for (uint32_t n = 0; n < classes->arena_count && arena && arena->free != 0; n++, arena = arena->next) {
        arena_bits starts = arena_starts(arena->free, pages);

        if (starts != 0)
            return arena_cut(classes, arena, starts, pages);
    }
    if (!grow || !(arena = arena_create(classes)))
        return NULL;
    return arena_cut(classes, arena, arena->free & ~(ARENA_ALL << (SIZECLASS_ARENA_PAGES - pages + 1)),
                     pages);
}

struct sizeclass_span *arena_get(struct sizeclass *classes, unsigned pages, bool grow)
{
    struct sizeclass_span *span;

    errno = 0;
    span = arena_try(classes, pages, grow);
    if (!span && classes->dirty && (errno == ENOBUFS || errno == EDQUOT)) {
        arena_purge(classes, 1);
        span = arena_try(classes, pages, grow);
    }
    return span;
}

void arena_put(struct sizeclass *classes, struct sizeclass_span *span)
{
    struct sizeclass_arena *arena = arena_of(span);
    arena_bits run = arena_run((unsigned)(span - arena->spans), span->pages);
    bool was_full = arena->free == 0;

    span->owned = false;
    arena->free |= run;
    arena->dirty |= run;
    classes->dirty = classes->returned = true;
    if (was_full && arena != classes->arenas) {
        arena_unlink(classes, arena);
        arena_link(classes, arena, true);
    }
}

static void arena_purge_one(struct sizeclass *classes, struct sizeclass_arena *arena)
{
    while (arena->dirty != 0) {
        unsigned first = arena_lowest(arena->dirty), pages = 1;

        while (first + pages < SIZECLASS_ARENA_PAGES && (arena->dirty >> (first + pages) & 1) != 0)
            pages++;
        arena->dirty &= ~arena_run(first, pages);
        arena_uncharge(classes, pages);
        (void)sysmem_purge((char *)arena + (size_t)(first + 1) * SIZECLASS_PAGE,
                           (size_t)pages * SIZECLASS_PAGE); /* refused: they stay resident for now */
    }
}

void arena_purge(struct sizeclass *classes, unsigned least)
{
    struct sizeclass_arena *arena = classes->arenas;

    classes->dirty = least > 1;
    classes->returned = false;
    for (uint32_t n = classes->arena_count; n > 0 && arena->free != 0; n--) {
        struct sizeclass_arena *next = arena->next;
        if (arena->free == ARENA_ALL && classes->arena_count > 1)
            arena_destroy(classes, arena);
        else if (arena_count(arena->dirty) >= least)
            arena_purge_one(classes, arena);
        arena = next;
    }
}

void arena_destroy_all(struct sizeclass *classes)
{
    while (classes->arenas)
        arena_destroy(classes, classes->arenas);
}

/* ---- the spare: objects that may be taken when the budgets say no, and their way home ---- */

void *sizeclass_get_spare(struct sizeclass *classes, size_t size)
{
    void *p = classes->spare && size <= SIZECLASS_MAX ? sizeclass_get(classes->spare, size, NULL) : NULL;

    if (p)
        classes->spare_out++;
    return p;
}

struct sizeclass *sizeclass_giver_slow(struct sizeclass *classes, void *p, size_t size)
{
    if (size > SIZECLASS_MAX || arena_of(p)->owner == classes)
        return classes;
    classes->spare_out--;
    return classes->spare;
}
