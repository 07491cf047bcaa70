/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pool/fault.h"
#include "pool/pool.h"
#include "pool/refpool.h"
#include "pool/sysmem.h"
#include "tests/unit/pool/seed.h"

enum { BLOCK = 4096 };

struct fixture {
    struct sizeclass *classes;
    struct pool *parent;
    struct refpool *refpool;
    uint64_t live_before;
};

static struct refpool_stats stats_of(const struct refpool *refpool)
{
    struct refpool_stats stats;

    refpool_stats(refpool, &stats);
    return stats;
}

static uint64_t system_live(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_count;
}

static uint32_t buffers_of(struct pool *pool)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    return stats.buffers;
}

static int setup_budget(void **state, size_t budget)
{
    static struct fixture fixture;
    struct pool_options options = {.first_size = 512, .block_size = 4096, .budget = budget, .name = "echo"};

    fixture.live_before = system_live();
    fixture.classes = options.classes = sizeclass_create();
    fixture.parent = pool_create(&options);
    fixture.refpool = refpool_create(fixture.parent, BLOCK);
    *state = &fixture;
    return fixture.refpool == NULL;
}

static int setup(void **state)
{
    return setup_budget(state, 0);
}

static int setup_small_budget(void **state)
{
    return setup_budget(state, (size_t)4 * BLOCK);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    fault_arm(FAULT_POOL, 0, false);
    refpool_destroy(fixture->refpool);
    assert_int_equal(buffers_of(fixture->parent), 0);
    pool_destroy(fixture->parent);
    sizeclass_destroy(fixture->classes);
    assert_int_equal(system_live(), fixture->live_before);
    return 0;
}

static int setup_poison(void **state)
{
    return pool_mode_set(POOL_POISON) != 0 || setup(state);
}

static int setup_passthrough(void **state)
{
    return pool_mode_set(POOL_PASSTHROUGH) != 0 || setup(state);
}

static int teardown_mode(void **state)
{
    return teardown(state) != 0 || pool_mode_set(POOL_NORMAL) != 0;
}

static struct refpool_chunk take(struct refpool *refpool, size_t size)
{
    struct refpool_chunk chunk;

    assert_non_null(refpool_alloc(refpool, size, &chunk));
    assert_int_equal((uintptr_t)chunk.bytes % 16, 0);
    memset(chunk.bytes, 0x33, size);
    return chunk;
}

static void test_the_current_block_rewinds_at_zero(void **state)
{
    struct refpool *refpool = ((struct fixture *)*state)->refpool;
    struct refpool_chunk first = take(refpool, 100), second = take(refpool, 0), third;
    size_t room;

    assert_ptr_not_equal(first.bytes, second.bytes);
    assert_int_equal(refpool_free(refpool, &first), 0);
    assert_int_equal(stats_of(refpool).rewinds, 0);
    assert_int_equal(refpool_free(refpool, &second), 0);
    assert_int_equal(stats_of(refpool).rewinds, 1);
    room = refpool_room(refpool);
    assert_in_range(room, BLOCK - 200, BLOCK);
    third = take(refpool, 100);
    assert_ptr_equal(third.bytes, first.bytes);
    assert_int_equal(refpool_free(refpool, &third), 0);
    assert_int_equal(refpool_room(refpool), room);
}

static void test_another_block_goes_back_at_zero(void **state)
{
    struct fixture *fixture = *state;
    struct refpool *refpool = fixture->refpool;
    struct refpool_chunk old[3], fresh;

    for (int i = 0; i < 3; i++)
        old[i] = take(refpool, 1200);
    assert_int_equal(stats_of(refpool).pinned_bytes, 0);
    fresh = take(refpool, 1200);
    assert_int_equal(stats_of(refpool).blocks, 2);
    assert_in_range(stats_of(refpool).pinned_bytes, 3600, BLOCK);
    assert_int_equal(stats_of(refpool).stranded_bytes, stats_of(refpool).pinned_bytes - 3600);
    assert_int_equal(stats_of(refpool).live_chunks, 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(buffers_of(fixture->parent), 2);
        assert_int_equal(refpool_free(refpool, &old[i]), 0);
    }
    assert_int_equal(buffers_of(fixture->parent), 1);
    assert_int_equal(stats_of(refpool).pinned_bytes, 0);
    refpool_idle(refpool); /* something lives: it stays */
    assert_int_equal(buffers_of(fixture->parent), 1);
    assert_int_equal(refpool_free(refpool, &fresh), 0);
    refpool_idle(refpool);
    assert_int_equal(buffers_of(fixture->parent), 0);
    assert_int_equal(refpool_room(refpool), 0);
}

/* The printed code raises a block's count for a large one and never lowers it. */
static void test_a_large_one_pins_no_block(void **state)
{
    struct fixture *fixture = *state;
    struct refpool *refpool = fixture->refpool;
    struct refpool_chunk small = take(refpool, 2000), large = take(refpool, 3000),
                         huge = take(refpool, 300000);

    assert_int_equal(stats_of(refpool).large, 2);
    assert_int_equal(refpool_free(refpool, &small), 0);
    assert_int_equal(stats_of(refpool).rewinds, 1);
    assert_int_equal(refpool_free(refpool, &large), 0);
    assert_int_equal(refpool_free(refpool, &huge), 0);
    assert_int_equal(refpool_free(refpool, &huge), -ESTALE);
    assert_int_equal(buffers_of(fixture->parent), 1);
    assert_null(refpool_alloc(refpool, SIZE_MAX, &huge));
    assert_null(refpool_alloc(refpool, SIZE_MAX / 2 - 3, &huge));
}

/* The printed code's late free after a reset wraps the count of whoever is there now. */
static void test_a_late_free_lowers_nobodys_count(void **state)
{
    struct refpool *refpool = ((struct fixture *)*state)->refpool;
    struct refpool_chunk late[8], stranger;

    for (int i = 0; i < 8; i++)
        late[i] = take(refpool, 1000);
    refpool_reset(refpool);
    assert_int_equal(stats_of(refpool).blocks, 1);
    assert_int_equal(stats_of(refpool).live_chunks, 0);
    stranger = take(refpool, 50);
    for (int i = 0; i < 8; i++)
        assert_int_equal(refpool_free(refpool, &late[i]), -ESTALE);
    assert_int_equal(stats_of(refpool).late_frees, 8);
    assert_int_equal(stats_of(refpool).live_chunks, 1);
    assert_false(refpool_give_back(refpool, &late[0], 1000, 0));
    assert_int_equal(refpool_free(refpool, &stranger), 0);
    /* Rewound: the same chunk a second time is late as well. */
    assert_int_equal(refpool_free(refpool, &stranger), -ESTALE);
    late[0].slot = 1000000;
    assert_int_equal(refpool_free(refpool, &late[0]), -ESTALE);
}

static void test_the_unused_tail_comes_back(void **state)
{
    struct refpool *refpool = ((struct fixture *)*state)->refpool;
    struct refpool_chunk first = take(refpool, 2000), second, large;
    size_t room = refpool_room(refpool);

    assert_true(refpool_give_back(refpool, &first, 2000, 33));
    assert_int_equal(refpool_room(refpool), room + 2000 - 48);
    second = take(refpool, 16);
    assert_ptr_equal(second.bytes, (char *)first.bytes + 48);
    assert_false(refpool_give_back(refpool, &first, 33, 1));
    assert_true(refpool_give_back(refpool, &second, 16, 0));
    assert_int_equal(refpool_free(refpool, &second), 0);
    second = take(refpool, refpool_room(refpool)); /* all of it fits */
    assert_int_equal(refpool_room(refpool), 0);
    assert_int_equal(stats_of(refpool).blocks, 1);
    large = take(refpool, 100000);
    assert_false(refpool_give_back(refpool, &large, 100000, 10));
    assert_int_equal(refpool_free(refpool, &large), 0);
    assert_int_equal(refpool_free(refpool, &second), 0);
    assert_int_equal(refpool_free(refpool, &first), 0);
    assert_int_equal(stats_of(refpool).rewinds, 1);
}

static void test_the_budget_of_the_parent_counts(void **state)
{
    struct fixture *fixture = *state;
    struct refpool *refpool = fixture->refpool;
    struct refpool_chunk chunks[16], refused = {.bytes = fixture};
    int count = 0;

    while (count < 16 && refpool_alloc(refpool, 1500, &chunks[count]) != NULL)
        count++;
    assert_in_range(count, 4, 8);
    assert_int_equal(pool_failure(fixture->parent), POOL_FAILURE_BUDGET);
    assert_null(refpool_alloc(refpool, 1500, &refused));
    assert_ptr_equal(refused.bytes, fixture);
    assert_int_equal(refpool_free(refpool, &chunks[0]), 0);
    assert_int_equal(refpool_free(refpool, &chunks[1]), 0); /* the first block of two goes back */
    assert_non_null(refpool_alloc(refpool, 1500, &chunks[0]));
    refpool_reset(refpool);
}

enum { MODEL_LIVE = 60, MODEL_STEPS = 30000 };

struct model {
    struct refpool_chunk chunk;
    size_t size; /* 0: none */
    unsigned char fill;
};

static void model_free(struct refpool *refpool, struct model *slot)
{
    const unsigned char *bytes = slot->chunk.bytes;

    for (size_t i = 0; i < slot->size; i++)
        assert_int_equal(bytes[i], slot->fill);
    assert_int_equal(refpool_free(refpool, &slot->chunk), 0);
    slot->size = 0;
}

static void model_take(struct refpool *refpool, struct model *slot, uint64_t *seed)
{
    size_t size = 1 + (seed_below(seed, 30) == 0 ? seed_below(seed, 20000) : seed_below(seed, 1500));

    if (refpool_alloc(refpool, size, &slot->chunk) == NULL)
        return;
    slot->size = size;
    if (seed_below(seed, 3) == 0) {
        size_t keep = 1 + seed_below(seed, size);

        if (refpool_give_back(refpool, &slot->chunk, size, keep))
            slot->size = keep;
    }
    slot->fill = (unsigned char)seed_next(seed);
    memset(slot->chunk.bytes, slot->fill, slot->size);
}

/* Chunks of many ages, late frees and failures mixed in: none overlaps another, and the count is always
 * right. */
static void test_model(void **state)
{
    static struct model slots[MODEL_LIVE];
    struct refpool *refpool = ((struct fixture *)*state)->refpool;
    uint64_t seed = seed_start("refpool");
    size_t live = 0;

    memset(slots, 0, sizeof slots);
    for (int step = 0; step < MODEL_STEPS; step++) {
        struct model *slot = &slots[seed_below(&seed, MODEL_LIVE)];
        size_t dice = seed_below(&seed, 1000);
        bool was = slot->size != 0;

        if (dice == 0) {
            struct refpool_chunk late = slot->chunk;

            refpool_reset(refpool);
            memset(slots, 0, sizeof slots);
            if (was)
                assert_int_equal(refpool_free(refpool, &late), -ESTALE);
            live = 0;
        } else if (dice < 10) {
            fault_arm(FAULT_POOL, seed_below(&seed, 4), false);
        } else if (dice < 20) {
            refpool_idle(refpool);
        } else if (was) {
            model_free(refpool, slot);
            live--;
        } else {
            model_take(refpool, slot, &seed);
            live += slot->size != 0;
        }
        assert_int_equal(stats_of(refpool).live_chunks, live);
    }
    for (int i = 0; i < MODEL_LIVE; i++) {
        if (slots[i].size != 0)
            model_free(refpool, &slots[i]);
    }
    refpool_idle(refpool);
    assert_int_equal(stats_of(refpool).blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_current_block_rewinds_at_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_block_goes_back_at_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_large_one_pins_no_block, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_late_free_lowers_nobodys_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_late_free_lowers_nobodys_count, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_the_unused_tail_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_budget_of_the_parent_counts, setup_small_budget, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_model, setup_passthrough, teardown_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
