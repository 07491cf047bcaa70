/* SPDX-License-Identifier: BSD-2-Clause */
/* A followed pool tells all that it takes and gives back; one whose allocations are told gives what an
 * ordinary one gives, at the same places. */
#include "tests/unit/pool/pool_fixture.h"

#include "pool/pool_follow.h"
#include "pool/pool_mark.h"
#include "tests/unit/pool/seed.h"

struct heard {
    struct pool_follower base; /* first */
    unsigned count[POOL_EVENT_NOTE + 1];
    size_t held;             /* by adding up: what there was, and what was taken and given back */
    size_t told;             /* of the last event */
    size_t asked, allocated; /* bytes */
    const char *purpose, *noted;
};

static void hear(struct pool_follower *follower, const struct pool_event *event)
{
    struct heard *heard = (struct heard *)(void *)follower;

    heard->count[event->kind]++;
    heard->told = event->held;
    if (event->kind == POOL_EVENT_TAKE)
        heard->held += event->bytes;
    if (event->kind == POOL_EVENT_GIVE)
        heard->held -= event->bytes;
    if (event->kind == POOL_EVENT_REFUSED)
        heard->asked = event->bytes;
    if (event->kind == POOL_EVENT_ALLOC)
        heard->allocated += event->bytes;
    if (event->kind == POOL_EVENT_NOTE)
        heard->noted = event->note;
    if (event->purpose)
        heard->purpose = event->purpose;
    if (event->kind != POOL_EVENT_DESTROY && event->kind != POOL_EVENT_ALLOC)
        assert_int_equal(heard->held, event->held);
}

static void follow(struct heard *heard, struct pool *pool, bool allocs)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    *heard = (struct heard){.base = {.tell = hear, .allocs = allocs}, .held = stats.held_bytes};
    pool_follow(&heard->base, pool);
}

static size_t held(const struct pool *pool)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    return stats.held_bytes;
}

static void all_is_told(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 8192);
    struct heard heard;
    void *buffer, *large;

    follow(&heard, pool, false);
    assert_true(pool_is_followed(pool));
    assert_non_null(pool_alloc(pool, 48, "struct"));
    pool_pin(pool);
    assert_int_equal(heard.count[POOL_EVENT_PIN], 1);
    buffer = pool_take(pool, 1000, NULL, "input");
    assert_non_null(buffer);
    assert_string_equal(heard.purpose, "input");
    assert_non_null(strstr(heard.purpose + strlen(heard.purpose) + 1, "test_pool_follow.c:"));
    large = pool_alloc(pool, 2000, "large");
    assert_non_null(large);
    for (int i = 0; i < 10; i++)
        assert_non_null(pool_alloc(pool, 100, "small"));
    assert_int_equal(heard.held, held(pool));
    assert_int_equal(heard.count[POOL_EVENT_ALLOC], 0);
    assert_null(pool_alloc(pool, 9000, "too much"));
    assert_int_equal(heard.count[POOL_EVENT_REFUSED], 1);
    assert_true(heard.asked >= 9000);
    assert_int_equal(pool_failure(pool), POOL_FAILURE_BUDGET);
    pool_note(pool, "a word");
    assert_string_equal(heard.noted, "a word");
    pool_reset(pool);
    assert_int_equal(heard.count[POOL_EVENT_RESET], 1);
    assert_int_equal(heard.told, held(pool));
    pool_put(pool, buffer);
    pool_idle(pool);
    assert_int_equal(heard.count[POOL_EVENT_IDLE], 1);
    assert_int_equal(heard.held, held(pool));
    pool_destroy(pool);
    assert_int_equal(heard.count[POOL_EVENT_DESTROY], 1);
    assert_int_equal(heard.told, 0);
    assert_null(heard.base.pool);
    assert_int_equal(heard.count[POOL_EVENT_TAKE], heard.count[POOL_EVENT_GIVE]);
    pool_unfollow(&heard.base); /* does nothing */
}

/* One step of a random life, the same in both pools: places in their blocks are compared. */
static void step(struct pool *one, struct pool *other, char *last[2], size_t *size, uint64_t *seed)
{
    size_t kind = seed_below(seed, 100), more = 1 + seed_below(seed, 300);

    if (kind < 40) {
        *size = more;
        last[0] = pool_nalloc(one, more, "text");
        last[1] = pool_nalloc(other, more, "text");
    } else if (kind < 75) {
        *size = more;
        last[0] = pool_alloc(one, more, "struct");
        last[1] = pool_alloc(other, more, "struct");
    } else if (kind < 85 && last[0]) {
        assert_int_equal(pool_extend(one, last[0], *size, *size + 20),
                         pool_extend(other, last[1], *size, *size + 20));
        last[0] = last[1] = NULL;
    } else if (kind < 92 && last[0]) {
        assert_int_equal(pool_give_back(one, last[0], *size, *size / 2),
                         pool_give_back(other, last[1], *size, *size / 2));
        last[0] = last[1] = NULL;
    } else if (kind < 97) {
        pool_reset(one);
        pool_reset(other);
        last[0] = last[1] = NULL;
    } else {
        pool_idle(one);
        pool_idle(other);
        last[0] = last[1] = NULL;
    }
}

static void allocations_stand_where_they_would(void **state)
{
    struct pool *one = pool_of(state, 512, 1024, 0), *other = pool_of(state, 512, 1024, 0);
    struct pool_stats a, b;
    struct heard heard, second;
    char *last[2] = {NULL, NULL};
    uint64_t seed = seed_start("pool_follow");
    size_t size = 0;

    follow(&heard, one, true);
    for (int i = 0; i < 3000; i++) {
        step(one, other, last, &size, &seed);
        pool_stats(one, &a);
        pool_stats(other, &b);
        assert_int_equal(a.used_bytes, b.used_bytes);
        assert_int_equal(a.held_bytes, b.held_bytes);
        assert_int_equal(a.stranded_bytes, b.stranded_bytes);
        assert_int_equal(pool_request_bytes(one), pool_request_bytes(other));
        if (last[0])
            assert_true(pool_owns(one, last[0]));
        if (i == 1000) /* a second one that hears less changes nothing … */
            follow(&second, one, false);
        if (i == 2000) { /* … nor does it when the first leaves */
            pool_unfollow(&heard.base);
            assert_true(pool_is_followed(one));
        }
    }
    if (pool_mode() != POOL_PASSTHROUGH)
        assert_true(heard.count[POOL_EVENT_ALLOC] > 1000);
    assert_int_equal(second.count[POOL_EVENT_ALLOC], 0);
    pool_unfollow(&second.base);
    assert_false(pool_is_followed(one));
    pool_destroy(one);
    pool_destroy(other);
}

/* Three at a time on one pool and one on another: each hears of its own. */
static void each_hears_of_its_own(void **state)
{
    struct pool *one = pool_of(state, 512, 1024, 0), *other = pool_of(state, 512, 1024, 0);
    struct heard heard[3], stranger;

    for (int i = 0; i < 3; i++)
        follow(&heard[i], one, i == 1);
    follow(&stranger, other, true);
    pool_unfollow(&heard[1].base);
    pool_put(one, pool_take(one, 100, NULL, "buffer"));
    assert_int_equal(heard[0].count[POOL_EVENT_TAKE], 1);
    assert_int_equal(heard[1].count[POOL_EVENT_TAKE], 0);
    assert_int_equal(heard[2].count[POOL_EVENT_GIVE], 1);
    assert_int_equal(stranger.count[POOL_EVENT_TAKE], 0);
    pool_destroy(one);
    assert_int_equal(heard[0].count[POOL_EVENT_DESTROY] + heard[2].count[POOL_EVENT_DESTROY], 2);
    assert_int_equal(stranger.count[POOL_EVENT_DESTROY], 0);
    pool_destroy(other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_POOLS(all_is_told),
        WITH_POOLS(allocations_stand_where_they_would),
        WITH_POOLS(each_hears_of_its_own),
    };
    int failed = 0;

    for (fixture_mode = POOL_NORMAL; fixture_mode <= POOL_PASSTHROUGH; fixture_mode++)
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    return failed;
}
