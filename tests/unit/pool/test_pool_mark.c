/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool_fixture.h"

#include "pool/pool_mark.h"

/* Room for an allocation of `n` bytes in every mode of this group. */
#define TAKE(pool, n) assert_non_null(pool_alloc((pool), (n), "test"))

static void test_nothing_is_nothing(void **state)
{
    struct pool *pool = pool_of(state, 1024, 1024, 0);

    assert_int_equal(pool_request_bytes(pool), 0);
    TAKE(pool, 100);
    pool_pin(pool);
    assert_int_equal(pool_request_bytes(pool), 0);
    pool_destroy(pool);
}

static void test_counts_over_blocks(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    TAKE(pool, 64);
    pool_pin(pool);
    for (size_t n = 1; n <= 100; n++) {
        TAKE(pool, 48);
        assert_int_equal(pool_request_bytes(pool), n * 48);
    }
    pool_reset(pool);
    assert_int_equal(pool_request_bytes(pool), 0);
    TAKE(pool, 480); /* has a block to itself, since the pinned one is too good to be passed over */
    assert_int_equal(pool_request_bytes(pool), 480);
    pool_idle(pool);
    assert_int_equal(pool_request_bytes(pool), 0);
    pool_destroy(pool);
}

static void test_alignment_extend_and_give_back(void **state)
{
    struct pool *pool = pool_of(state, 1024, 1024, 0);
    char *last;

    assert_non_null(pool_nalloc(pool, 3, "test"));
    last = pool_alloc(pool, 20, "test");
    assert_int_equal(pool_request_bytes(pool), 36);
    assert_true(pool_extend(pool, last, 20, 120));
    assert_int_equal(pool_request_bytes(pool), 136);
    assert_true(pool_give_back(pool, last, 120, 10));
    assert_int_equal(pool_request_bytes(pool), 26);
    pool_destroy(pool);
}

/* A block takes half of itself at most in one piece. */
static void test_large_ones_count_twice(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    void *large, *buffer;

    TAKE(pool, 600);
    assert_int_equal(pool_request_bytes(pool), 1200);
    large = pool_alloc(pool, 3000, "test");
    assert_int_equal(pool_request_bytes(pool), 7200);
    assert_int_equal(pool_free(pool, large), 0);
    assert_int_equal(pool_request_bytes(pool), 7200);
    pool_reset(pool);
    assert_int_equal(pool_request_bytes(pool), 0);
    buffer = pool_take(pool, 4000, NULL, "test");
    assert_int_equal(pool_request_bytes(pool), 0);
    assert_true(pool_peak_bytes(pool) >= 512 + 600 + 3000);
    pool_put(pool, buffer);
    pool_destroy(pool);
}

static void test_passthrough_counts_what_is_asked_for(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    TAKE(pool, 100);
    pool_pin(pool);
    TAKE(pool, 100);
    TAKE(pool, 33);
    assert_int_equal(pool_request_bytes(pool), 133);
    pool_idle(pool);
    assert_int_equal(pool_request_bytes(pool), 0);
    pool_destroy(pool);
}

/* What is said to fit, fits: a pool whose block is as large as the mark takes no second one. */
static void test_a_block_of_the_mark_is_enough(void **state)
{
    for (size_t piece = 16; piece < 2000; piece += 208) {
        struct pool *pool = pool_of(state, 256, 65536, 0);
        struct pool_stats stats;
        size_t size;

        pool_pin(pool);
        for (int n = 0; n < 7; n++)
            TAKE(pool, piece);
        size = pool_request_bytes(pool) + sizeof(struct pool_block);
        pool_idle(pool);
        pool_set_block_size(pool, size);
        assert_int_equal(pool_block_size(pool),
                         sizeclass_round(size < POOL_BLOCK_MIN ? POOL_BLOCK_MIN : size));
        for (int n = 0; n < 7; n++)
            TAKE(pool, piece);
        pool_stats(pool, &stats);
        assert_int_equal(stats.larges, 0);
        assert_true(stats.blocks <= 2);
        pool_destroy(pool);
    }
}

int main(void)
{
    const struct CMUnitTest normal[] = {
        WITH_POOLS(test_nothing_is_nothing),
        WITH_POOLS(test_counts_over_blocks),
        WITH_POOLS(test_alignment_extend_and_give_back),
        WITH_POOLS(test_large_ones_count_twice),
        WITH_POOLS(test_a_block_of_the_mark_is_enough),
    };
    const struct CMUnitTest passthrough[] = {
        WITH_POOLS(test_passthrough_counts_what_is_asked_for),
    };
    int failed = cmocka_run_group_tests_name("normal", normal, NULL, NULL);

    fixture_mode = POOL_PASSTHROUGH;
    return failed + cmocka_run_group_tests_name("passthrough", passthrough, NULL, NULL);
}
