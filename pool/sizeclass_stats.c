/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures, in one go or in steps. */
#include <string.h>

#include "pool/annotate.h"
#include "pool/sizeclass.h"
#include "pool/sizeclass_arena.h"

/* Figures come from the descriptors alone: no page of objects is touched. */
static void sizeclass_stats_arena(struct sizeclass_arena *arena, struct sizeclass_stats *stats)
{
    stats->arenas++;
    stats->mapped_bytes += SIZECLASS_ARENA;
    stats->resident_bytes +=
        SIZECLASS_PAGE * (1 + (uint64_t)arena_count(arena->dirty) + arena->has_live_bits);
    for (int page = 0; page < SIZECLASS_ARENA_PAGES; page++) {
        const struct sizeclass_span *span = &arena->spans[page];
        uint64_t size = sizeclass_sizes[span->index];
        uint64_t touched = (span->carved * size + SIZECLASS_PAGE - 1) / SIZECLASS_PAGE;

        if (!span->owned)
            continue;
        stats->span_bytes += (uint64_t)span->pages * SIZECLASS_PAGE;
        stats->empty_bytes += span->used == 0 ? (uint64_t)span->pages * SIZECLASS_PAGE : 0;
        stats->resident_bytes += touched * SIZECLASS_PAGE;
        stats->live_objects += span->used;
        stats->live_bytes += span->used * size;
        stats->class_live[span->index] += span->used;
        stats->class_pages[span->index] += span->pages;
        stats->class_room[span->index] += (uint64_t)span->pages * SIZECLASS_PAGE / size;
    }
}

/* Objects at hand have been given back: the spans count them as out, the figures do not. */
static void sizeclass_stats_classes(const struct sizeclass *classes, struct sizeclass_stats *stats)
{
    stats->held_bytes = classes->held;
    stats->budget_bytes = classes->budget;
    for (int i = 0; i < SIZECLASS_CLASSES; i++) {
        uint64_t cached = classes->cached[i];

        if (cached > stats->class_live[i])
            cached = stats->class_live[i]; /* it came back after its span was counted */
        stats->live_objects -= cached;
        stats->live_bytes -= cached * sizeclass_sizes[i];
        stats->class_live[i] -= cached;
        stats->class_cached[i] = (uint32_t)cached;
        stats->class_empty[i] = classes->each[i].empties;
    }
#ifdef ANNOTATE_ASAN
    stats->live_objects -= classes->quarantine->count;
    stats->live_bytes -= classes->quarantine->bytes;
    for (uint32_t i = 0; i < classes->quarantine->count; i++) {
        uint32_t at = (classes->quarantine->first + i) % QUARANTINE_OBJECTS;
        stats->class_live[sizeclass_span_of(classes->quarantine->objects[at])->index]--;
    }
#endif
}

bool sizeclass_stats_step(const struct sizeclass *classes, struct sizeclass_stats *stats, uint32_t *next,
                          uint32_t arenas)
{
    struct sizeclass_arena *arena = classes->arenas;
    uint32_t at = 0;

    /* Arenas come and go between two steps, so a place in the ring is remembered by its number. */
    for (; at < *next && at < classes->arena_count; at++)
        arena = arena->next;
    for (; at < classes->arena_count && at < *next + arenas; at++, arena = arena->next)
        sizeclass_stats_arena(arena, stats);
    *next = at;
    if (at < classes->arena_count)
        return false;
    sizeclass_stats_classes(classes, stats);
    return true;
}

void sizeclass_stats(const struct sizeclass *classes, struct sizeclass_stats *stats)
{
    uint32_t next = 0;

    memset(stats, 0, sizeof *stats);
    (void)sizeclass_stats_step(classes, stats, &next, UINT32_MAX);
}
