/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/shared/hash.h"

#include <stdio.h>

static void test_the_seed_is_made_once(void **state)
{
    uint64_t seed;

    (void)state;
    hash_init();
    seed = hash_seed;
    assert_int_not_equal(seed, 0);
    hash_init();
    assert_true(hash_seed == seed);
}

static void test_bytes_and_length_count(void **state)
{
    char bytes[40] = {0};
    uint64_t all;

    (void)state;
    all = hash_bytes(bytes, sizeof bytes);
    assert_true(all == hash_bytes(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_true(hash_bytes(bytes, i) != all); /* zeros, but fewer */
        bytes[i] = 1;
        assert_true(hash_bytes(bytes, sizeof bytes) != all);
        bytes[i] = 0;
    }
}

/* The tables take the shard from the highest four bits and the bucket from the lowest. */
static void test_neighbours_spread(void **state)
{
    unsigned high[16] = {0}, low[16] = {0};
    char key[32];

    (void)state;
    hash_init();
    for (int i = 0; i < 16000; i++) {
        int length = snprintf(key, sizeof key, "/srv/www/%d", i);
        uint64_t hash = hash_bytes(key, (size_t)length);
        high[hash >> 60]++;
        low[hash & 15]++;
    }
    for (int i = 0; i < 16; i++) { /* 1000 expected; six standard deviations are 184 */
        assert_in_range(high[i], 800, 1200);
        assert_in_range(low[i], 800, 1200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_seed_is_made_once),
        cmocka_unit_test(test_bytes_and_length_count),
        cmocka_unit_test(test_neighbours_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
