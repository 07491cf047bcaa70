/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists under their lock, the reserve, and the spans that feed it. */
#include <string.h>

#include "pool/sgi_inner.h"
#include "pool/sysmem.h"

static void ring_init(struct sgi_span *ring)
{
    ring->next = ring->previous = ring;
}

static void ring_insert(struct sgi_span *ring, struct sgi_span *span)
{
    span->next = ring->next;
    span->previous = ring;
    ring->next->previous = span;
    ring->next = span;
}

void sgi_rings_init(struct sgi *sgi)
{
    ring_init(&sgi->in_use);
    ring_init(&sgi->whole);
    ring_init(&sgi->aside);
}

void sgi_ring_move_locked(struct sgi_span *ring, struct sgi_span *span)
{
    span->previous->next = span->next;
    span->next->previous = span->previous;
    ring_insert(ring, span);
}

static void change_free_locked(struct sgi *sgi, struct sgi_span *span, size_t add, size_t take)
{
    if (span->free_bytes == sgi->usable)
        sgi_ring_move_locked(&sgi->in_use, span);
    span->free_bytes = span->free_bytes + add - take;
    sgi->free_bytes = sgi->free_bytes + add - take;
    if (span->free_bytes == sgi->usable)
        sgi_ring_move_locked(&sgi->whole, span);
}

/* Only the link may be touched while the object is on a list. */
static void link_locked(struct sgi *sgi, unsigned index, void *start)
{
    struct sgi_object *object = start;

    annotate_usable(object, sizeof *object);
    object->next = sgi->lists[index];
    sgi->lists[index] = object;
    sgi->list_counts[index]++;
}

/* A new object begins here, whatever was here before. */
static void *cut_locked(void *start)
{
    struct sgi_span *span = sgi_span_of(start);

    if (span->tags)
        span->tags[((uintptr_t)start & (SGI_SPAN - 1)) / SGI_GRANULE] = 0;
    return start;
}

static bool is_16_aligned(uintptr_t value)
{
    return value % 16 == 0;
}

/* Puts the reserve's first `bytes` onto the lists that they fit. A size that is a multiple of 16 has to be
 * aligned to 16, so an object of 8 bytes may come first. */
static void leave_over_locked(struct sgi *sgi, size_t bytes)
{
    while (bytes != 0) {
        size_t piece = bytes < SGI_SMALL_MAX ? bytes : SGI_SMALL_MAX;

        if (is_16_aligned(piece) && !is_16_aligned((uintptr_t)sgi->start_free))
            piece = SGI_GRANULE;
        link_locked(sgi, sgi_class(piece), cut_locked(sgi->start_free));
        sgi->start_free += piece;
        bytes -= piece;
    }
}

/* Up to *count objects of the class, side by side, from the reserve: as many as fit. NULL: not even one. */
static char *chunk_alloc_locked(struct sgi *sgi, unsigned index, unsigned *count)
{
    size_t size = sgi_class_size(index);
    size_t left;
    char *chunk;

    if (sgi->start_free == sgi->end_free)
        return NULL;
    if (is_16_aligned(size) && !is_16_aligned((uintptr_t)sgi->start_free))
        leave_over_locked(sgi, SGI_GRANULE);
    left = (size_t)(sgi->end_free - sgi->start_free);
    if (left < size)
        return NULL;
    if (left / size < *count)
        *count = (unsigned)(left / size);
    chunk = sgi->start_free;
    sgi->start_free += *count * size;
    return chunk;
}

/* The reserve is too small: its rest goes onto its list, and a span set aside becomes the reserve. */
static bool next_reserve_locked(struct sgi *sgi)
{
    struct sgi_span *span = sgi->aside.next;

    leave_over_locked(sgi, (size_t)(sgi->end_free - sgi->start_free));
    if (span == &sgi->aside)
        return false;
    sgi_ring_move_locked(&sgi->whole, span);
    span->free_bytes = sgi->usable;
    sgi->free_bytes += sgi->usable;
    sgi->aside_bytes -= sgi->usable;
    sgi->end_free = (char *)span + SGI_SPAN;
    sgi->start_free = sgi->end_free - sgi->usable;
    annotate_unusable(sgi->start_free, sgi->usable);
    return true;
}

/* Twenty more objects on the list of the class, without asking the system. */
static bool refill_locked(struct sgi *sgi, unsigned index)
{
    unsigned count = SGI_BATCH;
    char *chunk;

    while (!(chunk = chunk_alloc_locked(sgi, index, &count))) {
        if (!next_reserve_locked(sgi))
            return false;
    }
    while (count-- > 0)
        link_locked(sgi, index, cut_locked(chunk + count * sgi_class_size(index)));
    return true;
}

static void *unlink_locked(struct sgi *sgi, unsigned index)
{
    struct sgi_object *object = sgi->lists[index];

    sgi->lists[index] = object->next;
    sgi->list_counts[index]--;
    annotate_unusable(object, sizeof *object);
    return object;
}

static unsigned take_locked(struct sgi *sgi, unsigned index, void **objects, unsigned wanted)
{
    unsigned taken = 0;

    if (!sgi->lists[index] && !refill_locked(sgi, index))
        return 0;
    for (; taken < wanted && sgi->lists[index]; taken++) {
        objects[taken] = unlink_locked(sgi, index);
        change_free_locked(sgi, sgi_span_of(objects[taken]), 0, sgi_class_size(index));
    }
    sgi->refills[index] += taken != 0;
    return taken;
}

/* A free object of the same or a larger class becomes the reserve, which is empty when this is called. One of
 * the class always fits: an object that is not aligned to 16 is no multiple of 16 long, so it is at least 8
 * larger than a class that has to be aligned. */
static bool scavenge_locked(struct sgi *sgi, unsigned index)
{
    for (unsigned larger = index; larger < SGI_CLASSES; larger++) {
        if (!sgi->lists[larger])
            continue;
        sgi->start_free = unlink_locked(sgi, larger);
        sgi->end_free = sgi->start_free + sgi_class_size(larger);
        sgi->scavenged++;
        return true;
    }
    return false;
}

static struct sgi_span *span_map(struct sgi *sgi)
{
    struct sgi_span *span = sysmem_map(SYSMEM_OF_SHARED, SGI_SPAN, SGI_SPAN);

    if (span && sgi->mode == POOL_POISON)
        span->tags = (_Atomic uint8_t *)(void *)((char *)span + SGI_LINE);
    return span;
}

void sgi_span_unmap(struct sgi_span *span)
{
    annotate_usable(span, SGI_SPAN);
    sysmem_unmap(SYSMEM_OF_SHARED, span, SGI_SPAN);
}

/* Asks the system for twice what is wanted and a sixteenth of the heap, in whole spans, and takes as many as
 * it gives. The heap's share is bounded, and what proves too much goes back (S6). */
static bool map_spans(struct sgi *sgi, size_t wanted, size_t heap_bytes)
{
    size_t bytes = 2 * wanted + heap_bytes / 16;
    size_t spans = (bytes + sgi->usable - 1) / sgi->usable;
    struct sgi_span fresh;
    size_t mapped = 0;

    ring_init(&fresh);
    for (; mapped < spans && mapped < SGI_GROW_SPANS; mapped++) {
        struct sgi_span *span = span_map(sgi);

        if (!span)
            break;
        ring_insert(&fresh, span);
    }
    if (mapped == 0)
        return false;
    sgi_lock_take(&sgi->lock);
    while (fresh.next != &fresh) {
        fresh.next->aside_since = sgi->trims + 1;
        sgi_ring_move_locked(&sgi->aside, fresh.next);
    }
    sgi->heap_bytes += mapped * SGI_SPAN;
    sgi->aside_bytes += mapped * sgi->usable;
    sgi->spans_mapped += mapped;
    sgi_lock_drop(&sgi->lock);
    return true;
}

/* The system has nothing: objects in depots come onto the lists, then larger objects are cut. */
static unsigned take_scavenged(struct sgi *sgi, unsigned index, void **objects, unsigned wanted)
{
    unsigned taken;

    for (unsigned other = index; other < SGI_CLASSES; other++)
        sgi_depot_drain(sgi, other);
    sgi_lock_take(&sgi->lock);
    taken = take_locked(sgi, index, objects, wanted);
    if (taken == 0 && scavenge_locked(sgi, index))
        taken = take_locked(sgi, index, objects, wanted);
    sgi_lock_drop(&sgi->lock);
    return taken;
}

unsigned sgi_central_take(struct sgi *sgi, unsigned index, void **objects, unsigned wanted)
{
    unsigned attempt = 0;

    for (;;) {
        size_t heap_bytes;
        unsigned taken;

        sgi_lock_take(&sgi->lock);
        taken = take_locked(sgi, index, objects, wanted);
        heap_bytes = sgi->heap_bytes;
        sgi_lock_drop(&sgi->lock);
        if (taken != 0)
            return taken;
        if (sgi_depot_drain(sgi, index) || map_spans(sgi, SGI_BATCH * sgi_class_size(index), heap_bytes))
            continue;
        taken = take_scavenged(sgi, index, objects, wanted);
        if (taken != 0)
            return taken;
        if (!sgi_ask_handler(SGI_SPAN, attempt++))
            return 0;
    }
}

void sgi_central_give(struct sgi *sgi, unsigned index, void *const *objects, unsigned count)
{
    sgi_lock_take(&sgi->lock);
    for (unsigned i = 0; i < count; i++) {
        link_locked(sgi, index, objects[i]);
        change_free_locked(sgi, sgi_span_of(objects[i]), sgi_class_size(index), 0);
    }
    sgi->drains[index]++;
    sgi_lock_drop(&sgi->lock);
}
