/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pool/annotate.h"
#include "pool/mode.h"
#include "pool/sizeclass.h"
#include "pool/sysmem.h"
#include "tests/unit/pool/mistake.h"

/* Under ASan what comes back waits in a quarantine of up to 1 MiB before it is free. */
#ifdef ANNOTATE_ASAN
enum { QUARANTINED = 1024 * 1024, QUARANTINE_ARENAS = 3 };
#else
enum { QUARANTINED = 0, QUARANTINE_ARENAS = 0 };
#endif

static uint64_t system_calls(void)
{
    struct sysmem_stats stats;
    uint64_t calls = 0;

    sysmem_stats(&stats);
    for (int i = 0; i < SYSMEM_CALLS; i++)
        calls += stats.calls[i];
    return calls;
}

static struct sizeclass_stats stats_of(struct sizeclass *classes)
{
    struct sizeclass_stats stats;

    sizeclass_stats(classes, &stats);
    return stats;
}

static int setup(void **state)
{
    *state = sizeclass_create();
    return *state == NULL;
}

static int teardown(void **state)
{
    struct sysmem_stats stats;
    uint64_t lost = sizeclass_lost();

    sizeclass_destroy(*state);
    sysmem_stats(&stats);
    return stats.live_count != 0 || sizeclass_lost() != lost;
}

static void test_every_size_fits_its_class(void **state)
{
    size_t previous;

    (void)state;
    previous = 0;
    for (size_t size = 0; size <= SIZECLASS_MAX; size++) {
        size_t rounded = sizeclass_round(size);
        assert_true(rounded >= size && rounded >= 16 && rounded % 16 == 0);
        assert_true(rounded >= previous);
        assert_int_equal(sizeclass_round(rounded), rounded);
        assert_true(size < 17 || rounded <= 2 * size);
        previous = rounded;
    }
    assert_int_equal(sizeclass_round(512), 512);
    assert_int_equal(sizeclass_round(4096), 4096);
    assert_int_equal(sizeclass_round(SIZECLASS_MAX + 1), SIZECLASS_MAX + 1);
}

static void test_objects_are_apart_aligned_and_whole(void **state)
{
    struct sizeclass *classes = *state;
    enum { EACH = 20 };
    static const size_t sizes[] = {1,    16,   17,   48,   100,   512,   513,   700,
                                   2048, 2049, 4096, 5000, 16384, 40000, 65536, 70000};
    unsigned char *objects[sizeof sizes / sizeof(sizes[0])][EACH];
    size_t kinds = sizeof sizes / sizeof(sizes[0]);

    for (size_t kind = 0; kind < kinds; kind++) {
        for (size_t i = 0; i < EACH; i++) {
            size_t capacity = 0;
            objects[kind][i] = sizeclass_get(classes, sizes[kind], &capacity);
            assert_non_null(objects[kind][i]);
            assert_int_equal(capacity, sizeclass_round(sizes[kind]));
            assert_int_equal(
                (uintptr_t)objects[kind][i] % (sizes[kind] > 2048 && sizes[kind] <= 65536 ? 4096 : 16), 0);
            memset(objects[kind][i], (int)(kind * EACH + i) & 0xff, capacity);
        }
    }
    for (size_t kind = 0; kind < kinds; kind++)
        for (size_t i = 0; i < EACH; i++)
            for (size_t byte = 0; byte < sizeclass_round(sizes[kind]); byte++)
                assert_int_equal(objects[kind][i][byte], (kind * EACH + i) & 0xff);
    assert_int_equal(stats_of(classes).live_objects, (kinds - 1) * EACH); /* 70000 bytes are the system's */
    for (size_t kind = 0; kind < kinds; kind++)
        for (size_t i = 0; i < EACH; i++)
            sizeclass_put(classes, objects[kind][i], i % 2 == 0 ? sizes[kind] : sizeclass_round(sizes[kind]));
    assert_int_equal(stats_of(classes).live_objects, 0);
    assert_int_equal(stats_of(classes).live_bytes, 0);
}

static void test_steady_state_calls_no_system(void **state)
{
    struct sizeclass *classes = *state;
    void *objects[64];

    for (int round = 0; round < 100; round++) {
        uint64_t before = system_calls();
        for (size_t i = 0; i < 64; i++) {
            objects[i] = sizeclass_get(classes, (size_t)16 << (i % 13), NULL);
            assert_non_null(objects[i]);
        }
        for (size_t i = 0; i < 64; i++)
            sizeclass_put(classes, objects[i], (size_t)16 << (i % 13));
        if (round >= 10) /* ASan's quarantine has filled by then */
            assert_int_equal(system_calls(), before);
    }
}

/* What the kernel has given for the arenas that these objects are in. */
static size_t resident_bytes(void *const *objects, size_t count)
{
    unsigned char pages[SIZECLASS_ARENA / SIZECLASS_PAGE];
    char *arenas[64];
    size_t known = 0, resident = 0;

    for (size_t i = 0; i < count; i++) {
        char *arena = (char *)objects[i] - (uintptr_t)objects[i] % SIZECLASS_ARENA;
        size_t at = 0;
        while (at < known && arenas[at] != arena)
            at++;
        if (at < known)
            continue;
        assert_true(known < 64);
        arenas[known++] = arena;
        assert_int_equal(mincore(arena, SIZECLASS_ARENA, pages), 0);
        for (size_t page = 0; page < sizeof pages; page++)
            resident += (pages[page] & 1u) * SIZECLASS_PAGE;
    }
    return resident;
}

/* An idle connection is a 512-byte block; it must cost just that. */
static void test_small_blocks_cost_what_they_hold(void **state)
{
    struct sizeclass *classes = *state;
    enum { MANY = 15000, SIZE = 512 };
    static void *objects[MANY];

    for (int i = 0; i < MANY; i++) {
        objects[i] = sizeclass_get(classes, SIZE, NULL);
        assert_non_null(objects[i]);
        memset(objects[i], 1, SIZE);
    }
    assert_true(stats_of(classes).resident_bytes <= (uint64_t)MANY * SIZE * 102 / 100);
    assert_true(resident_bytes(objects, MANY) <= (size_t)MANY * SIZE * 102 / 100);
    for (int i = 0; i < MANY; i++)
        sizeclass_put(classes, objects[i], SIZE);
}

static void test_trim_gives_back_what_was_not_needed(void **state)
{
    struct sizeclass *classes = *state;
    int64_t now;
    uint64_t mapped, calls;

    enum { MANY = 2000, SIZE = 4096 };
    static void *objects[MANY];

    for (int i = 0; i < MANY; i++)
        assert_non_null(objects[i] = memset(sizeclass_get(classes, SIZE, NULL), 1, SIZE));
    now = 1000000;
    sizeclass_trim(classes, now);
    for (int i = 10; i < MANY; i++)
        sizeclass_put(classes, objects[i], SIZE);
    /* The window in which they came back: they have not been empty all through it. */
    mapped = stats_of(classes).mapped_bytes;
    assert_true(sizeclass_trim(classes, now += SIZECLASS_WINDOW_MS));
    assert_int_equal(stats_of(classes).mapped_bytes, mapped);
    /* Within a window nothing happens, though spans are empty. */
    calls = system_calls();
    assert_true(sizeclass_trim(classes, now + SIZECLASS_WINDOW_MS / 2));
    assert_int_equal(system_calls(), calls);
    sizeclass_trim(classes, now += SIZECLASS_WINDOW_MS);
    assert_true(stats_of(classes).mapped_bytes <= 2 * SIZECLASS_ARENA + QUARANTINED);
    assert_int_equal(stats_of(classes).empty_bytes, 0);
    assert_true(stats_of(classes).resident_bytes <= 20 * 4096 + 2 * QUARANTINED);
    assert_false(sizeclass_trim(classes, now + 1));
    for (int i = 0; i < 10; i++)
        sizeclass_put(classes, objects[i], SIZE);
}

/* What comes and goes within a window is needed, so that a busy server does not call the system every second.
 */
static void test_trim_leaves_what_is_in_use_now_and_then(void **state)
{
    struct sizeclass *classes = *state;
    void *objects[50];
    int64_t now = 5000;

    for (int second = 0; second < 20; second++, now += 1000) {
        uint64_t before = system_calls();
        for (int i = 0; i < 50; i++)
            assert_non_null(objects[i] = sizeclass_get(classes, 16384, NULL));
        for (int i = 0; i < 50; i++)
            sizeclass_put(classes, objects[i], 16384);
        (void)sizeclass_trim(classes, now);
        if (second > 2) /* the quarantine has filled */
            assert_int_equal(system_calls(), before);
    }
    now += 1000;
    (void)sizeclass_trim(classes, now + SIZECLASS_WINDOW_MS);
    (void)sizeclass_trim(classes, now + 2 * SIZECLASS_WINDOW_MS);
    assert_true(stats_of(classes).span_bytes <= QUARANTINED);
    assert_true(stats_of(classes).arenas <= 1 + QUARANTINE_ARENAS);
}

/* Pages of one class serve another before the system is asked for more. */
static void test_empty_pages_serve_other_classes(void **state)
{
    struct sizeclass *classes = *state;
    static void *objects[3000];
    uint64_t arenas;

    for (int i = 0; i < 1000; i++)
        assert_non_null(objects[i] = sizeclass_get(classes, 1024, NULL));
    arenas = stats_of(classes).arenas;
    for (int i = 0; i < 1000; i++)
        sizeclass_put(classes, objects[i], 1024);
    for (int i = 0; i < 3000; i++)
        assert_non_null(objects[i] = sizeclass_get(classes, 256, NULL));
    assert_true(stats_of(classes).arenas <= arenas + QUARANTINE_ARENAS);
    for (int i = 0; i < 3000; i++)
        sizeclass_put(classes, objects[i], 256);
}

/* Spans with room are found behind full ones. */
static void test_holes_are_filled_first(void **state)
{
    struct sizeclass *classes = *state;
    void *objects[80];
    uint64_t bytes;

    for (int i = 0; i < 80; i++)
        assert_non_null(objects[i] = sizeclass_get(classes, 512, NULL));
    bytes = stats_of(classes).span_bytes;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 80; i += 4)
            sizeclass_put(classes, objects[i], 512);
        for (int i = 0; i < 80; i += 4)
            assert_non_null(objects[i] = sizeclass_get(classes, 512, NULL));
    }
    assert_true(stats_of(classes).span_bytes <= bytes + QUARANTINED);
    for (int i = 0; i < 80; i++)
        sizeclass_put(classes, objects[i], 512);
}

static void test_failure_is_null_and_changes_nothing(void **state)
{
    static void *objects[300];
    struct sizeclass *classes = *state;
    int got = 0;
    void *p;

    fault_arm(FAULT_SIZECLASS, 1, false);
    errno = 0;
    assert_null(sizeclass_get(classes, 64, NULL));
    assert_int_equal(errno, ENOMEM);
    fault_arm(FAULT_SIZECLASS, 2, false); /* the inline path knows the switch too */
    p = sizeclass_get(classes, 64, NULL);
    assert_non_null(p);
    assert_null(sizeclass_get(classes, 64, NULL));
    fault_arm(FAULT_SIZECLASS, 0, false);
    sizeclass_put(classes, p, 64);
    sysmem_set_budget(600 * 1024);
    while (got < 300 && (objects[got] = sizeclass_get(classes, 4096, NULL)) != NULL)
        got++;
    assert_true(got >= 120 && got < 300);
    assert_int_equal(errno, EDQUOT);
    sysmem_set_budget(0);
    while (got > 0)
        sizeclass_put(classes, objects[--got], 4096);
}

static void mistake_double(void **state)
{
    struct sizeclass *classes = sizeclass_create();

    void *p = sizeclass_get(classes, 100, NULL), *other = sizeclass_get(classes, 100, NULL);

    (void)state;
    sizeclass_put(classes, p, 100);
    sizeclass_put(classes, other, 100);
    sizeclass_put(classes, p, 100);
}

static void mistake_size(void **state)
{
    struct sizeclass *classes = sizeclass_create();

    (void)state;
    sizeclass_put(classes, sizeclass_get(classes, 100, NULL), 200);
}

static void mistake_inside(void **state)
{
    struct sizeclass *classes = sizeclass_create();

    (void)state;
    sizeclass_put(classes, (char *)sizeclass_get(classes, 100, NULL) + 16, 100);
}

static void mistake_stranger(void **state)
{
    struct sizeclass *classes = sizeclass_create();

    (void)state;
    sizeclass_put(sizeclass_create(), sizeclass_get(classes, 100, NULL), 100);
}

static void mistake_none(void **state)
{
    struct sizeclass *classes = sizeclass_create();

    (void)state;
    sizeclass_put(classes, sizeclass_get(classes, 100, NULL), 128);
}

static void test_mistakes_are_caught_in_poison_mode(void **state)
{
    assert_int_equal(pool_mode_set(POOL_POISON), 0);
    assert_false(is_caught(mistake_none, state));
    assert_true(is_caught(mistake_double, state));
    assert_true(is_caught(mistake_size, state));
    assert_true(is_caught(mistake_inside, state));
    assert_true(is_caught(mistake_stranger, state));
    assert_int_equal(pool_mode_set(POOL_NORMAL), 0);
}

static void test_what_is_out_at_destroy_counts_as_lost(void **state)
{
    uint64_t before = sizeclass_lost();
    struct sizeclass *classes = sizeclass_create();

    (void)state;
    assert_non_null(classes);
    assert_non_null(sizeclass_get(classes, 100, NULL));
    assert_non_null(sizeclass_get(classes, 10000, NULL));
    sizeclass_destroy(classes);
    assert_int_equal(sizeclass_lost() - before, 2);
}

/* In steps of any size it comes to the same; the figures of the classes add up to those of the whole. */
static void test_figures_of_the_classes(void **state)
{
    enum { OBJECTS = 400 };
    static void *objects[OBJECTS];
    struct sizeclass *classes = *state;
    uint64_t live = 0, pages = 0;
    struct sizeclass_stats whole;

    for (int i = 0; i < OBJECTS; i++)
        assert_non_null(objects[i] = sizeclass_get(classes, (size_t)(16 << i % 12), NULL));
    for (int i = 0; i < OBJECTS; i += 3)
        sizeclass_put(classes, objects[i], (size_t)(16 << i % 12));
    whole = stats_of(classes);
    assert_true(whole.arenas > 2);
    for (int i = 0; i < SIZECLASS_CLASSES; i++) {
        live += whole.class_live[i];
        pages += whole.class_pages[i];
        assert_true(whole.class_live[i] + whole.class_cached[i] <= whole.class_room[i]);
        assert_true(whole.class_room[i] * sizeclass_sizes[i] <= whole.class_pages[i] * SIZECLASS_PAGE);
    }
    assert_int_equal(live, whole.live_objects);
    assert_int_equal(pages * SIZECLASS_PAGE, whole.span_bytes);
    for (uint32_t arenas = 1; arenas < 4; arenas++) {
        struct sizeclass_stats steps;
        uint32_t next = 0, taken = 0;

        memset(&steps, 0, sizeof steps);
        while (!sizeclass_stats_step(classes, &steps, &next, arenas))
            taken++;
        assert_int_equal(taken, (whole.arenas - 1) / arenas);
        assert_memory_equal(&steps, &whole, sizeof steps);
    }
    for (int i = 0; i < OBJECTS; i++)
        if (i % 3)
            sizeclass_put(classes, objects[i], (size_t)(16 << i % 12));
}

#define WITH_CLASSES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLASSES(test_every_size_fits_its_class),
        WITH_CLASSES(test_objects_are_apart_aligned_and_whole),
        WITH_CLASSES(test_steady_state_calls_no_system),
        WITH_CLASSES(test_small_blocks_cost_what_they_hold),
        WITH_CLASSES(test_trim_gives_back_what_was_not_needed),
        WITH_CLASSES(test_trim_leaves_what_is_in_use_now_and_then),
        WITH_CLASSES(test_empty_pages_serve_other_classes),
        WITH_CLASSES(test_holes_are_filled_first),
        WITH_CLASSES(test_failure_is_null_and_changes_nothing),
        WITH_CLASSES(test_figures_of_the_classes),
        cmocka_unit_test(test_mistakes_are_caught_in_poison_mode),
        cmocka_unit_test(test_what_is_out_at_destroy_counts_as_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
