/* SPDX-License-Identifier: BSD-2-Clause */
/* The two allocation workloads every allocator here is measured on, so that figures compare.
 *
 * REQUEST: what one keep-alive request asks of its pool: 40 allocations, the first 1,024 bytes (a read
 * buffer), then 70 % of 8..64 bytes, 25 % of 64..256 and 5 % of 256..1,024; one byte of each is written; then
 * all die together. 64 such requests are made once and used in turn. Report ns per allocation, the reset
 * included.
 *
 * CHURN: what threads do to a shared allocator: each keeps 256 live objects of 16, 32, 64 or 128 bytes and
 * replaces the oldest, over and over. Report ns per free+allocate pair, with one thread and with two at once;
 * and the same with every object freed by the other thread than the one that allocated it.
 */
#ifndef TESTS_BENCH_ALLOC_TRACE_H
#define TESTS_BENCH_ALLOC_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum { REQUEST_ALLOCATIONS = 40, REQUEST_KINDS = 64, CHURN_LIVE = 256 };

static inline uint32_t trace_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline void trace_requests(size_t sizes[REQUEST_KINDS][REQUEST_ALLOCATIONS])
{
    uint32_t state = 12345;

    for (int kind = 0; kind < REQUEST_KINDS; kind++) {
        for (int i = 0; i < REQUEST_ALLOCATIONS; i++) {
            uint32_t r = trace_next(&state);
            if (i == 0)
                sizes[kind][i] = 1024;
            else if (r % 100 < 70)
                sizes[kind][i] = 8 + (r >> 7) % 57;
            else if (r % 100 < 95)
                sizes[kind][i] = 64 + (r >> 7) % 193;
            else
                sizes[kind][i] = 256 + (r >> 7) % 769;
        }
    }
}

static inline size_t trace_churn_size(uint32_t *state)
{
    return (size_t)16 << (trace_next(state) >> 12 & 3);
}

#endif
