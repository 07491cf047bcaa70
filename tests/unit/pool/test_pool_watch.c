/* SPDX-License-Identifier: BSD-2-Clause */
/* D15 and D16: what the debug modes and the memory checkers see of a pool. */
#include "tests/unit/pool/pool_fixture.h"

#include "tests/unit/pool/mistake.h"

/* Whether the checker that watches would report a use of this byte: ASan any, valgrind one that depends on
 * its value. */
static bool is_closed(const void *p)
{
#if defined(ANNOTATE_ASAN)
    return __asan_address_is_poisoned(p) != 0;
#elif defined(ANNOTATE_VALGRIND)
    unsigned char bits = 0;
    int result = (int)VALGRIND_GET_VBITS(p, &bits, 1);
    return result == 3 || bits != 0; /* 3: not addressable; else undefined bits */
#else
    (void)p;
    return true;
#endif
}

static void test_d15_checkers_see_use_after_reset(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    pool_pin(pool);
    for (int round = 0; round < 3; round++) {
        char *first = pool_calloc(pool, 40, "test"), *later = NULL, *large = pool_calloc(pool, 5000, "test");
        char *buffer;

        for (int i = 0; i < 5; i++)
            later = pool_calloc(pool, 240, "test");
        buffer = pool_take(pool, 100, NULL, "test");
        memset(buffer, 0, 100);
        assert_true(!mode_watched || !is_closed(first + 39));
        assert_true(!mode_watched || !is_closed(later));
        assert_true(!mode_watched || !is_closed(large + 4999));
        assert_true(!mode_watched || !is_closed(buffer));
        pool_put(pool, buffer);
        pool_reset(pool);
        if (mode_watched && (fixture_mode != POOL_PASSTHROUGH)) { /* there it is the system's matter */
            assert_true(is_closed(first) && is_closed(first + 39));
            assert_true(is_closed(later));
            if (!fixture_system) {
                assert_true(is_closed(large));
                assert_true(is_closed(buffer + 50));
            }
        }
    }
    pool_destroy(pool);
}

static void mistake_behind(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    char *p = pool_alloc(pool, 21, "short");

    annotate_usable(p, 100); /* ASan would see it first */
    p[21] = 'x';
    pool_reset(pool);
}

static void mistake_before(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    char *p = pool_alloc(pool, 21, "short");

    annotate_usable(p - 16, 16);
    memset(p - 16, 0, 16);
    pool_destroy(pool);
}

static void mistake_two_puts(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    void *buffer = pool_take(pool, 100, NULL, "test");

    pool_put(pool, buffer);
    pool_put(pool, buffer);
}

static void mistake_strange_put(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    pool_put(pool, pool_calloc(pool, 100, "test"));
}

static void no_mistake(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);

    for (int i = 0; i < 100; i++)
        memset(pool_alloc(pool, (size_t)i, "test"), 'x', (size_t)i);
    pool_reset(pool);
    pool_destroy(pool);
}

static void test_d15_poison_mode_has_red_zones(void **state)
{
    assert_false(is_caught(no_mistake, state));
    assert_true(is_caught(mistake_strange_put, state));
    if (fixture_mode != POOL_POISON)
        return;
    assert_true(is_caught(mistake_behind, state));
    assert_true(is_caught(mistake_before, state));
    if (!fixture_system && !mode_watched) /* a checker reports the look at the freed buffer */
        assert_true(is_caught(mistake_two_puts, state));
}

static void test_d15_passthrough_asks_the_system_for_each(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    struct sysmem_stats before, after;

    if (!fixture_system || fixture_mode == POOL_PASSTHROUGH) {
        sysmem_stats(&before);
        for (int i = 0; i < 10; i++)
            assert_non_null(pool_alloc(pool, 16, "test"));
        sysmem_stats(&after);
        assert_int_equal(after.live_count - before.live_count, fixture_mode == POOL_PASSTHROUGH ? 10 : 0);
        pool_reset(pool);
        sysmem_stats(&after);
        assert_int_equal(after.live_count, before.live_count);
    }
    pool_destroy(pool);
}

static void test_d16_owns_knows_what_is_alive(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0), *other = pool_of(state, 512, 1024, 0);
    char *connection = pool_alloc(pool, 50, "longer life"), *stranger = pool_alloc(other, 50, "stranger");
    char *request, *large, *block, *buffer;

    pool_pin(pool);
    request = pool_alloc(pool, 50, "shorter life");
    large = pool_alloc(pool, 5000, "shorter life");
    block = NULL;
    buffer = pool_take(pool, 100, NULL, "buffer");
    for (int i = 0; i < 8; i++)
        block = pool_alloc(pool, 250, "shorter life");
    assert_true(pool_owns(pool, connection) && pool_owns(pool, request) && pool_owns(pool, block));
    assert_true(pool_owns(pool, large + 4999) && pool_owns(pool, buffer + 99));
    assert_false(pool_owns(pool, stranger) || pool_owns(pool, &pool) || pool_owns(pool, NULL));
    assert_false(pool_owns(other, connection));
    pool_reset(pool);
    assert_true(pool_owns(pool, connection) && pool_owns(pool, buffer));
    assert_false(pool_owns(pool, request) || pool_owns(pool, large) || pool_owns(pool, block));
    pool_put(pool, buffer);
    assert_false(pool_owns(pool, buffer));
    pool_destroy(other);
    pool_destroy(pool);
}

static void test_d16_freed_memory_is_filled_in_poison_mode(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    unsigned char *p;

    pool_pin(pool);
    p = pool_alloc(pool, 64, "test");
    if (fixture_mode == POOL_POISON) {
        assert_int_equal(p[0], POOL_FILL_FRESH);
        assert_int_equal(p[63], POOL_FILL_FRESH);
    }
    memset(p, 1, 64);
    pool_reset(pool);
    if (fixture_mode == POOL_POISON) {
        annotate_usable(p, 64);
        annotate_defined(p, 64);
        for (int i = 0; i < 64; i++)
            assert_int_equal(p[i], POOL_FILL_FREED);
    }
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOLS(test_d15_checkers_see_use_after_reset),
        WITH_POOLS(test_d15_poison_mode_has_red_zones),
        WITH_POOLS(test_d15_passthrough_asks_the_system_for_each),
        WITH_POOLS(test_d16_owns_knows_what_is_alive),
        WITH_POOLS(test_d16_freed_memory_is_filled_in_poison_mode),
    };

    return fixture_run_everywhere("D15 and D16", tests);
}
