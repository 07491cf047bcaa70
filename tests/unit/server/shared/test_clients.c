/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/clients.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct sgi *sgi;
static struct client_zone *zone;

static int set_up(void **state)
{
    (void)state;
    sgi = sgi_create();
    if (sgi == NULL || sgi_thread_attach(sgi) != 0)
        return 1;
    zone = client_zone_open(sgi, 0, "addr", "$key", 32 * 1024);
    return zone == NULL;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;
    size_t nodes = client_zone_nodes(zone);

    (void)state;
    client_zone_close(zone);
    sgi_thread_detach(sgi);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    return nodes != 0 || stats.live_count != 0;
}

static enum client_verdict enter(const char *key, unsigned limit, struct client_node **node)
{
    return client_zone_enter(zone, key, strlen(key), client_hash(key, strlen(key)), limit, node);
}

static void test_counts_to_the_limit(void **state)
{
    struct client_node *a, *b, *c;

    (void)state;
    assert_int_equal(enter("a", 2, &a), CLIENT_OK);
    assert_int_equal(enter("a", 2, &b), CLIENT_OK);
    assert_ptr_equal(a, b);
    assert_int_equal(enter("a", 2, &c), CLIENT_OVER);
    assert_int_equal(enter("b", 1, &c), CLIENT_OK);
    assert_int_equal(client_zone_nodes(zone), 2);
    client_zone_leave(zone, a);
    assert_int_equal(enter("a", 2, &a), CLIENT_OK);
    client_zone_leave(zone, a);
    client_zone_leave(zone, b);
    assert_int_equal(client_zone_nodes(zone), 1);
    client_zone_leave(zone, c);
}

static void test_keys_of_every_length(void **state)
{
    struct client_node *nodes[CLIENT_KEY_MAX + 1], *again;
    char key[CLIENT_KEY_MAX];

    (void)state;
    client_zone_close(zone);
    zone = client_zone_open(sgi, 0, "long", "$key", 256 * 1024);
    assert_non_null(zone);
    memset(key, 'k', sizeof key);
    for (size_t length = 1; length <= sizeof key; length++)
        assert_int_equal(client_zone_enter(zone, key, length, 7, 1, &nodes[length]), CLIENT_OK);
    for (size_t length = 1; length <= sizeof key; length++)
        assert_int_equal(client_zone_enter(zone, key, length, 7, 1, &again), CLIENT_OVER);
    assert_int_equal(client_zone_nodes(zone), sizeof key);
    for (size_t length = 1; length <= sizeof key; length++) /* from the tail of the bucket */
        client_zone_leave(zone, nodes[length]);
}

static void test_the_zone_is_bounded(void **state)
{
    struct client_node *nodes[2000], *more;
    unsigned count = 0;
    char key[32];

    (void)state;
    for (;; count++) {
        enum client_verdict verdict;

        snprintf(key, sizeof key, "client %u", count);
        verdict = enter(key, 1, &nodes[count]);
        if (verdict != CLIENT_OK) {
            assert_int_equal(verdict, CLIENT_NO_MEMORY);
            break;
        }
    }
    assert_in_range(count, 200, 32 * 1024 / 64);
    assert_int_equal(client_zone_nodes(zone), count);
    assert_int_equal(enter("client 0", 1, &more), CLIENT_OVER); /* those that are in are still known */
    client_zone_leave(zone, nodes[0]);
    assert_int_equal(enter(key, 1, &nodes[0]), CLIENT_OK); /* and room that was given back serves others */
    for (unsigned i = 0; i < count; i++)
        client_zone_leave(zone, nodes[i]);
}

static void test_no_memory(void **state)
{
    struct client_node *node;
    char key[200];

    (void)state;
    memset(key, 'k', sizeof key);
    for (unsigned nth = 1; nth <= 2; nth++) {
        fault_arm(FAULT_SGI, nth, false);
        assert_int_equal(client_zone_enter(zone, key, sizeof key, 1, 1, &node), CLIENT_NO_MEMORY);
        fault_arm(FAULT_SGI, 0, false);
        assert_int_equal(client_zone_nodes(zone), 0);
    }
    assert_int_equal(client_zone_enter(zone, key, sizeof key, 1, 1, &node), CLIENT_OK);
    client_zone_leave(zone, node);
    fault_arm(FAULT_SYSTEM, 1, false);
    assert_null(client_zone_open(sgi, 0, "x", "$key", 32 * 1024));
    fault_arm(FAULT_SYSTEM, 0, false);
}

static atomic_int inside[8], most;
static atomic_bool wrong;

static void *come_and_go(void *argument)
{
    unsigned seed = *(const unsigned *)argument;

    if (sgi_thread_attach(sgi) != 0)
        return argument;
    for (int i = 0; i < 20000; i++) {
        struct client_node *node;
        unsigned which;
        char key[60];
        size_t length;
        int now;

        seed = seed * 1103515245 + 12345;
        which = seed >> 16 & 7;
        length = which & 1 ? 60 : 16; /* with a second record, and without */
        memset(key, (int)which, sizeof key);
        if (client_zone_enter(zone, key, length, client_hash(key, length), 2, &node) != CLIENT_OK)
            continue;
        now = atomic_fetch_add(&inside[which], 1) + 1;
        if (now > 2)
            atomic_store(&wrong, true);
        if (now > atomic_load(&most))
            atomic_store(&most, now);
        atomic_fetch_sub(&inside[which], 1);
        client_zone_leave(zone, node);
    }
    sgi_thread_detach(sgi);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    unsigned seeds[4] = {1, 2, 3, 4};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &seeds[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_false(wrong);
    assert_true(most >= 1);
    assert_int_equal(client_zone_nodes(zone), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_to_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_of_every_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_zone_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
