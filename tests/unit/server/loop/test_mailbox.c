/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/loop/mailbox.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SENDERS = 3, EACH = 2000 };

static struct sgi *sgi;
static struct ev_loop *loop;
static struct mailbox mailbox;
static unsigned delivered, dropped, wanted;
static int64_t last[SENDERS];

static void deliver(struct mailbox *to, struct message *message)
{
    assert_ptr_equal(to, &mailbox);
    assert_true(message->kind < SENDERS);
    assert_int_equal(message->numbers[0], last[message->kind] + 1); /* in order of sending */
    last[message->kind]++;
    if (++delivered == wanted)
        ev_break(loop, EVBREAK_ALL);
}

static void drop(struct mailbox *from, struct message *message)
{
    (void)from;
    if (message->descriptor > 0)
        close(message->descriptor);
    dropped++;
}

static int set_up(void **state)
{
    (void)state;
    sgi = sgi_create();
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    delivered = dropped = wanted = 0;
    memset(last, 0, sizeof last);
    return sgi == NULL || loop == NULL || sgi_thread_attach(sgi) != 0 ||
           mailbox_init(&mailbox, sgi, loop, deliver) != 0;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    mailbox_deinit(&mailbox, drop);
    mailbox_close(&mailbox);
    ev_loop_destroy(loop);
    sgi_thread_detach(sgi);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

static int say(unsigned kind, int64_t number)
{
    struct message message = {.kind = kind};

    message.numbers[0] = number;
    return mailbox_send(&mailbox, &message);
}

static void test_a_message_is_copied_and_delivered(void **state)
{
    (void)state;
    assert_int_equal(say(0, 1), 0);
    assert_int_equal(say(0, 2), 0);
    assert_int_equal(delivered, 0); /* not before the loop runs */
    wanted = 2;
    ev_run(loop, EVRUN_ONCE);
    assert_int_equal(delivered, 2);
}

static void *send_many(void *argument)
{
    unsigned kind = *(const unsigned *)argument;

    if (kind > 0 && sgi_thread_attach(sgi) != 0) /* the first works unattached */
        return argument;
    for (int64_t i = 1; i <= EACH; i++) {
        while (say(kind, i) != 0)
            ;
    }
    if (kind > 0)
        sgi_thread_detach(sgi);
    return NULL;
}

static void test_many_threads_send(void **state)
{
    pthread_t threads[SENDERS];
    unsigned kinds[SENDERS];

    (void)state;
    wanted = SENDERS * EACH;
    for (unsigned i = 0; i < SENDERS; i++) {
        kinds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &kinds[i]), 0);
    }
    ev_timer alive; /* the mailbox alone does not keep the loop */
    ev_timer_init(&alive, NULL, 60., 0.);
    ev_timer_start(loop, &alive);
    ev_run(loop, 0);
    ev_timer_stop(loop, &alive);
    for (unsigned i = 0; i < SENDERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(delivered, SENDERS * EACH);
}

static void test_the_mailbox_does_not_keep_the_loop(void **state)
{
    (void)state;
    ev_run(loop, 0); /* returns at once */
    assert_int_equal(delivered, 0);
}

static void test_undelivered_messages_are_dropped(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct message message = {.kind = 0, .descriptor = ends[1]};
    assert_int_equal(mailbox_send(&mailbox, &message), 0);
    assert_int_equal(say(1, 1), 0);
    mailbox_deinit(&mailbox, drop);
    mailbox_close(&mailbox);
    assert_int_equal(dropped, 2);
    assert_int_equal(delivered, 0);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 0); /* the other end was closed */
    close(ends[0]);
    assert_int_equal(mailbox_init(&mailbox, sgi, loop, deliver), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    fault_arm(FAULT_SGI, 1, false);
    assert_int_equal(say(0, 1), -ENOMEM);
    fault_arm(FAULT_SGI, 0, false);
    assert_int_equal(say(0, 1), 0);
}

static void test_no_descriptor(void **state)
{
    struct rlimit old, limit;
    struct mailbox other;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    limit = old;
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int error = mailbox_init(&other, sgi, loop, deliver);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(error, -EMFILE);
}

/* A standing message needs no memory, and its node is free again once it was delivered. */
static void test_standing(void **state)
{
    static struct standing_message order;

    (void)state;
    fault_arm(FAULT_SGI, 1, true);
    for (int64_t number = 1; number <= 3; number++) {
        wanted = delivered + 1;
        order.message.kind = 0;
        order.message.numbers[0] = number;
        assert_true(mailbox_post(&mailbox, &order));
        assert_false(mailbox_post(&mailbox, &order)); /* on its way */
        ev_ref(loop);
        ev_run(loop, 0);
        ev_unref(loop);
    }
    fault_arm(FAULT_SGI, 0, false);
    assert_int_equal(delivered, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_message_is_copied_and_delivered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_threads_send, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_mailbox_does_not_keep_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_undelivered_messages_are_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
