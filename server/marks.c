/* SPDX-License-Identifier: BSD-2-Clause */
/* Histograms of high-water marks: buckets, sums and quantiles. */
#include "server/marks.h"

enum { COARSE_BITS = 14 /* coarse buckets begin above 1 << 14 */ };

unsigned marks_bucket_coarse(size_t bytes)
{
    size_t below = bytes - 1; /* bounds belong to the bucket under them */
    unsigned doubling = 63u - (unsigned)__builtin_clzll(below) - COARSE_BITS;
    unsigned quarter = (unsigned)(below >> (doubling + COARSE_BITS - 2)) % MARKS_PER_DOUBLING;

    if (doubling >= MARKS_DOUBLINGS)
        return MARKS_BUCKETS - 1;
    return MARKS_FINE + doubling * MARKS_PER_DOUBLING + quarter;
}

size_t marks_bound(unsigned bucket)
{
    unsigned coarse = bucket - MARKS_FINE;

    if (bucket < MARKS_FINE)
        return (size_t)bucket << MARKS_STEP_BITS;
    if (bucket >= MARKS_BUCKETS - 1)
        return SIZE_MAX;
    return ((size_t)(MARKS_PER_DOUBLING + 1 + coarse % MARKS_PER_DOUBLING) << (COARSE_BITS - 2))
           << coarse / MARKS_PER_DOUBLING;
}

void marks_collect(const struct marks_histogram *histogram, struct marks_sum *sum)
{
    for (unsigned i = 0; i < MARKS_BUCKETS; i++) {
        uint64_t count = counter_read(&histogram->counts[i]);

        sum->counts[i] += count;
        sum->total += count;
    }
}

void marks_since(const struct marks_sum *now, const struct marks_sum *before, struct marks_sum *difference)
{
    for (unsigned i = 0; i < MARKS_BUCKETS; i++)
        difference->counts[i] = now->counts[i] - before->counts[i];
    difference->total = now->total - before->total;
}

size_t marks_quantile(const struct marks_sum *sum, unsigned per_mille)
{
    uint64_t wanted = sum->total / 1000 * per_mille + (sum->total % 1000 * per_mille + 999) / 1000, seen = 0;

    for (unsigned i = 0; i < MARKS_BUCKETS && sum->total; i++) {
        seen += sum->counts[i];
        if (seen >= wanted && seen)
            return marks_bound(i);
    }
    return 0;
}

uint64_t marks_bytes(const struct marks_sum *sum)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < MARKS_BUCKETS; i++)
        bytes += sum->counts[i] * marks_bound(i < MARKS_BUCKETS - 1 ? i : i - 1);
    return bytes;
}

uint64_t marks_within(const struct marks_sum *sum, size_t bytes)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < MARKS_BUCKETS && marks_bound(i) <= bytes; i++)
        count += sum->counts[i];
    return count;
}
