/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "pool/mode.h"
#include "pool/sizeclass.h"
#include "tests/unit/pool/seed.h"

static uint64_t live_objects(const struct sizeclass *classes)
{
    struct sizeclass_stats stats;

    sizeclass_stats(classes, &stats);
    return stats.live_objects;
}

/* Random gets and puts against a record of who owns what. */
static void test_random_against_an_oracle(void **state)
{
    enum { SLOTS = 700, STEPS = 60000 };
    static struct {
        unsigned char *p;
        size_t size, capacity;
        unsigned char mark;
    } slots[SLOTS];
    struct sizeclass *classes = sizeclass_create();
    uint64_t seed = seed_start("sizeclass");
    int64_t now = 0;
    uint64_t live = 0;

    (void)state;
    assert_non_null(classes);
    memset(slots, 0, sizeof slots);
    for (int step = 0; step < STEPS; step++) {
        size_t i = seed_below(&seed, SLOTS);
        if (slots[i].p != NULL) {
            assert_int_equal(slots[i].p[0], slots[i].mark);
            assert_int_equal(slots[i].p[slots[i].capacity / 2], slots[i].mark);
            assert_int_equal(slots[i].p[slots[i].capacity - 1], slots[i].mark);
            sizeclass_put(classes, slots[i].p, seed_below(&seed, 2) == 0 ? slots[i].size : slots[i].capacity);
            live -= slots[i].size <= SIZECLASS_MAX;
            slots[i].p = NULL;
        } else {
            slots[i].size = seed_below(&seed, (size_t)2 << seed_below(&seed, 17)) + 1;
            slots[i].mark = (unsigned char)seed_next(&seed);
            slots[i].p = sizeclass_get(classes, slots[i].size, &slots[i].capacity);
            assert_non_null(slots[i].p);
            memset(slots[i].p, slots[i].mark, slots[i].capacity);
            live += slots[i].size <= SIZECLASS_MAX;
        }
        if (step % 500 == 0)
            (void)sizeclass_trim(classes, now += 700);
        if (step % 5000 == 0)
            assert_int_equal(live_objects(classes), live);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].p != NULL)
            sizeclass_put(classes, slots[i].p, slots[i].size);
    assert_int_equal(live_objects(classes), 0);
    sizeclass_destroy(classes);
}

static void test_random_in_poison_mode(void **state)
{
    assert_int_equal(pool_mode_set(POOL_POISON), 0);
    test_random_against_an_oracle(state);
    assert_int_equal(pool_mode_set(POOL_NORMAL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_against_an_oracle),
        cmocka_unit_test(test_random_in_poison_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
