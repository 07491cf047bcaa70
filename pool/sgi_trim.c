/* SPDX-License-Identifier: BSD-2-Clause */
/* Trims: gives back what has lain unused since the previous trim. */
#include "pool/sgi_inner.h"

/* The free objects of a class while they are off their list. */
struct kept {
    struct sgi_object *first, **end;
    size_t count;
};

/* One trim at a time, numbered. */
static bool begin_trim(struct sgi *sgi)
{
    bool alone;

    sgi_lock_take(&sgi->lock);
    alone = !sgi->trimming;
    if (alone) {
        sgi->trimming = true;
        sgi->trims++;
    }
    sgi_lock_drop(&sgi->lock);
    return alone;
}

/* Unmaps the spans that an earlier trim set aside and that are still unused. */
static size_t unmap_stale(struct sgi *sgi)
{
    struct sgi_span *stale = NULL;
    size_t bytes = 0;

    sgi_lock_take(&sgi->lock);
    for (struct sgi_span *span = sgi->aside.next, *next; span != &sgi->aside; span = next) {
        next = span->next;
        if (span->aside_since >= sgi->trims)
            continue;
        span->previous->next = span->next;
        span->next->previous = span->previous;
        span->next = stale;
        stale = span;
        bytes += SGI_SPAN;
    }
    sgi->heap_bytes -= bytes;
    sgi->aside_bytes -= bytes / SGI_SPAN * sgi->usable;
    sgi->spans_unmapped += bytes / SGI_SPAN;
    sgi_lock_drop(&sgi->lock);

    while (stale) {
        struct sgi_span *next = stale->next;

        sgi_span_unmap(stale);
        stale = next;
    }
    return bytes;
}

/* Takes all lists if a span has no object out: all its objects are then in these lists or in the reserve,
 * which is dropped, and no thread can take one meanwhile. */
static bool detach_lists(struct sgi *sgi, struct sgi_object *lists[SGI_CLASSES])
{
    bool any;

    sgi_lock_take(&sgi->lock);
    any = sgi->whole.next != &sgi->whole;
    for (struct sgi_span *span = sgi->whole.next; span != &sgi->whole; span = span->next) {
        span->dying = true;
        if (sgi->start_free != sgi->end_free && sgi_span_of(sgi->start_free) == span)
            sgi->start_free = sgi->end_free = NULL;
    }
    for (unsigned index = 0; any && index < SGI_CLASSES; index++) {
        lists[index] = sgi->lists[index];
        sgi->lists[index] = NULL;
        sgi->list_counts[index] = 0;
    }
    sgi_lock_drop(&sgi->lock);
    return any;
}

static void keep_living(struct sgi_object *list, struct kept *kept)
{
    kept->end = &kept->first;
    kept->count = 0;
    for (struct sgi_object *object = list, *next; object; object = next) {
        next = object->next;
        if (sgi_span_of(object)->dying)
            continue;
        *kept->end = object;
        kept->end = &object->next;
        kept->count++;
    }
    *kept->end = NULL;
}

static void attach_lists(struct sgi *sgi, struct kept kept[SGI_CLASSES])
{
    sgi_lock_take(&sgi->lock);
    for (unsigned index = 0; index < SGI_CLASSES; index++) {
        *kept[index].end = sgi->lists[index];
        sgi->lists[index] = kept[index].first;
        sgi->list_counts[index] += kept[index].count;
    }
    for (struct sgi_span *span = sgi->whole.next, *next; span != &sgi->whole; span = next) {
        next = span->next;
        if (!span->dying)
            continue;
        span->dying = false;
        span->aside_since = sgi->trims;
        sgi_ring_move_locked(&sgi->aside, span);
        sgi->free_bytes -= sgi->usable;
        sgi->aside_bytes += sgi->usable;
    }
    sgi_lock_drop(&sgi->lock);
}

size_t sgi_trim(struct sgi *sgi)
{
    struct sgi_object *lists[SGI_CLASSES];
    struct kept kept[SGI_CLASSES];
    size_t bytes;

    if (!begin_trim(sgi))
        return 0;
    for (unsigned index = 0; index < SGI_CLASSES; index++)
        sgi_depot_trim(sgi, index);
    bytes = unmap_stale(sgi);
    if (detach_lists(sgi, lists)) {
        for (unsigned index = 0; index < SGI_CLASSES; index++)
            keep_living(lists[index], &kept[index]);
        attach_lists(sgi, kept);
    }
    sgi_lock_take(&sgi->lock);
    sgi->trimming = false;
    sgi_lock_drop(&sgi->lock);
    return bytes;
}

size_t sgi_trim_due(struct sgi *sgi, int64_t now_ms)
{
    int64_t due = atomic_load_explicit(&sgi->trim_due, memory_order_relaxed);

    /* Several threads may find that it is time: one of them trims. */
    if (now_ms < due || !atomic_compare_exchange_strong_explicit(&sgi->trim_due, &due, now_ms + SGI_TRIM_MS,
                                                                 memory_order_relaxed, memory_order_relaxed))
        return 0;
    return sgi_trim(sgi);
}
