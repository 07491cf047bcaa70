/* SPDX-License-Identifier: BSD-2-Clause */
/* S1-S9 of the textbook's allocator: each is shown on the textbook, where it is one of design, and shown to
 * be gone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/baseline/textbook_sgi.h"
#include "tests/unit/pool/seed.h"
#include "tests/unit/pool/sgi_fixture.h"

enum { MANY = 20000 };

static void *objects[MANY];

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void *no_more(void *p, size_t size)
{
    (void)p, (void)size;
    return NULL;
}

static void test_s1_memory_is_given_back(void **state)
{
    struct sgi *sgi = *state;
    size_t heap;

    for (int i = 0; i < MANY; i++)
        objects[i] = sgi_alloc(sgi, 64);
    assert_true(stats_of(sgi).held_bytes >= MANY * 64);
    for (int i = 0; i < MANY; i++)
        sgi_free(sgi, objects[i], 64);
    assert_goes_back(sgi);

    for (int i = 0; i < MANY; i++)
        objects[i] = textbook_alloc(64);
    heap = textbook_heap();
    for (int i = 0; i < MANY; i++)
        textbook_free(objects[i], 64);
    for (int i = 0; i < MANY / 2; i++)
        objects[i] = textbook_alloc(128);
    /* Not even another class gets what is free. */
    assert_true(textbook_heap() > heap + MANY / 4 * 128);
}

static void test_s2_one_lock_for_every_call(void **state)
{
    struct sgi *sgi = *state;
    struct sgi_stats stats;

    assert_int_equal(sgi_thread_attach(sgi), 0);
    for (int i = 0; i < MANY; i++)
        objects[i] = sgi_alloc(sgi, 32);
    for (int i = 0; i < MANY; i++)
        sgi_free(sgi, objects[i], 32);
    for (int i = 0; i < MANY; i++)
        sgi_free(sgi, sgi_alloc(sgi, 32), 32);
    stats = stats_of(sgi);
    assert_true(stats.lists.taken + stats.depots.taken < 4 * MANY / 10);
    assert_goes_back(sgi);

    textbook_locked = 0;
    for (int i = 0; i < MANY; i++)
        textbook_free(textbook_alloc(32), 32);
    assert_int_equal(textbook_locked, 2 * MANY);
}

static bool lock_was_held;

static void *look_at_lock(size_t size)
{
    lock_was_held = pthread_mutex_trylock(&textbook_lock) != 0;
    if (!lock_was_held)
        pthread_mutex_unlock(&textbook_lock);
    return malloc(size);
}

static struct sgi *reported_sgi;
static unsigned reports;

/* Called from within sysmem: were a lock held, this would wait for itself, and the alarm end it. */
static void use_while_in_the_system(const char *call, size_t size)
{
    (void)call, (void)size;
    reports++;
    (void)stats_of(reported_sgi);
    (void)sgi_trim(reported_sgi);
}

static bool use_while_in_need(size_t wanted)
{
    (void)wanted;
    (void)stats_of(reported_sgi);
    (void)sgi_trim(reported_sgi);
    return false;
}

static void test_s3_no_system_call_under_a_lock(void **state)
{
    struct sgi *sgi = *state;

    alarm(20);
    reported_sgi = sgi;
    reports = 0;
    sysmem_on_failure(use_while_in_the_system);
    sgi_set_oom_handler(use_while_in_need);
    assert_int_equal(sgi_thread_attach(sgi), 0);
    fault_arm(FAULT_SYSTEM, 1, true);
    for (size_t size = 8; size <= SGI_SMALL_MAX; size += 8)
        assert_null(sgi_alloc(sgi, size));
    sysmem_on_failure(NULL);
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_true(reports >= SGI_CLASSES);
    alarm(0);
    assert_goes_back(sgi);

    textbook_malloc = look_at_lock;
    textbook_free(textbook_alloc(48), 48);
    textbook_malloc = malloc;
    assert_true(lock_was_held);
}

static void test_s4_multiples_of_16_are_aligned_to_16(void **state)
{
    struct sgi *sgi = *state;
    uint64_t seed = seed_start("s4");
    unsigned crooked = 0;

    for (int i = 0; i < MANY; i++) {
        size_t size = 8 + seed_below(&seed, 16) * 8;
        char *object = sgi_alloc(sgi, size);

        assert_int_equal((uintptr_t)object % (size % 16 == 0 ? 16 : 8), 0);
        if (size % 16 == 0 && (uintptr_t)textbook_alloc(size) % 16 != 0)
            crooked++;
        else if (size % 16 != 0)
            (void)textbook_alloc(size);
        if (i % 2 == 0)
            sgi_free(sgi, object, size);
    }
    assert_true(crooked > 0);
}

enum mistake { FREED_TWICE, FREED_TWICE_LATER, WRONG_SIZE, FOREIGN, INSIDE, WRITTEN_LATE, MISTAKES };

static void make(struct sgi *sgi, enum mistake mistake)
{
    static char elsewhere[256] __attribute__((aligned(16)));
    char *object = sgi_alloc(sgi, 48), *other = sgi_alloc(sgi, 48);

    switch (mistake) {
    case FREED_TWICE_LATER:
        sgi_free(sgi, object, 48);
        sgi_free(sgi, other, 48);
        sgi_free(sgi, object, 48);
        break;
    case WRONG_SIZE:
        sgi_free(sgi, object, 64);
        break;
    case FOREIGN:
        sgi_free(sgi, elsewhere, 48);
        break;
    case INSIDE:
        sgi_free(sgi, object + 16, 32);
        break;
    case WRITTEN_LATE:
        sgi_free(sgi, object, 48);
        *(volatile char *)(object + 20) = 1;
        (void)sgi_alloc(sgi, 48);
        break;
    case FREED_TWICE:
    default:
        sgi_free(sgi, object, 48);
        sgi_free(sgi, object, 48);
    }
}

/* Whether the process died of it, in a child. */
static bool is_deadly(struct sgi *sgi, enum mistake mistake)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        if (mistake != MISTAKES)
            make(sgi, mistake);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_s5_double_free_and_wrong_size_are_found(void **state)
{
    struct sgi *sgi = *state;
    void *object = textbook_alloc(48);

    assert_false(is_deadly(sgi, MISTAKES));
    for (int attached = 0; attached < 2; attached++) {
        for (enum mistake mistake = 0; mistake < MISTAKES; mistake++) {
            if (!is_deadly(sgi, mistake))
                fail_msg("mistake %d was not found", (int)mistake);
        }
        assert_int_equal(sgi_thread_attach(sgi), attached == 0 ? 0 : -EBUSY);
    }
    textbook_free(object, 48);
    textbook_free(object, 48);
    assert_ptr_equal(textbook_alloc(48), textbook_alloc(48)); /* two owners */
}

static void test_s6_cut_objects_become_whole_again(void **state)
{
    struct sgi *sgi = *state;
    int count = 0, small = 0;
    void *object;
    uint64_t mapped;

    objects[count++] = sgi_alloc(sgi, 128);
    fault_arm(FAULT_SYSTEM, 1, true);
    while ((object = sgi_alloc(sgi, 128)) != NULL)
        objects[count++] = object;
    for (int i = 0; i < count; i++)
        sgi_free(sgi, objects[i], 128);
    while ((object = sgi_alloc(sgi, 8)) != NULL)
        objects[small++] = object;
    assert_true(small >= 16 * count);
    for (int i = 0; i < small; i++)
        sgi_free(sgi, objects[i], 8);
    (void)sgi_trim(sgi);
    for (int i = 0; i < count; i++)
        assert_non_null(objects[i] = sgi_alloc(sgi, 128));
    fault_arm(FAULT_SYSTEM, 0, false);
    for (int i = 0; i < count; i++)
        sgi_free(sgi, objects[i], 128);

    while (stats_of(sgi).held_bytes < 8 * 1024 * 1024)
        assert_non_null(sgi_alloc(sgi, 128));
    mapped = stats_of(sgi).spans_mapped;
    while (stats_of(sgi).spans_mapped == mapped)
        assert_non_null(sgi_alloc(sgi, 128));
    assert_true(stats_of(sgi).spans_mapped - mapped <= 4);

    objects[0] = textbook_alloc(128);
    textbook_malloc = no_memory;
    for (count = 1; (object = textbook_alloc(128)) != NULL;)
        objects[count++] = object;
    for (int i = 0; i < count; i++)
        textbook_free(objects[i], 128);
    for (small = 0; (object = textbook_alloc(8)) != NULL;)
        objects[small++] = object;
    for (int i = 0; i < small; i++)
        textbook_free(objects[i], 8);
    assert_null(textbook_alloc(128));
    textbook_malloc = malloc;
}

static unsigned asked;

static bool hope(size_t wanted)
{
    (void)wanted;
    asked++;
    return true;
}

static void hope_for_ever(void)
{
    if (++asked == 1000)
        textbook_malloc = malloc;
}

static void test_s7_the_handler_loop_ends(void **state)
{
    struct sgi *sgi = *state;

    sgi_set_oom_handler(hope);
    for (int large = 0; large < 2; large++) {
        asked = 0;
        fault_arm(FAULT_SYSTEM, 1, true);
        assert_null(sgi_alloc(sgi, large ? 4000 : 40));
        assert_int_equal(asked, SGI_HANDLER_TRIES);
    }
    assert_goes_back(sgi);

    textbook_set_handler(hope_for_ever);
    textbook_malloc = no_memory;
    asked = 0;
    free(textbook_alloc(4000));
    assert_int_equal(asked, 1000);
    /* And the bare realloc never asks. */
    asked = 0;
    textbook_realloc = no_more;
    objects[0] = textbook_alloc(200);
    assert_null(textbook_reallocate(objects[0], 200, 400));
    assert_int_equal(asked, 0);
    free(objects[0]);
    textbook_realloc = realloc;
    textbook_set_handler(NULL);
}

static void test_s8_the_working_set_of_threads_is_seen_and_comes_back(void **state)
{
    struct sgi *sgi = *state;
    size_t hidden = 0;

    assert_int_equal(sgi_thread_attach(sgi), 0);
    for (size_t size = 8; size <= SGI_SMALL_MAX; size += 8) {
        sgi_free(sgi, sgi_alloc(sgi, size), size);
        hidden += SGI_BATCH * size;
        (void)textbook_alloc(size);
    }
    /* A refill may be cut short at the end of the span. */
    assert_in_range(stats_of(sgi).out_bytes, hidden - SGI_BATCH * SGI_SMALL_MAX, hidden);
    assert_int_equal(stats_of(sgi).threads, 1);
    assert_true(textbook_heap() >= hidden / 2);
    assert_goes_back(sgi);
}

static struct sgi *drift_sgi;

static void *free_batch(void *unused)
{
    size_t held;

    (void)unused;
    if (sgi_thread_attach(drift_sgi) != 0)
        return NULL;
    for (int i = 0; i < 1000; i++)
        sgi_free(drift_sgi, objects[i], 64);
    /* Still attached: what was freed here must not be held here. */
    held = stats_of(drift_sgi).out_bytes;
    sgi_thread_detach(drift_sgi);
    return held <= 4 * SGI_BATCH * 64 ? drift_sgi : NULL;
}

static void test_s9_drift_comes_back_in_batches(void **state)
{
    struct sgi *sgi = *state;

    drift_sgi = sgi;
    assert_int_equal(sgi_thread_attach(sgi), 0);
    for (int round = 0; round < 50; round++) {
        pthread_t thread;
        void *kept_little;

        for (int i = 0; i < 1000; i++)
            assert_non_null(objects[i] = sgi_alloc(sgi, 64));
        assert_int_equal(pthread_create(&thread, NULL, free_batch, NULL), 0);
        pthread_join(thread, &kept_little);
        assert_ptr_equal(kept_little, sgi);
    }
    /* One working set, not fifty; and a lock a batch, not an object. */
    assert_true(stats_of(sgi).held_bytes <= 4 * SGI_SPAN);
    assert_true(stats_of(sgi).depots.taken < 50 * 1000 / 4);
    assert_goes_back(sgi);
}

static int forget(void **state)
{
    textbook_forget();
    return teardown(state);
}

static int forget_mode(void **state)
{
    textbook_forget();
    return teardown_mode(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_s1_memory_is_given_back, setup, forget),
        cmocka_unit_test_setup_teardown(test_s2_one_lock_for_every_call, setup, forget),
        cmocka_unit_test_setup_teardown(test_s3_no_system_call_under_a_lock, setup, forget),
        cmocka_unit_test_setup_teardown(test_s4_multiples_of_16_are_aligned_to_16, setup, forget),
        cmocka_unit_test_setup_teardown(test_s5_double_free_and_wrong_size_are_found, setup_poison,
                                        forget_mode),
        cmocka_unit_test_setup_teardown(test_s6_cut_objects_become_whole_again, setup, forget),
        cmocka_unit_test_setup_teardown(test_s7_the_handler_loop_ends, setup, forget),
        cmocka_unit_test_setup_teardown(test_s8_the_working_set_of_threads_is_seen_and_comes_back, setup,
                                        forget),
        cmocka_unit_test_setup_teardown(test_s9_drift_comes_back_in_batches, setup, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
