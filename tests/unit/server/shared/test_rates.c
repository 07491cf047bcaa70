/* SPDX-License-Identifier: BSD-2-Clause */
/* The leaky buckets of limit_req: nginx's arithmetic (excess in thousandths), the bounds of a zone,
 * reloads, threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/rates.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PER_SECOND = 2 * RATE_ONE /* the rate of most tests: two a second */ };

static struct sgi *sgi;
static struct rate_zone *zone;

static int set_up(void **state)
{
    (void)state;
    sgi = sgi_create();
    if (!sgi || sgi_thread_attach(sgi) != 0)
        return -1;
    zone = rate_zone_open(sgi, "zone", "$key", RATE_ZONE_MIN);
    return zone ? 0 : -1;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    rate_zone_close(zone);
    sgi_thread_detach(sgi);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

static struct rate_question question_of(const char *key, int64_t now, int64_t burst)
{
    return (struct rate_question){
        .key = key, .length = strlen(key), .now = now, .rate = PER_SECOND, .burst = burst * RATE_ONE};
}

static void check(const char *key, int64_t now, int64_t burst, enum rate_verdict verdict, int64_t excess)
{
    struct rate_question question = question_of(key, now, burst);
    struct rate_node *node;
    int64_t found;

    assert_int_equal(rate_ask(zone, &question, 1, &found, &node), verdict);
    assert_int_equal(found, excess);
}

static void test_leaks(void **state)
{
    (void)state;
    check("a", 1000, 3, RATE_PAID, 0); /* the first is free */
    check("a", 1000, 3, RATE_PAID, 1000);
    check("a", 1000, 3, RATE_PAID, 2000);
    check("b", 1000, 3, RATE_PAID, 0); /* others have buckets of their own */
    check("a", 1250, 3, RATE_PAID, 2500);
    check("a", 1250, 3, RATE_BUSY, 3500);
    check("a", 1250, 3, RATE_BUSY, 3500); /* what is refused is not counted */
    check("a", 1500, 3, RATE_PAID, 3000);
    check("a", 9000, 3, RATE_PAID, 0); /* it does not leak below empty */
    check("a", 9000, 0, RATE_BUSY, 1000);
}

static void test_clock_back(void **state)
{
    (void)state;
    check("a", 100000, 9, RATE_PAID, 0);
    check("a", 100000, 9, RATE_PAID, 1000);
    check("a", 99900, 9, RATE_PAID, 2000); /* a little back: nothing leaked */
    check("a", 1000, 9, RATE_PAID, 2998);  /* far back: one millisecond */
}

/* Under several limits: nothing is counted before all have spoken. */
static void test_held(void **state)
{
    struct rate_question first = question_of("a", 5000, 1);
    struct rate_node *node;
    int64_t excess;

    (void)state;
    assert_int_equal(rate_ask(zone, &first, 0, &excess, &node), RATE_HELD);
    assert_int_equal(excess, 0);
    rate_drop(zone, node);
    assert_int_equal(rate_ask(zone, &first, 0, &excess, &node), RATE_HELD);
    assert_int_equal(rate_pay(zone, node, &first), 0);
    assert_int_equal(rate_ask(zone, &first, 0, &excess, &node), RATE_HELD);
    assert_int_equal(excess, 1000);
    rate_drop(zone, node);
    assert_int_equal(rate_ask(zone, &first, 0, &excess, &node), RATE_HELD);
    assert_int_equal(rate_pay(zone, node, &first), 1000);
    assert_int_equal(rate_ask(zone, &first, 0, &excess, &node), RATE_BUSY);
    assert_int_equal(excess, 2000);
}

/* A full zone lets the oldest go, never more than it has room for; what is held stays. */
static void test_full(void **state)
{
    struct rate_question held = question_of("held", 1, 1);
    struct rate_node *node, *other;
    int64_t excess;
    size_t most = 0;

    (void)state;
    assert_int_equal(rate_ask(zone, &held, 0, &excess, &node), RATE_HELD);
    for (int64_t i = 0; i < 5000; i++) {
        char key[32];
        struct rate_question question;

        snprintf(key, sizeof key, "key %lld", (long long)i);
        question = question_of(key, 10 + i, 1);
        assert_int_not_equal(rate_ask(zone, &question, 1, &excess, &other), RATE_HELD);
        most = rate_zone_nodes(zone) > most ? rate_zone_nodes(zone) : most;
    }
    assert_in_range(most, 100, RATE_ZONE_MIN / 64);
    assert_int_equal(rate_pay(zone, node, &held), 0);
    assert_int_equal(rate_ask(zone, &held, 1, &excess, &other), RATE_PAID);
    assert_ptr_equal(other, node);
    assert_int_equal(excess, 1000);
}

/* A reload keeps a zone whose name, key and size are the same. */
static void test_reload(void **state)
{
    struct rate_zone *same = rate_zone_open(sgi, "zone", "$key", RATE_ZONE_MIN);
    struct rate_zone *others[3] = {rate_zone_open(sgi, "zone", "$key", 2 * RATE_ZONE_MIN),
                                   rate_zone_open(sgi, "zone", "$other", RATE_ZONE_MIN),
                                   rate_zone_open(sgi, "zone2", "$key", RATE_ZONE_MIN)};

    (void)state;
    assert_ptr_equal(same, zone);
    rate_zone_close(same);
    for (int i = 0; i < 3; i++) {
        assert_non_null(others[i]);
        assert_ptr_not_equal(others[i], zone);
        rate_zone_close(others[i]);
    }
    check("a", 1, 1, RATE_PAID, 0);
}

enum { THREADS = 4, ROUNDS = 20000, KEYS = 3 };

static void *serve(void *argument)
{
    unsigned *paid = argument;

    if (sgi_thread_attach(sgi) != 0)
        return NULL;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char key[8];
        struct rate_question question;
        struct rate_node *node;
        int64_t excess;

        snprintf(key, sizeof key, "%u", i % KEYS);
        question = question_of(key, 1000, 100);
        if (i % 2 == 0) {
            *paid += rate_ask(zone, &question, 1, &excess, &node) == RATE_PAID;
        } else if (rate_ask(zone, &question, 0, &excess, &node) == RATE_HELD) {
            rate_drop(zone, node);
        }
    }
    sgi_thread_detach(sgi);
    return argument;
}

/* The clock stands: whoever asks, of each key as many pass as its burst has room for, and the first. */
static void test_threads(void **state)
{
    unsigned paid[THREADS] = {0}, all = 0;
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &paid[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_non_null(result);
        all += paid[i];
    }
    /* A key whose first request was only held pays for its next as for a second one. */
    assert_in_range(all, KEYS * 100, KEYS * 101);
    assert_int_equal(rate_zone_nodes(zone), KEYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_leaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
