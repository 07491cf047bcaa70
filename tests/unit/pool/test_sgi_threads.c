/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads do to one another: run under tsan as well. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/pool/seed.h"
#include "tests/unit/pool/sgi_fixture.h"

enum { RING = 256, PASSED = 10000, THREADS = 4, STEPS = 8000, LIVE = 64 };

struct parcel {
    unsigned char *object;
    size_t size;
};

/* One thread puts, one takes. */
struct ring {
    _Atomic size_t put, taken;
    struct parcel parcels[RING];
};

struct pass {
    struct sgi *sgi;
    struct ring *in, *out;
    uint64_t seed;
    bool attach;
    _Atomic unsigned *failures; /* cmocka's asserts are for the main thread alone */
};

static void ring_put(struct ring *ring, struct parcel parcel)
{
    size_t at = atomic_load_explicit(&ring->put, memory_order_relaxed);

    while (at - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING)
        sched_yield();
    ring->parcels[at % RING] = parcel;
    atomic_store_explicit(&ring->put, at + 1, memory_order_release);
}

static struct parcel ring_take(struct ring *ring)
{
    size_t at = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    struct parcel parcel;

    while (atomic_load_explicit(&ring->put, memory_order_acquire) == at)
        sched_yield();
    parcel = ring->parcels[at % RING];
    atomic_store_explicit(&ring->taken, at + 1, memory_order_release);
    return parcel;
}

static bool is_filled(struct parcel parcel)
{
    for (size_t i = 0; i < parcel.size; i++) {
        if (parcel.object[i] != (unsigned char)parcel.size)
            return false;
    }
    return true;
}

static void *producer(void *argument)
{
    struct pass *pass = argument;

    if (pass->attach && sgi_thread_attach(pass->sgi) != 0)
        (*pass->failures)++;
    for (int i = 0; i < PASSED; i++) {
        struct parcel parcel = {.size = 1 + seed_below(&pass->seed, 140)};

        parcel.object = sgi_alloc(pass->sgi, parcel.size);
        memset(parcel.object, (int)parcel.size, parcel.size);
        ring_put(pass->out, parcel);
    }
    sgi_thread_detach(pass->sgi);
    return NULL;
}

static void *consumer(void *argument)
{
    struct pass *pass = argument;

    if (pass->attach && sgi_thread_attach(pass->sgi) != 0)
        (*pass->failures)++;
    for (int i = 0; i < PASSED; i++) {
        struct parcel parcel = ring_take(pass->in);

        if (!is_filled(parcel))
            (*pass->failures)++;
        sgi_free(pass->sgi, parcel.object, parcel.size);
    }
    sgi_thread_detach(pass->sgi);
    return NULL;
}

static void pass_all(struct sgi *sgi, bool producer_attached, bool consumer_attached)
{
    static struct ring ring;
    _Atomic unsigned failures = 0;
    uint64_t seed = seed_start("pass");
    struct pass makes = {
        .sgi = sgi, .out = &ring, .seed = seed, .attach = producer_attached, .failures = &failures};
    struct pass frees = {.sgi = sgi, .in = &ring, .attach = consumer_attached, .failures = &failures};
    pthread_t threads[2];

    memset(&ring, 0, sizeof ring);
    assert_int_equal(pthread_create(&threads[0], NULL, producer, &makes), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, consumer, &frees), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(failures, 0);
}

static void test_freed_by_another_thread(void **state)
{
    struct sgi *sgi = *state;

    for (int kind = 0; kind < 4; kind++)
        pass_all(sgi, kind & 1, kind & 2);
    assert_goes_back(sgi);
}

struct worker {
    struct sgi *sgi;
    uint64_t seed;
    _Atomic unsigned *failures;
    _Atomic unsigned *running;
};

static void replace(struct worker *worker, struct parcel *parcel)
{
    if (parcel->object != NULL) {
        if (!is_filled(*parcel))
            (*worker->failures)++;
        sgi_free(worker->sgi, parcel->object, parcel->size);
    }
    parcel->size = seed_below(&worker->seed, 150);
    parcel->object = sgi_alloc(worker->sgi, parcel->size);
    if (parcel->object != NULL)
        memset(parcel->object, (int)parcel->size, parcel->size);
}

/* Attaches and detaches over and over, trims now and then. */
static void *work(void *argument)
{
    struct worker *worker = argument;
    struct parcel parcels[LIVE] = {{NULL, 0}};

    for (int step = 0; step < STEPS; step++) {
        size_t dice = seed_below(&worker->seed, 500);

        if (dice == 0)
            (void)sgi_thread_attach(worker->sgi);
        else if (dice == 1)
            sgi_thread_detach(worker->sgi);
        else if (dice == 2)
            (void)sgi_trim(worker->sgi);
        else
            replace(worker, &parcels[seed_below(&worker->seed, LIVE)]);
    }
    for (int i = 0; i < LIVE; i++)
        sgi_free(worker->sgi, parcels[i].object, parcels[i].size);
    sgi_thread_detach(worker->sgi);
    (*worker->running)--;
    return NULL;
}

static void run_workers(struct sgi *sgi)
{
    _Atomic unsigned failures = 0, running = THREADS;
    uint64_t seed = seed_start("workers");
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){sgi, seed + i, &failures, &running};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    while (running != 0) {
        struct sgi_stats stats = stats_of(sgi);

        (void)sgi_trim(sgi);
        if (stats.lists.taken < stats.lists.contended)
            failures++;
        sched_yield();
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failures, 0);
    assert_goes_back(sgi);
}

static void test_attach_detach_and_trim_while_others_run(void **state)
{
    run_workers(*state);
}

/* Memory fails now and then, for anybody. */
static bool give_in(size_t wanted)
{
    (void)wanted;
    sched_yield();
    return true;
}

static void test_threads_while_memory_fails(void **state)
{
    struct sgi *sgi = *state;

    sgi_set_oom_handler(give_in);
    for (uint64_t nth = 1; nth < 12; nth += 3) {
        fault_arm(FAULT_SYSTEM, nth + 5, true);
        /* What a thread needs to run comes from elsewhere; what fails is ours. */
        run_workers(sgi);
        fault_arm(FAULT_SYSTEM, 0, false);
    }
    sgi_set_oom_handler(NULL);
}

static void test_magazines_of_a_finished_thread_come_back(void **state)
{
    struct sgi *sgi = *state;
    _Atomic unsigned failures = 0, running = 1;
    struct worker worker = {sgi, seed_start("finished"), &failures, &running};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
    pthread_join(thread, NULL);
    assert_int_equal(stats_of(sgi).out_bytes, 0);
    assert_int_equal(stats_of(sgi).threads, 0);
    assert_goes_back(sgi);
}

/* Eight threads that each ask once a second, an eighth of a second apart, as workers do. */
struct trimmer {
    struct sgi *sgi;
    int64_t now; /* ms */
    size_t bytes;
};

static void *trim(void *argument)
{
    struct trimmer *trimmer = argument;

    trimmer->bytes = sgi_trim_due(trimmer->sgi, trimmer->now);
    return NULL;
}

/* Bytes that went back in each second after `asking` threads a second began to ask for it. */
static void trim_for_seconds(struct sgi *sgi, int64_t asking, size_t *bytes, int64_t seconds)
{
    enum { OBJECTS = 4096 };
    static void *objects[OBJECTS];

    for (unsigned i = 0; i < OBJECTS; i++)
        assert_non_null(objects[i] = sgi_alloc(sgi, 128));
    for (unsigned i = 0; i < OBJECTS; i++)
        sgi_free(sgi, objects[i], 128);
    memset(bytes, 0, (size_t)seconds * sizeof *bytes);
    for (int64_t step = 0; step < seconds * asking; step++) {
        struct trimmer trimmer = {sgi, 5000 + step * 1000 / asking, 0};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, trim, &trimmer), 0);
        pthread_join(thread, NULL);
        bytes[step / asking] += trimmer.bytes;
    }
}

/* The grace of a span is counted in trims, and each worker trims: eight of them made it an eighth as long. */
static void test_trims_are_counted_in_seconds_not_in_threads(void **state)
{
    enum { SECONDS = 5 };
    struct sgi *sgi = *state, *other = sgi_create();
    size_t one[SECONDS], eight[SECONDS];

    assert_non_null(other);
    trim_for_seconds(sgi, 1, one, SECONDS);
    trim_for_seconds(other, 8, eight, SECONDS);
    assert_int_equal(one[0], 0); /* nothing in the second in which it became free */
    assert_true(one[1] + one[2] > 0);
    assert_memory_equal(one, eight, sizeof one);
    sgi_destroy(other);
}

/* All at the same moment: one of them does it. */
static void test_of_many_trims_one_is_due(void **state)
{
    struct sgi *sgi = *state;
    struct trimmer trimmers[THREADS];
    pthread_t threads[THREADS];
    unsigned busy = 0;

    assert_non_null(sgi_alloc(sgi, 128)); /* spans that growth mapped: set aside, and wanted by nobody */
    (void)sgi_trim_due(sgi, 1000);
    for (unsigned i = 0; i < THREADS; i++) {
        trimmers[i] = (struct trimmer){sgi, 2000, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, trim, &trimmers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        busy += trimmers[i].bytes > 0;
    }
    assert_true(busy <= 1);
    assert_int_equal(sgi_trim_due(sgi, 2000 + SGI_TRIM_MS - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_freed_by_another_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_freed_by_another_thread, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_attach_detach_and_trim_while_others_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attach_detach_and_trim_while_others_run, setup_poison,
                                        teardown_mode),
        cmocka_unit_test_setup_teardown(test_attach_detach_and_trim_while_others_run, setup_passthrough,
                                        teardown_mode),
        cmocka_unit_test_setup_teardown(test_threads_while_memory_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trims_are_counted_in_seconds_not_in_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_many_trims_one_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_magazines_of_a_finished_thread_come_back, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
