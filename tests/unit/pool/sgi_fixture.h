/* SPDX-License-Identifier: BSD-2-Clause */
/* sgi_fixture: an allocator a test, in each mode, and the proof afterwards that all of it went back. The
 * includer has included cmocka. */
#ifndef TESTS_UNIT_POOL_SGI_FIXTURE_H
#define TESTS_UNIT_POOL_SGI_FIXTURE_H

#include "pool/mode.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"

enum { TRIMS_TO_EMPTY = 3 };

static inline struct sgi_stats stats_of(struct sgi *sgi)
{
    struct sgi_stats stats;

    sgi_stats(sgi, &stats);
    return stats;
}

static inline uint64_t system_live(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_count;
}

/* Nothing is out, and all of it goes back. */
static inline void assert_goes_back(struct sgi *sgi)
{
    sgi_thread_detach(sgi);
    assert_int_equal(stats_of(sgi).out_bytes, 0);
    assert_int_equal(stats_of(sgi).large_count, 0);
    assert_int_equal(stats_of(sgi).large_bytes, 0);
    for (int i = 0; i < TRIMS_TO_EMPTY; i++)
        (void)sgi_trim(sgi);
    assert_int_equal(stats_of(sgi).held_bytes, 0);
    assert_int_equal(stats_of(sgi).spans_mapped, stats_of(sgi).spans_unmapped);
}

static uint64_t live_before;

static inline int setup(void **state)
{
    live_before = system_live();
    *state = sgi_create();
    return *state == NULL;
}

static inline int teardown(void **state)
{
    fault_arm(FAULT_SYSTEM, 0, false);
    fault_arm(FAULT_SGI, 0, false);
    sgi_set_oom_handler(NULL);
    sgi_thread_detach(*state);
    sgi_destroy(*state);
    if (system_live() != live_before)
        fail_msg("%llu allocations were not given back", (unsigned long long)(system_live() - live_before));
    return 0;
}

static inline int setup_poison(void **state)
{
    return pool_mode_set(POOL_POISON) != 0 || setup(state);
}

static inline int setup_passthrough(void **state)
{
    return pool_mode_set(POOL_PASSTHROUGH) != 0 || setup(state);
}

static inline int teardown_mode(void **state)
{
    return teardown(state) != 0 || pool_mode_set(POOL_NORMAL) != 0;
}

#endif
