/* SPDX-License-Identifier: BSD-2-Clause */
/* pool_fixture: a size class and the account that must be settled at the end of every test; and mistakes that
 * must be caught. */
#ifndef TESTS_UNIT_POOL_POOL_FIXTURE_H
#define TESTS_UNIT_POOL_POOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/account.h"
#include "pool/pool.h"
#include "pool/sysmem.h"

/* What the running group is about. */
static enum pool_mode fixture_mode = POOL_NORMAL;
static bool fixture_system; /* pools without size classes */

static inline int fixture_setup(void **state)
{
    if (pool_mode_set(fixture_mode) != 0)
        return 1;
    *state = fixture_system ? NULL : sizeclass_create();
    return *state == NULL && !fixture_system;
}

static inline int fixture_teardown(void **state)
{
    char text[200];

    for (int point = 0; point < FAULT_POINTS; point++)
        fault_arm((enum fault_point)point, 0, false);
    sysmem_set_budget(0);
    sizeclass_destroy(*state);
    (void)pool_mode_set(POOL_NORMAL);
    if (account_settled(text, sizeof text))
        return 0;
    print_error("%s\n", text);
    return 1;
}

#define WITH_POOLS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

static inline struct pool *pool_of(void **state, size_t first_size, size_t block_size, size_t budget)
{
    struct pool *pool = pool_create(&(struct pool_options){.classes = *state,
                                                           .first_size = first_size,
                                                           .block_size = block_size,
                                                           .budget = budget,
                                                           .name = "test"});

    assert_non_null(pool);
    return pool;
}

static inline struct pool_stats stats_of(const struct pool *pool)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    return stats;
}

/* A group of tests in each mode, with size classes and on the system alone. Returns how many failed. */
#define fixture_run_everywhere(what, tests) fixture_run(what, tests, sizeof tests / sizeof((tests)[0]))

static inline int fixture_run(const char *what, const struct CMUnitTest *tests, size_t count)
{
    static const char *const names[] = {"normal", "poison", "passthrough"};
    int failed = 0;

    for (int mode = POOL_NORMAL; mode <= POOL_PASSTHROUGH; mode++) {
        for (int system = 0; system < 2; system++) {
            char name[64];
            snprintf(name, sizeof name, "%s, %s, %s", what, names[mode], system ? "system" : "size classes");
            fixture_mode = (enum pool_mode)mode;
            fixture_system = system != 0;
            failed += _cmocka_run_group_tests(name, tests, count, NULL, NULL);
        }
    }
    return failed;
}

#endif
