/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept above the budgets for whoever looks at the server: who gets it, how much, and its way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "pool/annotate.h"
#include "pool/pool.h"
#include "pool/sysmem.h"

enum { PAGE = SIZECLASS_PAGE, SPARE = 16 * PAGE };

struct both {
    struct sizeclass *classes, *spare;
};

static uint64_t live_bytes(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_bytes;
}

static int setup(void **state)
{
    static struct both both;

    both.classes = sizeclass_create();
    both.spare = sizeclass_create();
    sizeclass_set_spare(both.classes, both.spare);
    sysmem_set_spare(SPARE);
    *state = &both;
    return !both.classes || !both.spare;
}

static int teardown(void **state)
{
    struct both *both = *state;

    sysmem_set_budget(0);
    sysmem_set_spare(0);
    sizeclass_destroy(both->classes);
    sizeclass_destroy(both->spare);
    return live_bytes() != 0 || sizeclass_lost() != 0;
}

static struct pool *make_pool(struct sizeclass *classes, bool spared)
{
    const struct pool_options options = {
        .classes = classes, .first_size = 512, .block_size = 4096, .name = "test", .spared = spared};

    return pool_create(&options);
}

/* No page more than there are. */
static void fill_the_budget(void)
{
    sysmem_set_budget((size_t)live_bytes());
}

static void test_only_the_spared_go_above(void **state)
{
    struct both *both = *state;
    struct pool *plain = make_pool(both->classes, false), *spared = make_pool(both->classes, true);
    void *buffer;

    fill_the_budget();
    assert_null(pool_take(plain, 20000, NULL, "input"));
    assert_int_equal(pool_failure(plain), POOL_FAILURE_TOTAL);
    buffer = pool_take(spared, 20000, NULL, "input");
    assert_non_null(buffer);
    memset(buffer, 1, 20000);
    pool_set_spared(plain, true);
    assert_non_null(pool_take(plain, 4000, NULL, "input"));
    pool_set_spared(plain, false);
    assert_null(pool_take(plain, 4000, NULL, "input"));
    pool_put(spared, buffer);
    pool_destroy(spared);
    pool_destroy(plain);
}

/* A pool can be made when nothing is left, and grows up to the spare; then it is refused like any other. */
static void test_no_more_than_the_spare(void **state)
{
    struct both *both = *state;
    struct pool *spared;
    uint64_t before;
    unsigned taken = 0;

    sysmem_set_budget(1);
    assert_null(make_pool(both->classes, false));
    sysmem_set_budget(0);
    before = live_bytes();
    sysmem_set_budget((size_t)before);
    spared = make_pool(both->classes, true);
    assert_non_null(spared);
    while (pool_take(spared, 4000, NULL, "input"))
        taken++;
    assert_int_equal(pool_failure(spared), POOL_FAILURE_TOTAL);
    assert_true(live_bytes() <= before + SPARE);
    assert_true(taken >= SPARE / PAGE - 3); /* the descriptors, the pool's own page */
    assert_null(pool_take(spared, SIZECLASS_MAX + 1, NULL, "input"));
    pool_destroy(spared);
}

#ifndef ANNOTATE_ASAN /* where what comes back waits in a quarantine larger than the spare */
/* What a spared pool gives back serves no other: the next who looks finds it. */
static void test_it_stays_theirs(void **state)
{
    struct both *both = *state;
    struct pool *plain = make_pool(both->classes, false);
    struct pool *spared;

    fill_the_budget();
    for (unsigned round = 0; round < 100; round++) {
        spared = make_pool(both->classes, true);
        assert_non_null(spared);
        for (unsigned i = 0; i < SPARE / PAGE - 3; i++)
            assert_non_null(pool_take(spared, 4000, NULL, "output"));
        pool_destroy(spared);
        assert_null(pool_take(plain, 4000, NULL, "input"));
    }
    pool_destroy(plain);
}
#endif

/* worker_memory_budget is gone round as well. */
static void test_above_the_worker(void **state)
{
    struct both *both = *state;
    struct pool *spared = make_pool(both->classes, true);

    sizeclass_set_budget(both->classes, sizeclass_held(both->classes));
    assert_non_null(pool_take(spared, 30000, NULL, "input"));
    assert_int_equal(sizeclass_held(both->classes), 2 * PAGE);
    pool_destroy(spared);
    sizeclass_set_budget(both->classes, 0);
}

/* Blocks of both kinds in one pool, over resets. */
static void test_both_in_one_pool(void **state)
{
    struct both *both = *state;
    struct pool *pool = make_pool(both->classes, true);

    for (unsigned round = 0; round < 40; round++) {
        if (round % 4 == 2)
            fill_the_budget();
        for (unsigned i = 0; i < round % 5; i++) {
            char *p = pool_alloc(pool, 1500, "test");

            assert_non_null(p);
            memset(p, 2, 1500);
            p = pool_alloc(pool, 3000, "large");
            assert_non_null(p);
            memset(p, 3, 3000);
        }
        if (round % 3 == 0)
            pool_idle(pool);
        else
            pool_reset(pool);
        sysmem_set_budget(0);
        (void)sizeclass_trim(both->classes, (int64_t)round * 3000 + 1);
        (void)sizeclass_trim(both->spare, (int64_t)round * 3000 + 1);
    }
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_the_spared_go_above, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_more_than_the_spare, setup, teardown),
#ifndef ANNOTATE_ASAN
        cmocka_unit_test_setup_teardown(test_it_stays_theirs, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(test_above_the_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_in_one_pool, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
