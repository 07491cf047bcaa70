/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout agrees with the figures of pool_stats, in every mode and at every moment. */
#include "pool_fixture.h"

#include "pool/pool_layout.h"

/* Sums over the parts, if all are there. */
static void assert_agrees(const struct pool *pool)
{
    struct pool_stats stats = stats_of(pool);
    size_t size = 0, free_bytes = 0, counts[POOL_PART_BUFFER + 1] = {0};
    enum pool_part_kind last = POOL_PART_BLOCK;
    struct pool_layout layout;

    pool_layout(pool, &layout);
    assert_true(layout.count >= 1 && layout.count <= POOL_LAYOUT_PARTS);
    assert_true(layout.more == 0 || layout.count == POOL_LAYOUT_PARTS);
    for (uint32_t i = 0; i < layout.count; i++) {
        const struct pool_part *part = &layout.parts[i];

        assert_true(part->kind >= last);
        last = (enum pool_part_kind)part->kind;
        assert_true(part->pinned <= part->used && part->used <= part->size);
        assert_true((part->purpose != NULL) == (part->kind >= POOL_PART_LARGE));
        size += part->size;
        counts[part->kind]++;
        if (part->kind == POOL_PART_BLOCK)
            free_bytes += part->size - part->used;
    }
    if (layout.more)
        return;
    assert_int_equal(size, stats.held_bytes);
    assert_int_equal(free_bytes, layout.free_bytes);
    assert_int_equal(counts[POOL_PART_BLOCK], stats.blocks);
    assert_int_equal(counts[POOL_PART_RESERVE], stats.reserve);
    if (fixture_mode == POOL_PASSTHROUGH)
        assert_true(counts[POOL_PART_LARGE] >= stats.larges); /* what other modes cut from a block, too */
    else
        assert_int_equal(counts[POOL_PART_LARGE], stats.larges);
    assert_int_equal(counts[POOL_PART_BUFFER], stats.buffers);
}

static void test_agrees_over_a_life(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    void *buffer;

    assert_agrees(pool);
    assert_non_null(pool_alloc(pool, 64, "connection"));
    pool_pin(pool);
    assert_agrees(pool);
    for (int request = 0; request < 4; request++) {
        for (int i = 0; i < 20; i++) {
            assert_non_null(pool_alloc(pool, 100, "request"));
            assert_agrees(pool);
        }
        assert_non_null(pool_alloc(pool, 5000, "response"));
        buffer = pool_take(pool, 2048, NULL, "input");
        assert_non_null(buffer);
        assert_agrees(pool);
        pool_reset(pool);
        assert_agrees(pool);
        pool_put(pool, buffer);
        assert_agrees(pool);
    }
    pool_idle(pool);
    assert_agrees(pool);
    pool_destroy(pool);
}

static void test_says_what_it_is_for(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    struct pool_layout layout;

    assert_non_null(pool_alloc(pool, 64, "connection"));
    pool_pin(pool);
    assert_non_null(pool_alloc(pool, 32, "request"));
    assert_non_null(pool_alloc(pool, 5000, "response"));
    assert_non_null(pool_take(pool, 2048, NULL, "input"));
    pool_layout(pool, &layout);
    assert_int_equal(layout.count, 3);
    assert_int_equal(layout.parts[0].kind, POOL_PART_BLOCK);
    assert_int_equal(layout.parts[0].size, 512);
    assert_int_equal(layout.parts[0].pinned, sizeof(struct pool) + 64);
    assert_int_equal(layout.parts[0].used, sizeof(struct pool) + 96);
    assert_int_equal(layout.free_bytes, 512 - sizeof(struct pool) - 96);
    assert_string_equal(layout.parts[1].purpose, "response");
    assert_int_equal(layout.parts[1].kind, POOL_PART_LARGE);
    assert_int_equal(layout.large_bytes, layout.parts[1].size);
    assert_true(layout.large_bytes >= 5000);
    assert_string_equal(layout.parts[2].purpose, "input");
    assert_int_equal(layout.buffer_bytes, layout.parts[2].size);
    pool_destroy(pool);
}

static void test_a_pin_in_a_later_block(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    struct pool_layout layout;

    for (int i = 0; i < 12; i++)
        assert_non_null(pool_alloc(pool, 64, "connection"));
    pool_pin(pool);
    for (int i = 0; i < 20; i++)
        assert_non_null(pool_alloc(pool, 64, "request"));
    pool_layout(pool, &layout);
    assert_true(layout.count >= 3);
    assert_int_equal(layout.parts[0].pinned, layout.parts[0].used);
    assert_in_range(layout.parts[1].pinned, 1, layout.parts[1].used - 1);
    assert_int_equal(layout.parts[2].pinned, 0);
    assert_agrees(pool);
    pool_destroy(pool);
}

static void test_what_finds_no_room_is_counted(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    struct pool_layout layout;

    for (int i = 0; i < 20; i++)
        assert_non_null(pool_take(pool, 1024, NULL, "output"));
    pool_layout(pool, &layout);
    assert_int_equal(layout.count, POOL_LAYOUT_PARTS);
    assert_int_equal(layout.more, 1 + 20 - POOL_LAYOUT_PARTS);
    assert_true(layout.buffer_bytes >= 20 * 1024);
    assert_agrees(pool);
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        WITH_POOLS(test_agrees_over_a_life),
        WITH_POOLS(test_what_finds_no_room_is_counted),
    };
    const struct CMUnitTest normal[] = {
        WITH_POOLS(test_says_what_it_is_for),
        WITH_POOLS(test_a_pin_in_a_later_block),
    };
    int failed = cmocka_run_group_tests_name("layout, normal", normal, NULL, NULL);

    return failed + fixture_run_everywhere("layout", everywhere);
}
