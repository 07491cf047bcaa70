/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures, copied lock by lock. */
#include "pool/sgi_stats.h"

#include <string.h>

#include "pool/sgi_inner.h"

void sgi_class_stats(struct sgi *sgi, unsigned index, struct sgi_class_stats *stats)
{
    struct sgi_depot *depot = &sgi->depots[index];

    sgi_lock_take(&depot->lock);
    stats->full = depot->full_count;
    stats->empty = depot->empty_count;
    stats->depot = depot->lock.stats;
    sgi_lock_drop(&depot->lock);
    sgi_lock_take(&sgi->lock);
    stats->free = sgi->list_counts[index];
    stats->refills = sgi->refills[index];
    stats->drains = sgi->drains[index];
    sgi_lock_drop(&sgi->lock);
}

void sgi_stats(struct sgi *sgi, struct sgi_stats *stats)
{
    size_t usable_bytes;

    memset(stats, 0, sizeof *stats);
    for (unsigned index = 0; index < SGI_CLASSES; index++) {
        struct sgi_depot *depot = &sgi->depots[index];

        sgi_lock_take(&depot->lock);
        stats->depot_bytes += depot->full_count * SGI_BATCH * sgi_class_size(index);
        stats->depots.taken += depot->lock.stats.taken;
        stats->depots.contended += depot->lock.stats.contended;
        stats->depots.wait_ns += depot->lock.stats.wait_ns;
        sgi_lock_drop(&depot->lock);
    }
    sgi_lock_take(&sgi->lock);
    stats->lists = sgi->lock.stats;
    stats->spans_mapped = sgi->spans_mapped;
    stats->spans_unmapped = sgi->spans_unmapped;
    stats->held_bytes = sgi->heap_bytes;
    stats->free_bytes = sgi->free_bytes + sgi->aside_bytes;
    stats->scavenged = sgi->scavenged;
    stats->threads = sgi->threads;
    usable_bytes = sgi->heap_bytes / SGI_SPAN * sgi->usable;
    sgi_lock_drop(&sgi->lock);
    /* Objects may have gone from the depots to the lists between the two looks. */
    if (usable_bytes > stats->free_bytes + stats->depot_bytes)
        stats->out_bytes = usable_bytes - stats->free_bytes - stats->depot_bytes;
    stats->large_count = atomic_load_explicit(&sgi->large_count, memory_order_relaxed);
    stats->large_bytes = atomic_load_explicit(&sgi->large_bytes, memory_order_relaxed);
    stats->handler_runs = sgi_handler_runs();
}
