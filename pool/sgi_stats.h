/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: figures of the shared allocator. How much it holds, how often threads waited for its locks; part
 *   of pool/sgi.h.
 * Lifetime: plain copies.
 * Threads: any may ask; each lock is held for the copying of a few numbers.
 * Errors: none; figures of two locks may be a moment apart.
 */
#ifndef POOL_SGI_STATS_H
#define POOL_SGI_STATS_H

#include <stddef.h>
#include <stdint.h>

struct sgi;

struct sgi_lock_stats {
    uint64_t taken;     /* times */
    uint64_t contended; /* of them, times that another thread held it */
    uint64_t wait_ns;   /* spent waiting for it */
};

/* One of the sixteen. */
struct sgi_class_stats {
    size_t free;        /* objects on its list */
    size_t full, empty; /* magazines in its depot */
    uint64_t refills;   /* batches (or single objects) that threads took from the list */
    uint64_t drains;    /* batches that were given back to it */
    struct sgi_lock_stats depot;
};

struct sgi_stats {
    struct sgi_lock_stats lists, depots; /* depots: the sum over the classes */
    uint64_t spans_mapped, spans_unmapped;
    size_t held_bytes;     /* level 2: spans, tables included */
    size_t free_bytes;     /* of them: on the lists, in the reserve, set aside */
    size_t depot_bytes;    /* of them: in the depots' full magazines */
    size_t out_bytes;      /* of them: live or in threads' magazines; with no thread attached: live */
    size_t large_count;    /* level 1: live requests */
    size_t large_bytes;    /* level 1 */
    uint64_t handler_runs; /* times the out-of-memory handler was asked, process-wide */
    uint64_t scavenged;    /* times a free object became the reserve */
    unsigned threads;      /* attached */
};

void sgi_stats(struct sgi *sgi, struct sgi_stats *stats);
void sgi_class_stats(struct sgi *sgi, unsigned index, struct sgi_class_stats *stats); /* class: 0..15 */

#endif
