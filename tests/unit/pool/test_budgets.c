/* SPDX-License-Identifier: BSD-2-Clause */
/* Budgets below the pool: of all (sysmem) and of a sizeclass (worker_memory_budget), counted by pages
 * that are resident; and what a refusal says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pool/annotate.h"
#include "pool/pool.h"
#include "pool/sizeclass.h"
#include "pool/sysmem.h"

enum { PAGE = SIZECLASS_PAGE, BLOCK = 16384, BUDGET = 64 * PAGE };

static uint64_t live_bytes(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_bytes;
}

static int setup(void **state)
{
    *state = sizeclass_create();
    return *state == NULL;
}

static int teardown(void **state)
{
    sysmem_set_budget(0);
    sizeclass_destroy(*state);
    return live_bytes() != 0;
}

static void test_a_reservation_counts_what_is_charged(void **state)
{
    uint64_t before;
    char *p;

    (void)state;
    before = live_bytes();
    p = sysmem_reserve(SYSMEM_OF_SHARED, 1 << 20, 1 << 20);

    assert_non_null(p);
    assert_int_equal(live_bytes(), before);
    assert_true(sysmem_charge(SYSMEM_OF_SHARED, PAGE));
    p[0] = 1;
    assert_int_equal(live_bytes(), before + PAGE);
    sysmem_set_budget((size_t)before + 3 * PAGE);
    errno = 0;
    assert_false(sysmem_charge(SYSMEM_OF_SHARED, 3 * PAGE));
    assert_int_equal(errno, EDQUOT);
    assert_true(sysmem_charge(SYSMEM_OF_SHARED, 2 * PAGE));
    assert_false(sysmem_charge(SYSMEM_OF_SHARED, 1));
    sysmem_uncharge(SYSMEM_OF_SHARED, 3 * PAGE);
    assert_int_equal(live_bytes(), before);
    sysmem_unreserve(SYSMEM_OF_SHARED, p, 1 << 20);
}

#ifndef ANNOTATE_ASAN /* where what comes back waits in a quarantine larger than the budget */
/* What is held is at least what is resident, at most the budget, and falls when memory is given back. */
static void fill_and_empty(struct sizeclass *classes, int expected)
{
    static void *objects[BUDGET / 16];
    static const size_t sizes[] = {512, BLOCK, 100, 4096, 40000};

    for (unsigned round = 0; round < sizeof sizes / sizeof(sizes[0]); round++) {
        struct sizeclass_stats stats;
        size_t size = sizes[round], count = 0;

        while ((objects[count] = sizeclass_get(classes, size, NULL)) != NULL) {
            memset(objects[count++], 1, size);
            sizeclass_stats(classes, &stats);
            assert_int_equal(stats.held_bytes, sizeclass_held(classes));
            assert_true(stats.held_bytes >= stats.resident_bytes);
            assert_true(stats.held_bytes <= BUDGET);
        }
        assert_int_equal(errno, expected);
        /* All of it is of use, whatever the last round left behind: a page for the descriptors, and what
         * is smaller than a run. */
        assert_true(count * sizeclass_round(size) + sizeclass_round(size) + 2 * PAGE > BUDGET);
        while (count > 0)
            sizeclass_put(classes, objects[--count], size);
    }
    sizeclass_reclaim(classes);
}

static void test_own_budget(void **state)
{
    struct sizeclass *classes = *state;

    sizeclass_set_budget(classes, BUDGET);
    fill_and_empty(classes, ENOBUFS);
    assert_int_equal(sizeclass_held(classes), PAGE);
}

static void test_budget_of_all(void **state)
{
    struct sizeclass *classes = *state;
    uint64_t before = live_bytes();

    sysmem_set_budget((size_t)before + BUDGET);
    fill_and_empty(classes, EDQUOT);
    assert_int_equal(live_bytes(), before + PAGE);
}
#endif

static void test_what_is_larger_counts_too(void **state)
{
    struct sizeclass *classes = *state;
    void *block = sizeclass_get(classes, BLOCK, NULL), *large;
    size_t size =
        BUDGET - (mode_watched ? 10 : 1) * PAGE; /* without a quarantine the empty block makes room */

    sizeclass_set_budget(classes, BUDGET);
    sizeclass_put(classes, block, BLOCK);
    assert_null(sizeclass_get(classes, BUDGET + 1, NULL));
    assert_int_equal(errno, ENOBUFS);
    large = sizeclass_get(classes, size, NULL);
    assert_non_null(large);
    assert_null(sizeclass_get(classes, BUDGET / 2, NULL));
    sizeclass_put(classes, large, size);
    block = sizeclass_get(classes, BLOCK, NULL);
    assert_non_null(block);
    sizeclass_put(classes, block, BLOCK);
}

static void expect_refusal(const struct pool *pool, enum pool_failure why, size_t asked, const char *purpose)
{
    const struct pool_refusal *refusal = pool_last_refusal();

    if (pool != NULL)
        assert_int_equal(pool_failure(pool), why);
    assert_int_equal(refusal->why, why);
    assert_int_equal(refusal->asked, asked);
    assert_string_equal(refusal->purpose, purpose);
}

static void test_a_refusal_says_what_was_asked(void **state)
{
    struct sizeclass *classes = *state;
    struct pool_options options = {
        .classes = classes, .first_size = 512, .block_size = 4096, .budget = 30000, .name = "connection"};
    struct pool *pool = pool_create(&options);

    assert_non_null(pool);
    assert_null(pool_take(pool, BLOCK * 2, NULL, "too much"));
    expect_refusal(pool, POOL_FAILURE_BUDGET, 40960, "too much");
    sizeclass_set_budget(classes, sizeclass_held(classes));
    assert_null(pool_take(pool, BLOCK, NULL, "input"));
    expect_refusal(pool, POOL_FAILURE_WORKER, 20480, "input");
    assert_null(pool_alloc(pool, 1000, "header"));
    expect_refusal(pool, POOL_FAILURE_WORKER, 4096, "header");
    sizeclass_set_budget(classes, 0);
    sysmem_set_budget((size_t)live_bytes());
    assert_null(pool_take(pool, BLOCK, NULL, "output"));
    expect_refusal(pool, POOL_FAILURE_TOTAL, 20480, "output");
    assert_null(pool_array(pool, SIZE_MAX, 2, "absurd"));
    expect_refusal(pool, POOL_FAILURE_SYSTEM, SIZE_MAX, "absurd");
    options.first_size = 8000;
    assert_null(pool_create(&options));
    expect_refusal(NULL, POOL_FAILURE_TOTAL, 8192, "connection");
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_reservation_counts_what_is_charged, setup, teardown),
#ifndef ANNOTATE_ASAN
        cmocka_unit_test_setup_teardown(test_own_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget_of_all, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(test_what_is_larger_counts_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_says_what_was_asked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
