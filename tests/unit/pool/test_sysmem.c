/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pool/fault.h"
#include "pool/sysmem.h"

static struct {
    char call[32];
    size_t size;
    int count;
} reported;

static void report(const char *call, size_t size)
{
    strncpy(reported.call, call, sizeof reported.call - 1);
    reported.size = size;
    reported.count++;
}

static struct sysmem_stats stats_now(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats;
}

static void assert_nothing_is_out(void)
{
    assert_int_equal(stats_now().live_bytes, 0);
    assert_int_equal(stats_now().live_count, 0);
}

static void test_every_kind_is_counted_and_comes_back(void **state)
{
    struct sysmem_stats before = stats_now();
    static const uint64_t calls[SYSMEM_CALLS] = {1, 1, 1, 2, 3, 1, 1, 1};
    char *a, *b, *c, *m;
    struct sysmem_stats after;

    (void)state;
    a = sysmem_alloc(SYSMEM_OF_SHARED, 100);
    b = sysmem_calloc(SYSMEM_OF_SHARED, 200);
    c = sysmem_memalign(SYSMEM_OF_SHARED, 256, 300);
    m = sysmem_map(SYSMEM_OF_SHARED, 65536, 65536);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_non_null(m);
    for (int i = 0; i < 200; i++)
        assert_int_equal(b[i], 0);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_int_equal((uintptr_t)c % 256, 0);
    assert_int_equal((uintptr_t)m % 65536, 0);
    assert_int_equal(stats_now().live_bytes, 600 + 65536);
    assert_int_equal(stats_now().live_count, 4);
    a = sysmem_realloc(SYSMEM_OF_SHARED, a, 100, 1000);
    assert_non_null(a);
    assert_int_equal(stats_now().live_bytes, 1500 + 65536);
    a = sysmem_realloc(SYSMEM_OF_SHARED, a, 1000, 10);
    assert_non_null(a);
    assert_int_equal(stats_now().live_bytes, 510 + 65536);
    m[5] = 'x';
    assert_int_equal(sysmem_purge(m, 65536), 0);
    assert_int_equal(m[5], 0);
    sysmem_free(SYSMEM_OF_SHARED, a, 10);
    sysmem_free(SYSMEM_OF_SHARED, b, 200);
    sysmem_free(SYSMEM_OF_SHARED, c, 300);
    sysmem_free(SYSMEM_OF_SHARED, NULL, 17);
    sysmem_unmap(SYSMEM_OF_SHARED, m, 65536);
    assert_nothing_is_out();
    after = stats_now();
    for (int i = 0; i < SYSMEM_CALLS; i++)
        assert_int_equal(after.calls[i] - before.calls[i], calls[i]);
    assert_true(after.peak_bytes >= 1500 + 65536);
}

static void test_every_byte_has_a_use(void **state)
{
    struct sysmem_stats stats = stats_now();
    void *parts[SYSMEM_USES];
    uint64_t sum = 0;

    (void)state;
    for (int use = 0; use < SYSMEM_USES; use++) {
        parts[use] = sysmem_alloc((enum sysmem_use)use, 100000u * (unsigned)(use + 1));
        assert_non_null(parts[use]);
    }
    parts[0] = sysmem_realloc(SYSMEM_OF_POOLS, parts[0], 100000, 5000000);
    assert_non_null(parts[0]);
    stats = stats_now();
    for (int use = 0; use < SYSMEM_USES; use++) {
        assert_int_equal(stats.uses[use], use ? 100000 * (use + 1) : 5000000);
        assert_int_equal(stats.peak_uses[use], stats.uses[use]);
        sum += stats.uses[use];
    }
    assert_int_equal(sum, stats.live_bytes);
    sysmem_free(SYSMEM_OF_POOLS, parts[0], 5000000);
    for (int use = 1; use < SYSMEM_USES; use++)
        sysmem_free((enum sysmem_use)use, parts[use], 100000u * (unsigned)(use + 1));
    stats = stats_now();
    assert_int_equal(stats.uses[0], 0);
    assert_int_equal(stats.peak_uses[0], 5000000); /* as it was at the peak */
}

static void test_realloc_of_nothing_is_an_allocation(void **state)
{
    void *p;

    (void)state;
    p = sysmem_realloc(SYSMEM_OF_SHARED, NULL, 0, 50);
    assert_non_null(p);
    assert_int_equal(stats_now().live_count, 1);
    sysmem_free(SYSMEM_OF_SHARED, p, 50);
    assert_nothing_is_out();
}

static void test_mappings_are_aligned_whatever_was_mapped_before(void **state)
{
    enum { SIZE = 512 * 1024, MANY = 20 };
    void *maps[MANY], *odd[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        odd[i] = sysmem_map(SYSMEM_OF_SHARED, 4096, 4096 * (1 + (size_t)i % 5));
        maps[i] = sysmem_map(SYSMEM_OF_SHARED, SIZE, SIZE);
        assert_non_null(odd[i]);
        assert_non_null(maps[i]);
        assert_int_equal((uintptr_t)maps[i] % SIZE, 0);
        memset(maps[i], 1, SIZE); /* all of it is there */
    }
    for (int i = 0; i < MANY; i++) {
        sysmem_unmap(SYSMEM_OF_SHARED, odd[i], 4096 * (1 + (size_t)i % 5));
        sysmem_unmap(SYSMEM_OF_SHARED, maps[i], SIZE);
    }
    assert_nothing_is_out();
}

static void test_the_budget_refuses_with_its_own_errno(void **state)
{
    uint64_t refused = stats_now().refused;
    void *p, *q;

    (void)state;
    sysmem_on_failure(report);
    reported.count = 0;
    sysmem_set_budget(1000);
    p = sysmem_alloc(SYSMEM_OF_SHARED, 600);
    assert_non_null(p);
    errno = 0;
    assert_null(sysmem_alloc(SYSMEM_OF_SHARED, 401));
    assert_int_equal(errno, EDQUOT);
    assert_null(sysmem_map(SYSMEM_OF_SHARED, 4096, 4096));
    assert_null(sysmem_realloc(SYSMEM_OF_SHARED, p, 600, 1001));
    assert_int_equal(stats_now().live_bytes, 600);
    q = sysmem_alloc(SYSMEM_OF_SHARED, 400); /* to the last byte */
    assert_non_null(q);
    p = sysmem_realloc(SYSMEM_OF_SHARED, p, 600, 500); /* less is always allowed */
    assert_non_null(p);
    sysmem_set_budget(0);
    sysmem_on_failure(NULL);
    assert_int_equal(stats_now().refused - refused, 3);
    assert_int_equal(reported.count, 3);
    sysmem_free(SYSMEM_OF_SHARED, p, 500);
    sysmem_free(SYSMEM_OF_SHARED, q, 400);
    assert_nothing_is_out();
}

static void test_the_fault_switch_reaches_every_kind(void **state)
{
    void *p;

    (void)state;
    p = sysmem_alloc(SYSMEM_OF_SHARED, 10);
    assert_non_null(p);
    sysmem_on_failure(report);
    reported.count = 0;
    fault_arm(FAULT_SYSTEM, 1, true);
    assert_null(sysmem_alloc(SYSMEM_OF_SHARED, 77));
    assert_string_equal(reported.call, "malloc");
    assert_int_equal(reported.size, 77);
    assert_null(sysmem_calloc(SYSMEM_OF_SHARED, 1));
    assert_null(sysmem_memalign(SYSMEM_OF_SHARED, 64, 1));
    assert_null(sysmem_realloc(SYSMEM_OF_SHARED, p, 10, 20));
    errno = 0;
    assert_null(sysmem_map(SYSMEM_OF_SHARED, 4096, 4096));
    assert_int_equal(errno, ENOMEM);
    fault_arm(FAULT_SYSTEM, 0, false);
    sysmem_on_failure(NULL);
    assert_int_equal(reported.count, 5);
    sysmem_free(SYSMEM_OF_SHARED, p, 10);
    assert_nothing_is_out();
}

static void test_absurd_sizes_are_refused(void **state)
{
    void *p;

    (void)state;
    assert_null(sysmem_alloc(SYSMEM_OF_SHARED, SIZE_MAX));
    assert_null(sysmem_calloc(SYSMEM_OF_SHARED, (size_t)PTRDIFF_MAX + 1));
    assert_null(sysmem_memalign(SYSMEM_OF_SHARED, 64, SIZE_MAX - 3));
    assert_null(sysmem_map(SYSMEM_OF_SHARED, 4096, SIZE_MAX - 4095));
    assert_nothing_is_out();
    p = sysmem_alloc(SYSMEM_OF_SHARED, 0);
    assert_non_null(p);
    sysmem_free(SYSMEM_OF_SHARED, p, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_counted_and_comes_back),
        cmocka_unit_test(test_every_byte_has_a_use),
        cmocka_unit_test(test_realloc_of_nothing_is_an_allocation),
        cmocka_unit_test(test_mappings_are_aligned_whatever_was_mapped_before),
        cmocka_unit_test(test_the_budget_refuses_with_its_own_errno),
        cmocka_unit_test(test_the_fault_switch_reaches_every_kind),
        cmocka_unit_test(test_absurd_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
