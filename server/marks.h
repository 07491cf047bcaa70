/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: high-water marks of a worker: how much of a pool requests and connections needed. Advice
 *   (server/watch/advice.h), `request_pool_size auto` and metrics use them.
 * Lifetime: part of struct worker, zeroed with it. A struct marks_sum is the caller's.
 * Threads: one writer, the worker; any thread may read and sum, as with server/counters.h.
 * Errors: none.
 *
 * Up to 16 KiB a bucket is 64 bytes wide, so that adding is a shift; above it there are four per doubling.
 * The bounds of the fine ones are multiples of 64, so that those of a power of two are exact.
 */
#ifndef SERVER_MARKS_H
#define SERVER_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "pool/pool_mark.h"
#include "server/counters.h"

enum {
    MARKS_STEP_BITS = 6, /* fine buckets are 64 bytes wide */
    MARKS_FINE =
        1 + (16 * 1024 >> MARKS_STEP_BITS), /* number 0: nothing at all; number n: up to n × 64 bytes */
    MARKS_PER_DOUBLING = 4,
    MARKS_DOUBLINGS = 10,                                                 /* from 16 KiB to 16 MiB */
    MARKS_BUCKETS = MARKS_FINE + MARKS_PER_DOUBLING * MARKS_DOUBLINGS + 1 /* the last: more than that */
};

struct marks_histogram {
    _Atomic uint64_t counts[MARKS_BUCKETS];
};

struct marks {
    struct marks_histogram requests;    /* pool_request_bytes of each */
    struct marks_histogram connections; /* pool_peak_bytes of each that has ended: blocks and buffers */
};

/* Plain copies, of one worker or the sum of several. */
struct marks_sum {
    uint64_t counts[MARKS_BUCKETS];
    uint64_t total; /* of counts */
};

/* A mark, in bytes. */
static inline void marks_add(struct marks_histogram *histogram, size_t bytes);

/* Adds what `histogram` has now to `sum`, which begins zeroed. */
void marks_collect(const struct marks_histogram *histogram, struct marks_sum *sum);

/* What came since `before` was collected from the same histograms. */
void marks_since(const struct marks_sum *now, const struct marks_sum *before, struct marks_sum *difference);

/* The largest mark that falls in that bucket, in bytes; SIZE_MAX for the last. */
size_t marks_bound(unsigned bucket);

/* The least bucket bound that `per_mille` thousandths of the marks, rounded up, do not pass. 0 if there are
 * none, SIZE_MAX if only the last bucket holds so many. */
size_t marks_quantile(const struct marks_sum *sum, unsigned per_mille);

/* The sum of all marks, each counted as its bucket's bound: at most 64 bytes too much each up to 16 KiB,
 * above it a fifth. The last bucket counts as 16 MiB each. */
uint64_t marks_bytes(const struct marks_sum *sum);

/* How many marks are at most `bytes`; a bucket that only begins below does not count. */
uint64_t marks_within(const struct marks_sum *sum, size_t bytes);

/* ---- inline bodies ---- */

unsigned marks_bucket_coarse(size_t bytes); /* of more than 16 KiB */

static inline void marks_add(struct marks_histogram *histogram, size_t bytes)
{
    size_t bucket = (bytes + (1 << MARKS_STEP_BITS) - 1) >> MARKS_STEP_BITS;

    if (__builtin_expect(bucket >= MARKS_FINE, 0))
        bucket = marks_bucket_coarse(bytes);
    counter_add(&histogram->counts[bucket], 1);
}

#endif
