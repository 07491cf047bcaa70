/* SPDX-License-Identifier: BSD-2-Clause */
/* The contract of pool/pool.h, which holds in every mode, with size classes and on the system alone. */
#include "tests/unit/pool/pool_fixture.h"

static void test_allocations_are_aligned_apart_and_whole(void **state)
{
    enum { MANY = 400 };
    struct pool *pool = pool_of(state, 512, 1024, 0);
    unsigned char *p[MANY];

    for (size_t i = 0; i < MANY; i++) {
        size_t size = i * 7 % 1500;
        p[i] = i % 3 == 0 ? pool_nalloc(pool, size, "test") : pool_alloc(pool, size, "test");
        assert_non_null(p[i]);
        if (i % 3 != 0)
            assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], (int)i & 0xff, size);
    }
    for (size_t i = 0; i < MANY; i++)
        for (size_t byte = 0; byte < i * 7 % 1500; byte++)
            assert_int_equal(p[i][byte], i & 0xff);
    pool_destroy(pool);
}

static void test_calloc_is_zeroed_after_a_reset_too(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 30; i++) {
            unsigned char *p = pool_calloc(pool, 100, "test");
            assert_non_null(p);
            for (int byte = 0; byte < 100; byte++)
                assert_int_equal(p[byte], 0);
            memset(p, 0xff, 100);
        }
        pool_reset(pool);
    }
    pool_destroy(pool);
}

static void test_memalign_aligns_and_can_be_freed(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        char *p = pool_memalign(pool, alignment, 100, "test");
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignment, 0);
        memset(p, 1, 100);
        assert_int_equal(pool_free(pool, p), 0);
    }
    assert_int_equal(stats_of(pool).larges, 0);
    pool_destroy(pool);
}

static void test_strndup_ends_in_a_nul(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    assert_string_equal(pool_strndup(pool, "tidepool", 4, "test"), "tide");
    assert_string_equal(pool_strndup(pool, NULL, 0, "test"), "");
    assert_null(pool_strndup(pool, "x", SIZE_MAX, "test"));
    pool_destroy(pool);
}

static void test_what_stands_before_the_pin_outlives_resets(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    char *small = pool_strndup(pool, "connection", 10, "test");
    char *large = pool_alloc(pool, 5000, "test");
    char *second;

    assert_non_null(pool_alloc(pool, 250, "test"));
    second = pool_alloc(pool, 250, "test"); /* in another block than the first */

    memset(large, 'L', 5000);
    memset(second, 'S', 250);
    pool_pin(pool);
    assert_int_equal(stats_of(pool).reserve, 0);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < round; i++) {
            char *p = pool_alloc(pool, 300, "test");
            memset(p, 'x', 300);
            assert_non_null(pool_alloc(pool, 4000, "test"));
        }
        pool_reset(pool);
        assert_string_equal(small, "connection");
        assert_true(large[0] == 'L' && large[4999] == 'L' && second[0] == 'S' && second[249] == 'S');
        assert_true(pool_owns(pool, small) && pool_owns(pool, large) && pool_owns(pool, second));
        assert_int_equal(stats_of(pool).larges, 1);
        assert_int_equal(stats_of(pool).resets, round + 1);
    }
    assert_int_equal(pool_free(pool, large), 0); /* the pin's own large one */
    assert_non_null(pool_alloc(pool, 4000, "test"));
    pool_reset(pool);
    assert_int_equal(stats_of(pool).larges, 0);
    pool_destroy(pool);
}

static void test_idle_leaves_the_first_block(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    size_t first = stats_of(pool).held_bytes;
    void *buffer;

    assert_int_equal(first, 512);
    pool_pin(pool);
    for (int i = 0; i < 50; i++)
        assert_non_null(pool_alloc(pool, 400, "test"));
    assert_non_null(pool_alloc(pool, 100000, "test"));
    buffer = pool_take(pool, 8192, NULL, "test");
    assert_non_null(buffer);
    pool_put(pool, buffer);
    pool_reset(pool);
    pool_idle(pool);
    assert_int_equal(stats_of(pool).held_bytes, first);
    assert_int_equal(stats_of(pool).blocks, 1);
    assert_int_equal(stats_of(pool).reserve, 0);
    assert_int_equal(stats_of(pool).resets, 2);
    assert_non_null(pool_alloc(pool, 400, "test")); /* and it goes on */
    pool_destroy(pool);
}

static void test_large_ones_are_freed_alone(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    size_t held = stats_of(pool).held_bytes;
    char *a = pool_alloc(pool, 3000, "test"), *b = pool_alloc(pool, 200000, "test");
    char *small = pool_alloc(pool, 48, "test");
    void *buffer = pool_take(pool, 1000, NULL, "test");

    memset(small, 0, 48);
    assert_int_equal(stats_of(pool).larges, 2);
    assert_int_equal(pool_free(pool, small), -ENOENT);
    assert_int_equal(pool_free(pool, small + 16), -ENOENT);
    assert_int_equal(pool_free(pool, buffer), -ENOENT);
    assert_int_equal(pool_free(pool, NULL), -ENOENT);
    assert_int_equal(pool_free(pool, a), 0);
    assert_false(pool_owns(pool, a));
    assert_int_equal(pool_free(pool, b), 0);
    assert_int_equal(stats_of(pool).larges, 0);
    pool_put(pool, buffer);
    pool_reset(pool);
    pool_idle(pool);
    assert_int_equal(stats_of(pool).held_bytes, held);
    pool_destroy(pool);
}

static void test_buffers_outlive_resets(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    size_t capacity = 0;
    unsigned char *buffers[5];
    size_t held;

    pool_pin(pool);
    for (size_t i = 0; i < 5; i++) {
        buffers[i] = pool_take(pool, (size_t)1000 << i, &capacity, "test");
        assert_non_null(buffers[i]);
        assert_int_equal((uintptr_t)buffers[i] % 16, 0);
        assert_true(capacity >= (size_t)1000 << i);
        memset(buffers[i], (int)i, capacity);
    }
    held = stats_of(pool).held_bytes;
    pool_reset(pool);
    assert_int_equal(stats_of(pool).buffers, 5);
    assert_int_equal(stats_of(pool).held_bytes, held);
    for (size_t i = 0; i < 5; i++) {
        assert_true(pool_owns(pool, buffers[i]));
        assert_true(buffers[i][0] == i && buffers[i][(1000 << i) - 1] == i);
    }
    pool_put(pool, buffers[2]); /* from the middle, the ends, and two left for destroy */
    pool_put(pool, buffers[0]);
    pool_put(pool, buffers[4]);
    pool_put(pool, NULL);
    assert_int_equal(stats_of(pool).buffers, 2);
    pool_destroy(pool);
}

static void test_a_buffer_without_header_fills_its_class(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);
    size_t capacity = 0, held = stats_of(pool).held_bytes;

    assert_non_null(pool_take(pool, 16384 - POOL_CHUNK_HEADER, &capacity, "test"));
    assert_int_equal(capacity, 16384 - POOL_CHUNK_HEADER);
    assert_int_equal(stats_of(pool).held_bytes - held, 16384);
    pool_destroy(pool);
}

static void test_extend_and_give_back_move_the_end_alone(void **state)
{
    struct pool *pool = pool_of(state, 1024, 1024, 0);
    char *before = pool_alloc(pool, 32, "test");
    char *a, *last;
    bool moved;

    memset(before, 'b', 32);
    pool_pin(pool);
    assert_false(pool_extend(pool, before, 32, 48)); /* never past the pin */
    assert_false(pool_give_back(pool, before, 32, 16));
    a = pool_alloc(pool, 40, "test");
    last = pool_alloc(pool, 40, "test");
    memset(last, 'l', 40);
    assert_false(pool_extend(pool, a, 40, 50));
    assert_false(pool_extend(pool, last, 39, 50));
    assert_false(pool_extend(pool, last, 40, 100000));
    assert_false(pool_extend(pool, last, 40, SIZE_MAX));
    assert_false(pool_extend(pool, last, 40, 39));
    assert_false(pool_give_back(pool, last, 40, 41));
    moved = pool_extend(pool, last, 40, 96);
    assert_int_equal(moved, fixture_mode != POOL_PASSTHROUGH);
    if (moved) {
        char *next;

        memset(last + 40, 'm', 56);
        next = pool_alloc(pool, 16, "test");
        memset(next, 'n', 16);
        assert_true(last[39] == 'l' && last[95] == 'm');
        assert_true(pool_give_back(pool, next, 16, 0));
        assert_true(pool_give_back(pool, last, 96, 10));
        assert_ptr_equal(pool_alloc(pool, 8, "test"), fixture_mode == POOL_NORMAL ? last + 16 : last + 48);
        assert_int_equal(last[9], 'l');
    }
    for (int i = 0; i < 32; i++)
        assert_int_equal(before[i], 'b');
    pool_destroy(pool);
}

static void test_the_reason_of_a_null_is_kept(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    size_t held = stats_of(pool).held_bytes;

    assert_int_equal(pool_failure(pool), POOL_FAILURE_NONE);
    assert_null(pool_alloc(pool, SIZE_MAX - 8, "test"));
    assert_int_equal(pool_failure(pool), POOL_FAILURE_SYSTEM);
    sysmem_set_budget(1);
    assert_null(pool_alloc(pool, 100000, "test"));
    assert_int_equal(pool_failure(pool), POOL_FAILURE_TOTAL);
    sysmem_set_budget(0);
    fault_arm(FAULT_POOL, 1, true);
    assert_null(pool_alloc(pool, 900, "test"));
    assert_null(pool_take(pool, 900, NULL, "test"));
    assert_null(pool_memalign(pool, 64, 900, "test"));
    assert_int_equal(pool_failure(pool), POOL_FAILURE_SYSTEM);
    errno = 0;
    assert_null(pool_create(&(struct pool_options){.classes = *state, .first_size = 512}));
    assert_int_equal(errno, ENOMEM);
    fault_arm(FAULT_POOL, 0, false);
    assert_int_equal(stats_of(pool).held_bytes, held);
    pool_destroy(pool);
}

static void count_run(void *data)
{
    ++*(int *)data;
}

/* What a connection does, ending at the first NULL. */
static bool script(void **state, int *cleaned)
{
    bool done;

    struct pool *pool = pool_create(
        &(struct pool_options){.classes = *state, .first_size = 512, .block_size = 1024, .name = "script"});

    if (pool == NULL)
        return false;
    done = pool_alloc(pool, 230, "connection") != NULL;
    pool_pin(pool);
    for (int request = 0; done && request < 3; request++) {
        void *buffer = pool_take(pool, 1000, NULL, "buffer");
        done = buffer != NULL && pool_cleanup_add(pool, count_run, cleaned) != NULL;
        for (int i = 0; done && i < 10; i++)
            done = pool_calloc(pool, 200, "field") != NULL;
        done = done && pool_alloc(pool, 9000, "large") != NULL && pool_memalign(pool, 64, 10, "line") != NULL;
        done = done && pool_strndup(pool, "abc", 3, "string") != NULL;
        pool_put(pool, buffer);
        pool_reset(pool);
    }
    pool_destroy(pool);
    return done;
}

/* The teardown sees whether anything was left. */
static void test_every_call_may_fail(void **state)
{
    static const enum fault_point points[] = {FAULT_POOL, FAULT_SIZECLASS, FAULT_SYSTEM};
    int cleaned = 0, failures = 0;

    for (size_t i = 0; i < sizeof points / sizeof(points[0]); i++) {
        for (uint64_t nth = 1;; nth++) {
            bool done;
            uint64_t calls;

            fault_arm(points[i], nth, nth % 2 == 0);
            done = script(state, &cleaned);
            calls = fault_calls(points[i]);
            fault_arm(points[i], 0, false);
            if (calls < nth) {
                assert_true(done);
                break;
            }
            failures += !done; /* ASan builds: a reset that cannot change its reserve's blocks keeps them */
        }
    }
    assert_true(failures > 15);
    assert_true(cleaned > 10);
}

static void test_steady_state_calls_no_system(void **state)
{
    struct pool *connection = pool_of(state, 512, 4096, 0);
    struct sysmem_stats before, after;

    if (fixture_system || fixture_mode == POOL_PASSTHROUGH ||
        mode_watched) { /* ASan's quarantine has to fill */
        pool_destroy(connection);
        return;
    }
    sysmem_stats(&before);
    for (int request = 0; request < 2000; request++) {
        struct pool *other = pool_of(state, 512, 4096, 0);
        if (request == 20)
            sysmem_stats(&before);
        for (int i = 0; i < 40; i++)
            assert_non_null(pool_alloc(connection, 100, "request"));
        pool_put(connection, pool_take(connection, 16384 - POOL_CHUNK_HEADER, NULL, "body"));
        assert_non_null(pool_alloc(connection, 9000, "large"));
        assert_non_null(pool_alloc(other, 1000, "other"));
        if (request % 3 == 0)
            pool_idle(connection);
        else
            pool_reset(connection);
        pool_destroy(other);
    }
    sysmem_stats(&after);
    assert_memory_equal(before.calls, after.calls, sizeof before.calls);
    pool_destroy(connection);
}

static void test_the_mode_stays_while_a_pool_lives(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    assert_int_equal(pool_live(), 1);
    assert_int_equal(pool_mode_set(POOL_POISON), -EBUSY);
    assert_int_equal(pool_mode_set((enum pool_mode)99), -EINVAL);
    assert_int_equal(pool_mode(), fixture_mode);
    pool_destroy(pool);
    assert_int_equal(pool_live(), 0);
}

static void test_the_struct_leaves_room_for_a_connection(void **state)
{
    struct pool *pool = pool_of(state, 512, 4096, 0);

    assert_true(sizeof(struct pool) <= POOL_HEADER_MAX);
    if (fixture_mode == POOL_NORMAL) {
        assert_non_null(pool_alloc(pool, 512 - POOL_HEADER_MAX, "connection"));
        assert_int_equal(stats_of(pool).held_bytes, 512);
    }
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOLS(test_allocations_are_aligned_apart_and_whole),
        WITH_POOLS(test_calloc_is_zeroed_after_a_reset_too),
        WITH_POOLS(test_memalign_aligns_and_can_be_freed),
        WITH_POOLS(test_strndup_ends_in_a_nul),
        WITH_POOLS(test_what_stands_before_the_pin_outlives_resets),
        WITH_POOLS(test_idle_leaves_the_first_block),
        WITH_POOLS(test_large_ones_are_freed_alone),
        WITH_POOLS(test_buffers_outlive_resets),
        WITH_POOLS(test_a_buffer_without_header_fills_its_class),
        WITH_POOLS(test_extend_and_give_back_move_the_end_alone),
        WITH_POOLS(test_the_reason_of_a_null_is_kept),
        WITH_POOLS(test_every_call_may_fail),
        WITH_POOLS(test_steady_state_calls_no_system),
        WITH_POOLS(test_the_mode_stays_while_a_pool_lives),
        WITH_POOLS(test_the_struct_leaves_room_for_a_connection),
    };

    return fixture_run_everywhere("pool", tests);
}
