/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/pool/seed.h"
#include "tests/unit/pool/sgi_fixture.h"

static void test_sizes_and_alignment(void **state)
{
    struct sgi *sgi = *state;

    for (int attached = 0; attached < 2; attached++) {
        for (size_t size = 0; size <= 300; size++) {
            size_t whole = size == 0 ? 8 : (size + 7) / 8 * 8;
            unsigned char *object = sgi_alloc(sgi, size);

            assert_non_null(object);
            assert_int_equal((uintptr_t)object % (whole % 16 == 0 || size > SGI_SMALL_MAX ? 16 : 8), 0);
            memset(object, 0xee, size);
            sgi_free(sgi, object, size);
        }
        assert_int_equal(sgi_thread_attach(sgi), attached == 0 ? 0 : -EBUSY);
    }
    sgi_free(sgi, NULL, 24);
    assert_goes_back(sgi);
}

static void test_refill_is_twenty(void **state)
{
    struct sgi *sgi = *state;
    char *objects[2 * SGI_BATCH];
    uint64_t taken;
    void *first;

    for (int i = 0; i < 2 * SGI_BATCH; i++)
        objects[i] = sgi_alloc(sgi, 24);
    for (int i = 1; i < 2 * SGI_BATCH; i++)
        assert_ptr_equal(objects[i], objects[i - 1] + 24);
    /* A thread with magazines gets its twenty at one go. */
    assert_int_equal(sgi_thread_attach(sgi), 0);
    taken = stats_of(sgi).lists.taken;
    first = sgi_alloc(sgi, 24);
    assert_int_equal(stats_of(sgi).lists.taken - taken, 2); /* the refill, and the look just now */
    for (int i = 1; i < SGI_BATCH; i++)
        sgi_free(sgi, sgi_alloc(sgi, 24), 24);
    assert_int_equal(stats_of(sgi).lists.taken - taken, 3);
    sgi_free(sgi, first, 24);
    for (int i = 0; i < 2 * SGI_BATCH; i++)
        sgi_free(sgi, objects[i], 24);
    assert_goes_back(sgi);
}

struct taken {
    void *object;
    size_t size;
};

static void *take_aligned(struct sgi *sgi, size_t size)
{
    void *object = sgi_alloc(sgi, size);

    assert_int_equal((uintptr_t)object % (size % 16 == 0 ? 16 : 8), 0);
    return object;
}

/* With the system failing, takes objects of `size` until none is left. */
static size_t take_all(struct sgi *sgi, size_t size, struct taken *taken, size_t count)
{
    void *object;

    while ((object = take_aligned(sgi, size)) != NULL)
        taken[count++] = (struct taken){object, size};
    return count;
}

/* Left-overs are threaded and larger objects are cut: every byte of every span serves before anything fails.
 */
static void test_every_byte_serves(void **state)
{
    enum { SPANS = 6, MOST = (SPANS + 1) * SGI_SPAN / 8 };
    struct sgi *sgi = *state;
    struct taken *taken = test_malloc(MOST * sizeof *taken);
    size_t count = 0, bytes = 0;
    uint64_t seed = seed_start("every_byte");

    while (stats_of(sgi).spans_mapped < SPANS) {
        size_t size = 8 + seed_below(&seed, 16) * 8;
        taken[count++] = (struct taken){take_aligned(sgi, size), size};
    }
    fault_arm(FAULT_SYSTEM, 1, true);
    for (size_t size = SGI_SMALL_MAX; size > 0; size -= 8)
        count = take_all(sgi, size, taken, count);
    assert_null(sgi_alloc(sgi, 8));
    fault_arm(FAULT_SYSTEM, 0, false);
    for (size_t i = 0; i < count; i++)
        bytes += taken[i].size;
    assert_int_equal(bytes, stats_of(sgi).out_bytes);
    assert_int_equal(stats_of(sgi).free_bytes, 0);
    for (size_t i = 0; i < count; i++)
        sgi_free(sgi, taken[i].object, taken[i].size);
    test_free(taken);
    assert_goes_back(sgi);
}

/* The system says no: an 8 is cut from a freed 128, a 16 from an unaligned 24, wherever the free objects lie.
 */
static void test_scavenging(void **state)
{
    struct sgi *sgi = *state;
    struct taken *taken = test_malloc(SGI_SPAN / 8 * sizeof *taken);
    size_t count = 0, bytes = 0;
    void *small[17];

    taken[count++] = (struct taken){sgi_alloc(sgi, 128), 128};
    fault_arm(FAULT_SYSTEM, 1, true);
    for (size_t size = SGI_SMALL_MAX; size > 0; size -= 8)
        count = take_all(sgi, size, taken, count);
    sgi_free(sgi, taken[0].object, taken[0].size);
    for (int i = 0; i < 16; i++)
        assert_non_null(small[i] = sgi_alloc(sgi, 8));
    assert_ptr_equal(small[0], taken[0].object);
    assert_null(sgi_alloc(sgi, 8));
    assert_true(stats_of(sgi).scavenged > 0);
    for (int i = 0; i < 16; i++)
        sgi_free(sgi, small[i], 8);
    assert_null(sgi_alloc(sgi, 24)); /* a smaller one is never joined */
    fault_arm(FAULT_SYSTEM, 0, false);
    for (size_t i = 1; i < count; i++) {
        bytes += taken[i].size;
        sgi_free(sgi, taken[i].object, taken[i].size);
    }
    assert_true(bytes > 0);
    test_free(taken);
    assert_goes_back(sgi);
}

/* 40 bytes at a multiple of 16 serve a 24, and what is left begins at an odd 8: no 16 can be made of it, but
 * two 8. */
static void test_a_left_over_is_aligned(void **state)
{
    struct sgi *sgi = *state;
    struct taken *taken = test_malloc(SGI_SPAN / 8 * sizeof *taken);
    char *first = sgi_alloc(sgi, 40), *eight[2];
    size_t count = 0;

    assert_int_equal((uintptr_t)first % 16, 0);
    fault_arm(FAULT_SYSTEM, 1, true);
    for (size_t size = SGI_SMALL_MAX; size > 0; size -= 8)
        count = take_all(sgi, size, taken, count);
    sgi_free(sgi, first, 40);
    assert_ptr_equal(sgi_alloc(sgi, 24), first);
    assert_null(sgi_alloc(sgi, 24)); /* threads what is left */
    assert_null(sgi_alloc(sgi, 16));
    eight[0] = sgi_alloc(sgi, 8);
    eight[1] = sgi_alloc(sgi, 8);
    assert_int_equal((eight[0] - first) + (eight[1] - first), 24 + 32);
    fault_arm(FAULT_SYSTEM, 0, false);
    sgi_free(sgi, first, 24);
    sgi_free(sgi, eight[0], 8);
    sgi_free(sgi, eight[1], 8);
    for (size_t i = 0; i < count; i++)
        sgi_free(sgi, taken[i].object, taken[i].size);
    test_free(taken);
    assert_goes_back(sgi);
}

static unsigned handler_calls;
static unsigned handler_helps_at;

static bool handler(size_t wanted)
{
    assert_true(wanted > 0);
    if (++handler_calls == handler_helps_at)
        fault_arm(FAULT_SYSTEM, 0, false);
    return true;
}

static bool handler_that_gives_up(size_t wanted)
{
    (void)wanted;
    handler_calls++;
    return false;
}

static void test_handler(void **state)
{
    static const size_t sizes[] = {16, 1000};
    struct sgi *sgi = *state;

    assert_null(sgi_set_oom_handler(handler));
    assert_ptr_equal(sgi_set_oom_handler(handler_that_gives_up), handler);
    for (int i = 0; i < 2; i++) {
        void *object;

        handler_calls = 0;
        sgi_set_oom_handler(handler_that_gives_up);
        fault_arm(FAULT_SYSTEM, 1, true);
        assert_null(sgi_alloc(sgi, sizes[i]));
        assert_int_equal(handler_calls, 1);

        handler_calls = 0;
        handler_helps_at = 3;
        sgi_set_oom_handler(handler);
        object = sgi_alloc(sgi, sizes[i]);
        assert_non_null(object);
        assert_int_equal(handler_calls, 3);
        sgi_free(sgi, object, sizes[i]);
        for (int trims = 0; trims < TRIMS_TO_EMPTY; trims++)
            (void)sgi_trim(sgi);
    }
    sgi_set_oom_handler(NULL);
    assert_goes_back(sgi);
}

/* The original's reallocate goes round the handler. */
static void test_realloc_asks_the_handler(void **state)
{
    struct sgi *sgi = *state;
    unsigned char *object = sgi_alloc(sgi, 200), *larger;

    memset(object, 0x42, 200);
    handler_calls = 0;
    handler_helps_at = 2;
    sgi_set_oom_handler(handler);
    fault_arm(FAULT_SYSTEM, 1, true);
    larger = sgi_realloc(sgi, object, 200, 400);
    sgi_set_oom_handler(NULL);
    assert_non_null(larger);
    assert_int_equal(handler_calls, 2);
    for (int i = 0; i < 200; i++)
        assert_int_equal(larger[i], 0x42);
    sgi_free(sgi, larger, 400);
    assert_goes_back(sgi);
}

static void test_reallocate(void **state)
{
    static const size_t sizes[] = {0, 1, 8, 9, 16, 100, 120, 128, 129, 500};
    struct sgi *sgi = *state;
    const size_t count = sizeof sizes / sizeof *sizes;

    for (size_t i = 0; i < count * count; i++) {
        size_t old = sizes[i / count], new = sizes[i % count];
        unsigned char *object = sgi_realloc(sgi, NULL, 0, old), *moved;

        memset(object, 0x17, old);
        fault_arm(FAULT_SGI, 1, true);
        moved = sgi_realloc(sgi, object, old, new);
        fault_arm(FAULT_SGI, 0, false);
        if (moved == NULL)
            moved = sgi_realloc(sgi, object, old, new); /* it was as before */
        assert_non_null(moved);
        for (size_t at = 0; at < old && at < new; at++)
            assert_int_equal(moved[at], 0x17);
        sgi_free(sgi, moved, new);
    }
    assert_goes_back(sgi);
}

static void test_fault_counts_each_call(void **state)
{
    struct sgi *sgi = *state;

    assert_int_equal(sgi_thread_attach(sgi), 0);
    fault_count(FAULT_SGI);
    for (int i = 0; i < 7; i++)
        sgi_free(sgi, sgi_alloc(sgi, 32), 32);
    sgi_free(sgi, sgi_alloc(sgi, 320), 320);
    assert_int_equal(fault_calls(FAULT_SGI), 8);
    fault_arm(FAULT_SGI, 2, false);
    sgi_free(sgi, sgi_alloc(sgi, 32), 32);
    assert_null(sgi_alloc(sgi, 32));
    sgi_free(sgi, sgi_alloc(sgi, 32), 32);
    fault_arm(FAULT_SGI, 0, false);
    assert_goes_back(sgi);
}

/* What a second of work needs again is never given back in between. */
static void test_trim_has_hysteresis(void **state)
{
    enum { OBJECTS = 5000 };
    static void *objects[OBJECTS];
    struct sgi *sgi = *state;
    uint64_t mapped = 0;

    assert_int_equal(sgi_thread_attach(sgi), 0);
    for (int second = 0; second < 20; second++) {
        for (int i = 0; i < OBJECTS; i++)
            assert_non_null(objects[i] = sgi_alloc(sgi, 64));
        for (int i = 0; i < OBJECTS; i++)
            sgi_free(sgi, objects[i], 64);
        (void)sgi_trim(sgi);
        if (second == 3)
            mapped = stats_of(sgi).spans_mapped;
    }
    assert_int_equal(stats_of(sgi).spans_mapped, mapped);
    assert_goes_back(sgi);
}

/* Spans that growth has just mapped have not lain unused yet. */
static void test_trim_leaves_fresh_spans(void **state)
{
    struct sgi *sgi = *state;
    struct sgi_stats before, after = stats_of(sgi);

    do {
        before = after;
        assert_non_null(sgi_alloc(sgi, 128));
        after = stats_of(sgi);
    } while (after.spans_mapped - before.spans_mapped < 2);
    assert_int_equal(sgi_trim(sgi), 0);
    assert_true(sgi_trim(sgi) > 0);
}

/* What lies in the depot serves a thread without magazines before the system is asked. */
static void test_the_depot_serves_all(void **state)
{
    enum { OBJECTS = 4000 };
    static void *objects[OBJECTS];
    struct sgi *sgi = *state;
    uint64_t mapped;

    assert_int_equal(sgi_thread_attach(sgi), 0);
    for (int i = 0; i < OBJECTS; i++)
        assert_non_null(objects[i] = sgi_alloc(sgi, 64));
    for (int i = 0; i < OBJECTS; i++)
        sgi_free(sgi, objects[i], 64);
    sgi_thread_detach(sgi);
    assert_true(stats_of(sgi).depot_bytes > OBJECTS * 64 / 2);
    mapped = stats_of(sgi).spans_mapped;
    for (int i = 0; i < OBJECTS; i++)
        assert_non_null(objects[i] = sgi_alloc(sgi, 64));
    assert_int_equal(stats_of(sgi).spans_mapped, mapped);
    for (int i = 0; i < OBJECTS; i++)
        sgi_free(sgi, objects[i], 64);
    assert_goes_back(sgi);
}

/* What is where, class by class: the sums are those of sgi_stats. */
static void test_class_stats(void **state)
{
    enum { OBJECTS = 1000, CLASS = 64 / SGI_GRANULE - 1 };
    static void *objects[OBJECTS];
    struct sgi *sgi = *state;
    struct sgi_class_stats stats;

    sgi_class_stats(sgi, CLASS, &stats);
    assert_int_equal(stats.free + stats.full + stats.refills + stats.drains, 0);
    for (int i = 0; i < OBJECTS; i++)
        assert_non_null(objects[i] = sgi_alloc(sgi, 64)); /* not attached: one by one from the list */
    sgi_class_stats(sgi, CLASS, &stats);
    assert_true(stats.refills > 0);
    assert_int_equal(stats.drains, 0);
    for (int i = 0; i < OBJECTS; i++)
        sgi_free(sgi, objects[i], 64);
    for (int second = 0; second < TRIMS_TO_EMPTY + 1; second++) {
        size_t objects_free = 0, depot_bytes = 0;

        for (unsigned class = 0; class < SGI_CLASSES; class ++) {
            sgi_class_stats(sgi, class, &stats);
            objects_free += stats.free * (class + 1) * SGI_GRANULE;
            depot_bytes += stats.full * SGI_BATCH * (class + 1) * SGI_GRANULE;
        }
        assert_true(objects_free <= stats_of(sgi).free_bytes);
        assert_int_equal(depot_bytes, stats_of(sgi).depot_bytes);
        assert_true(second || objects_free + depot_bytes >= OBJECTS * 64);
        (void)sgi_trim(sgi);
    }
    sgi_class_stats(sgi, CLASS, &stats);
    assert_int_equal(stats.free + stats.full, 0);
    assert_true(stats.drains > 0);
    assert_true(stats.depot.taken > 0 && stats.depot.contended == 0);
    assert_goes_back(sgi);
}

#ifdef ANNOTATE_ASAN
/* A free object, and what of its class was not asked for, are out of bounds: the sanitizer sees it without
 * any mode. */
static void test_sanitizer_sees_into_it(void **state)
{
    struct sgi *sgi = *state;

    for (int mistake = 0; mistake < 3; mistake++) {
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            char *object = sgi_alloc(sgi, 20);
            volatile char *bytes = object;

            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            if (mistake == 1)
                bytes[20] = 1;
            if (mistake == 2) {
                sgi_free(sgi, object, 20);
                bytes[10] = 1;
            }
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WIFEXITED(status) && WEXITSTATUS(status) == 0, mistake == 0);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes_and_alignment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refill_is_twenty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_serves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_serves, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_scavenging, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_left_over_is_aligned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_realloc_asks_the_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reallocate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reallocate, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_reallocate, setup_passthrough, teardown_mode),
        cmocka_unit_test_setup_teardown(test_fault_counts_each_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trim_has_hysteresis, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trim_leaves_fresh_spans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_depot_serves_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_class_stats, setup, teardown),
#ifdef ANNOTATE_ASAN
        cmocka_unit_test_setup_teardown(test_sanitizer_sees_into_it, setup, teardown),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
