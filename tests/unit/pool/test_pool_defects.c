/* SPDX-License-Identifier: BSD-2-Clause */
/* One test for each defect D1 to D16 of ngx_palloc that this pool is to be free of. test_baselines.c runs
 * those of the design against a plain pool, where they must fail. */
#include "tests/unit/pool/pool_fixture.h"

#include <pthread.h>

#include "tests/unit/pool/mistake.h"
#include "tests/unit/pool/seed.h"

/* How many 16-byte allocations the next `blocks` blocks give. */
static size_t fill_blocks(struct pool *pool, uint32_t blocks)
{
    size_t count = 0;
    uint32_t until = stats_of(pool).blocks + blocks;

    while (stats_of(pool).blocks < until) {
        assert_non_null(pool_alloc(pool, 16, "fill"));
        count++;
    }
    return count;
}

static void test_d1_blocks_keep_their_size_over_resets(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    size_t before = fill_blocks(pool, 4);

    for (int round = 0; round < 5; round++) {
        pool_reset(pool);
        assert_int_equal(stats_of(pool).used_bytes, 0);
        assert_int_equal(fill_blocks(pool, 4), before);
    }
    assert_int_equal(before, (512 - POOL_HEADER_MAX) / 16 + 3 * (1024 - 16) / 16 + 1);
    pool_destroy(pool);
}

static char ran[8];

static void note(void *data)
{
    strcat(ran, data);
}

static void test_d2_reset_runs_cleanups_and_forgets_them(void **state)
{
    static char one[] = "1", two[] = "2";
    struct pool *pool = pool_of(state, 512, 1024, 0);

    ran[0] = '\0';
    assert_non_null(pool_cleanup_add(pool, note, one));
    assert_non_null(pool_cleanup_add(pool, note, two));
    pool_reset(pool);
    assert_string_equal(ran, "21");
    memset(pool_alloc(pool, 300, "what their nodes stood in"), 0xff, 300);
    pool_reset(pool);
    pool_destroy(pool);
    assert_string_equal(ran, "21");
}

static void test_d3_no_alignment_steps_past_the_end(void **state)
{
    uint64_t seed = seed_start("d3");

    for (int round = 0; round < 300; round++) {
        struct pool *pool = pool_of(state, seed_below(&seed, 1200), seed_below(&seed, 1200) + 1, 0);
        for (int i = 0; i < 100; i++) {
            size_t size = seed_below(&seed, 70);
            bool aligned = seed_below(&seed, 2) == 0;
            char *p = aligned ? pool_alloc(pool, size, "d3") : pool_nalloc(pool, size, "d3");
            const char *block, *end;

            assert_non_null(p);
            block = (const char *)pool->current;
            end = block + pool->current->size;
            assert_true(p >= block && p <= end && size <= (size_t)(end - p));
            assert_true(pool->cursor <= pool->limit && pool->limit == end && (uintptr_t)end % 16 == 0);
            memset(p, 0xff, size); /* ASan looks at what lies behind, for pools on the system */
        }
        pool_destroy(pool);
    }
}

static void test_d4_small_and_absurd_sizes_at_create(void **state)
{
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, (size_t)UINT32_MAX + 1};

    for (size_t size = 0; size <= 512; size++) {
        struct pool *pool = pool_of(state, size, size, 0);
        assert_true(stats_of(pool).held_bytes >= POOL_FIRST_MIN);
        for (int i = 0; i < 10; i++)
            memset(pool_alloc(pool, 100, "d4"), 1, 100);
        pool_destroy(pool);
    }
    for (size_t i = 0; i < sizeof absurd / sizeof(absurd[0]); i++) {
        errno = 0;
        assert_null(pool_create(&(struct pool_options){.classes = *state, .first_size = absurd[i]}));
        assert_int_equal(errno, EINVAL);
        assert_null(pool_create(&(struct pool_options){.classes = *state, .block_size = absurd[i]}));
    }
}

static void test_d5_a_heavy_request_does_not_pin_its_blocks(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);

    for (int i = 0; i < 200; i++)
        assert_non_null(pool_alloc(pool, 2000, "heavy"));
    assert_true(stats_of(pool).held_bytes > 100 * 4096);
    pool_reset(pool);
    assert_true(stats_of(pool).held_bytes <= 512 + POOL_RESERVE_BLOCKS * 4096);
    assert_true(stats_of(pool).reserve > 0);
    for (int request = 0; request < 2 * POOL_RESERVE_WINDOW; request++) {
        assert_non_null(pool_alloc(pool, 2000, "light"));
        pool_reset(pool);
    }
    assert_int_equal(stats_of(pool).reserve, 1); /* what recent requests used */
    assert_int_equal(stats_of(pool).held_bytes, 512 + 4096);
    for (int request = 0; request < 2 * POOL_RESERVE_WINDOW; request++)
        pool_reset(pool);
    assert_int_equal(stats_of(pool).held_bytes, 512);
    pool_destroy(pool);
}

static void test_d6_stranded_bytes_are_counted(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    size_t left;

    assert_non_null(pool_alloc(pool, 64, "first"));
    assert_int_equal(stats_of(pool).stranded_bytes, 0);
    assert_non_null(pool_alloc(pool, 1024, "does not fit"));
    left = 512 - sizeof(struct pool) - 64;
    assert_int_equal(stats_of(pool).stranded_bytes, left);
    for (int i = 0; i < 3; i++)
        assert_non_null(pool_alloc(pool, 1008, "fill")); /* 1024 + 3 × 1008 = 4048 of 4080 */
    assert_non_null(pool_alloc(pool, 1000, "next"));
    assert_int_equal(stats_of(pool).stranded_bytes, left + 32);
    pool_idle(pool);
    assert_int_equal(stats_of(pool).stranded_bytes, 0);

    /* A block is not passed over for a request that has a better place: it gets a block to itself. */
    assert_non_null(pool_alloc(pool, 1000, "next block"));
    assert_non_null(pool_alloc(pool, 1500, "leaves 1568"));
    assert_non_null(pool_alloc(pool, 1900, "more than is left, and much is left"));
    assert_int_equal(stats_of(pool).larges, 1);
    assert_int_equal(stats_of(pool).blocks, 2);
    assert_non_null(pool_alloc(pool, 1500, "fits"));
    assert_int_equal(stats_of(pool).blocks, 2);
    pool_destroy(pool);
}

static void test_d7_large_ones_in_a_loop_do_not_grow_the_pool(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    char *others[20];
    size_t held, used;

    for (int i = 0; i < 20; i++)
        assert_non_null(others[i] = pool_alloc(pool, 5000, "others"));
    held = stats_of(pool).held_bytes;
    used = stats_of(pool).used_bytes;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(pool_free(pool, pool_alloc(pool, 5000, "d7")), 0);
    assert_int_equal(stats_of(pool).held_bytes, held);
    assert_int_equal(stats_of(pool).used_bytes, used);
    assert_true(stats_of(pool).peak_bytes <= held + 8192);
    pool_destroy(pool);
}

static void test_d8_free_of_a_large_one_is_direct_and_accounted(void **state)
{
    size_t each;

    enum { MANY = 20000, SIZE = 3000 };
    struct pool *pool = pool_of(state, 512, 4096, 0);
    static char *larges[MANY];
    size_t before = stats_of(pool).held_bytes;

    for (int i = 0; i < MANY; i++)
        assert_non_null(larges[i] = pool_alloc(pool, SIZE, "d8"));
    each = (stats_of(pool).held_bytes - before) / MANY;
    assert_true(each >= SIZE + POOL_CHUNK_HEADER && each <= 4096);
    /* Oldest first: the farthest from the head of the list. */
    for (int i = 0; i < MANY; i++) {
        size_t held = pool->held;
        assert_int_equal(pool_free(pool, larges[i]), 0);
        assert_int_equal(held - pool->held, each);
    }
    assert_int_equal(stats_of(pool).held_bytes, before);
    if (!mode_watched) /* which would report the look at freed memory */
        assert_int_equal(pool_free(pool, larges[MANY - 1]), -ENOENT);
    pool_destroy(pool);
}

static void test_d9_the_last_allocation_grows_and_shrinks_in_place(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    char *text;

    pool_pin(pool);
    text = pool_nalloc(pool, 10, "d9");
    memcpy(text, "0123456789", 10);
    assert_true(pool_extend(pool, text, 10, 100));
    assert_memory_equal(text, "0123456789", 10);
    assert_true(pool_give_back(pool, text, 100, 11));
    assert_ptr_equal(pool_nalloc(pool, 1, "next"), text + 11);
    assert_false(pool_extend(pool, text, 11, 12));
    pool_destroy(pool);
}

static void test_d10_what_is_large_is_a_fraction_of_the_block(void **state)
{
    static const size_t blocks[] = {1024, 4096, 16384, 65536};

    for (size_t i = 0; i < sizeof blocks / sizeof(blocks[0]); i++) {
        struct pool *pool = pool_of(state, 512, blocks[i], 0);
        uint32_t larges;

        assert_non_null(pool_alloc(pool, blocks[i] / 2 - 8, "half"));
        assert_int_equal(stats_of(pool).larges, blocks[i] == 1024 ? 1 : 0); /* the first block's rest */
        larges = stats_of(pool).larges;
        assert_non_null(pool_alloc(pool, blocks[i] / 2, "more than half"));
        assert_int_equal(stats_of(pool).larges, larges + 1);
        pool_destroy(pool);
    }
}

static void test_d11_nothing_is_allocated_as_documented(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    for (int i = 0; i < 100; i++) {
        char *before = pool_alloc(pool, 24, "before");
        char *none, *nothing, *after;

        memset(before, 'x', 24);
        none = pool_alloc(pool, 0, "none");
        nothing = pool_nalloc(pool, 0, "none");
        assert_non_null(none);
        assert_non_null(nothing);
        after = pool_alloc(pool, 24, "after");
        memset(after, 'y', 24);
        assert_int_equal(before[23], 'x');
        assert_int_equal(pool_free(pool, none), -ENOENT);
        assert_int_equal((uintptr_t)none % 16, 0);
    }
    pool_destroy(pool);
}

static void test_d12_products_are_checked(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    char *p;

    assert_null(pool_array(pool, SIZE_MAX / 2, 3, "d12"));
    assert_int_equal(pool_failure(pool), POOL_FAILURE_SYSTEM);
    assert_null(pool_array(pool, (size_t)1 << 32, (size_t)1 << 32, "d12")); /* wraps to 0 */
    p = pool_array(pool, 25, 40, "d12");
    assert_non_null(p);
    memset(p, 1, 1000);
    pool_destroy(pool);
}

static void test_d13_budgets_per_pool_and_for_all(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 64 * 1024);
    int got = 0;
    void *buffer;
    struct sysmem_stats system;
    struct pool *other;

    pool_pin(pool);
    while (pool_alloc(pool, 1000, "d13") != NULL)
        assert_true(++got < 1000);
    assert_int_equal(pool_failure(pool), POOL_FAILURE_BUDGET);
    assert_true(got >= 50 && stats_of(pool).held_bytes <= 64 * 1024);
    assert_null(pool_alloc(pool, 100000, "d13"));
    assert_null(pool_take(pool, 30000, NULL, "d13"));
    pool_reset(pool);
    /* The reserve makes room for what is needed. */
    buffer = pool_take(pool, 50000, NULL, "d13");
    assert_non_null(buffer);
    assert_int_equal(stats_of(pool).reserve, 0);
    pool_put(pool, buffer);

    sysmem_stats(&system);
    sysmem_set_budget((size_t)system.live_bytes + 100000);
    other = pool_of(state, 512, 4096, 0);
    while (pool_alloc(other, 2000, "d13") != NULL)
        assert_true(++got < 10000);
    assert_int_equal(pool_failure(other), POOL_FAILURE_TOTAL);
    pool_destroy(other);
    sysmem_set_budget(0);
    pool_destroy(pool);
}

static void *use_from_another_thread(void *data)
{
    pool_reset(data);
    return NULL;
}

static void mistake_thread(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    pthread_t thread;

    if (pthread_create(&thread, NULL, use_from_another_thread, pool) == 0)
        pthread_join(thread, NULL);
}

static void *adopt_and_use(void *data)
{
    struct pool *pool = data;

    sizeclass_adopt(pool->classes);
    pool_set_owner(pool);
    pool_reset(pool);
    return NULL;
}

static void test_d14_name_figures_and_owner(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 100000);
    struct pool_stats stats;
    pthread_t thread;

    assert_non_null(pool_alloc(pool, 100, "connection"));
    pool_pin(pool);
    assert_non_null(pool_alloc(pool, 1000, "fields"));
    assert_non_null(pool_alloc(pool, 10000, "body"));
    assert_non_null(pool_take(pool, 1000, NULL, "buffer"));
    pool_stats(pool, &stats);
    assert_string_equal(stats.name, "test");
    assert_string_equal(stats.purpose, "buffer");
    assert_int_equal(stats.blocks, 2);
    assert_int_equal(stats.larges, 1);
    assert_int_equal(stats.buffers, 1);
    assert_int_equal(stats.slow_calls, 3);
    assert_int_equal(stats.budget_bytes, 100000);
    assert_int_equal(stats.pinned_bytes, 112);
    assert_int_equal(stats.used_bytes, 112 + 1000);
    assert_true(stats.held_bytes >= 512 + 4096 + 10000 + 1000 && stats.peak_bytes == stats.held_bytes);
    pool_reset(pool);
    assert_int_equal(stats_of(pool).reserve, 1);
    assert_int_equal(stats_of(pool).resets, 1);
    assert_true(stats_of(pool).peak_bytes > stats_of(pool).held_bytes);

    assert_true(is_caught(mistake_thread, state));
    assert_int_equal(pthread_create(&thread, NULL, adopt_and_use, pool), 0);
    pthread_join(thread, NULL);
    sizeclass_adopt(*state);
    pool_set_owner(pool);
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOLS(test_d1_blocks_keep_their_size_over_resets),
        WITH_POOLS(test_d2_reset_runs_cleanups_and_forgets_them),
        WITH_POOLS(test_d3_no_alignment_steps_past_the_end),
        WITH_POOLS(test_d4_small_and_absurd_sizes_at_create),
        WITH_POOLS(test_d5_a_heavy_request_does_not_pin_its_blocks),
        WITH_POOLS(test_d6_stranded_bytes_are_counted),
        WITH_POOLS(test_d7_large_ones_in_a_loop_do_not_grow_the_pool),
        WITH_POOLS(test_d8_free_of_a_large_one_is_direct_and_accounted),
        WITH_POOLS(test_d9_the_last_allocation_grows_and_shrinks_in_place),
        WITH_POOLS(test_d10_what_is_large_is_a_fraction_of_the_block),
        WITH_POOLS(test_d11_nothing_is_allocated_as_documented),
        WITH_POOLS(test_d12_products_are_checked),
        WITH_POOLS(test_d13_budgets_per_pool_and_for_all),
        WITH_POOLS(test_d14_name_figures_and_owner),
    };

    return cmocka_run_group_tests_name("D1 to D14", tests, NULL, NULL);
}
