/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/loop/timeouts.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct timeouts timeouts;
static ev_prepare turn; /* as a worker's */
static unsigned expired;
static struct timeout *order[8192];
static void (*then)(struct timeout *); /* what else to do on expiry */

static void on_expired(struct timeout *timeout)
{
    assert_false(timeout_is_set(timeout));
    if (expired < 8192)
        order[expired] = timeout;
    expired++;
    if (then != NULL)
        then(timeout);
}

static void turn_ends(struct ev_loop *of, ev_prepare *prepare, int events)
{
    (void)of;
    (void)prepare;
    (void)events;
    timeouts_turn_ends(&timeouts);
}

static void watch_turns(void)
{
    ev_prepare_init(&turn, turn_ends);
    ev_prepare_start(loop, &turn);
    ev_unref(loop);
}

static void update(void)
{
    ev_now_update(loop);
    timeouts_turn_ends(&timeouts);
}

static int set_up(void **state)
{
    (void)state;
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (loop == NULL)
        return 1;
    timeouts_init(&timeouts, loop, on_expired);
    watch_turns();
    expired = 0;
    then = NULL;
    return 0;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    timeouts_deinit(&timeouts);
    ev_loop_destroy(loop);
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

static void start(struct timeout *timeout, int64_t ms)
{
    assert_int_equal(timeout_start(&timeouts, timeout, ms), 0);
}

static double monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double begun;

/* Seconds count from here: just before the start that matters, and not later than the loop's own time of it.
 */
static void begin(void)
{
    begun = monotonic();
    update();
}

static double run(void)
{
    ev_run(loop, 0); /* until no timer is left: the anchor does not keep it */
    return monotonic() - begun;
}

/* Queues are all that timeouts.c allocates (libev has an allocator of its own here). */
static unsigned queues(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return (unsigned)stats.live_count;
}

static void test_expires_in_order_and_in_time(void **state)
{
    struct timeout a = {0}, b = {0}, c = {0};

    (void)state;
    begin();
    start(&b, 30);
    start(&c, 30);
    start(&a, 10);
    assert_true(timeout_is_set(&a));
    double took = run();
    assert_int_equal(expired, 3);
    assert_ptr_equal(order[0], &a);
    assert_ptr_equal(order[1], &b);
    assert_ptr_equal(order[2], &c);
    assert_true(took >= 0.0295);
    assert_true(took < 2.);
}

static void test_stopped_does_not_expire(void **state)
{
    struct timeout a = {0}, b = {0};

    (void)state;
    start(&a, 5);
    start(&b, 5);
    timeout_stop(&a);
    timeout_stop(&a); /* twice is nothing */
    assert_false(timeout_is_set(&a));
    run();
    assert_int_equal(expired, 1);
    assert_ptr_equal(order[0], &b);
}

static void test_started_again_begins_anew(void **state)
{
    struct timeout a = {0}, b = {0};

    (void)state;
    start(&a, 60);
    start(&b, 60);
    ev_sleep(0.02);
    begin();
    start(&a, 60);
    assert_true(run() >= 0.0595);
    assert_int_equal(expired, 2);
    assert_ptr_equal(order[0], &b);
    start(&a, 40); /* to another duration, too */
    begin();
    start(&a, 5);
    assert_true(run() < 2.);
    assert_int_equal(expired, 3);
}

static void test_the_timer_fires_early_for_nobody(void **state)
{
    struct timeout a = {0};

    (void)state;
    start(&a, 50);
    /* the timer still stands for the first start: it fires for nobody and is set for the head */
    ev_sleep(0.03);
    begin();
    start(&a, 50);
    assert_true(run() >= 0.0495);
    assert_int_equal(expired, 1);
}

static struct timeout others[3];

static void stop_others(struct timeout *timeout)
{
    (void)timeout;
    for (int i = 0; i < 3; i++)
        timeout_stop(&others[i]);
}

static void test_expired_may_stop_the_next(void **state)
{
    struct timeout a = {0};

    (void)state;
    memset(others, 0, sizeof others);
    update();
    start(&a, 5);
    for (int i = 0; i < 3; i++)
        start(&others[i], 5);
    then = stop_others;
    run();
    assert_int_equal(expired, 1);
}

static int again;

static void start_again(struct timeout *timeout)
{
    if (again-- > 0)
        start(timeout, 3);
}

static void test_expired_may_start_itself(void **state)
{
    struct timeout a = {0};

    (void)state;
    again = 3;
    then = start_again;
    begin();
    start(&a, 3);
    assert_true(run() >= 4 * 0.003 - 0.0005);
    assert_int_equal(expired, 4);
}

static struct timeout elsewhere;

static void start_elsewhere(struct timeout *timeout)
{
    if (timeout != &elsewhere)
        start(&elsewhere, 7); /* its queue ran empty just now and is given to this duration */
}

static void test_expired_may_take_the_queue(void **state)
{
    struct timeout a = {0};

    (void)state;
    memset(&elsewhere, 0, sizeof elsewhere);
    then = start_elsewhere;
    start(&a, 3);
    run();
    assert_int_equal(expired, 2);
    assert_ptr_equal(order[1], &elsewhere);
    assert_int_equal(queues(), 1);
}

static void test_durations_that_are_gone_cost_nothing(void **state)
{
    struct timeout a = {0}, b = {0};

    (void)state;
    start(&b, 60000);
    for (int i = 1; i < 500; i++)
        start(&a, 1000 + i);
    assert_in_range(queues(), 2, 3);
    timeout_stop(&a);
    timeout_stop(&b);
}

static unsigned turns;

static void on_turn(struct ev_loop *in, ev_check *check, int events)
{
    (void)in;
    (void)check;
    (void)events;
    turns++;
}

static void test_a_thousand_a_turn(void **state)
{
    static struct timeout many[3500];
    ev_check check;

    (void)state;
    memset(many, 0, sizeof many);
    turns = 0;
    ev_check_init(&check, on_turn);
    ev_check_start(loop, &check);
    ev_unref(loop);
    update();
    for (int i = 0; i < 3500; i++)
        start(&many[i], 2);
    run();
    assert_int_equal(expired, 3500);
    assert_true(turns >= 4);
    for (int i = 0; i < 3500; i++)
        assert_ptr_equal(order[i], &many[i]);
    ev_ref(loop);
    ev_check_stop(loop, &check);
}

static void test_no_memory_for_a_queue(void **state)
{
    struct timeout a = {0};

    (void)state;
    fault_arm(FAULT_SYSTEM, 1, false);
    assert_int_equal(timeout_start(&timeouts, &a, 5), -ENOMEM);
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_false(timeout_is_set(&a));
    start(&a, 5);
    run();
    assert_int_equal(expired, 1);
}

static void test_deinit_forgets_what_is_set(void **state)
{
    static struct timeout a;

    (void)state;
    start(&a, 60000);
    timeouts_deinit(&timeouts);
    assert_false(timeout_is_set(&a));
    memset(&a, 0, sizeof a);
    timeouts_init(&timeouts, loop, on_expired);
}

struct seen {
    struct timeout *order[64];
    unsigned count, stop_every;
};

static bool see(struct timeout *timeout, void *data)
{
    struct seen *seen = data;

    if (seen->count % seen->stop_every == 0)
        timeout_stop(timeout);
    seen->order[seen->count++] = timeout;
    return true;
}

/* Of several durations, by the time of the start, not of the end; the one that is shown may be stopped. */
static void test_oldest_first(void **state)
{
    enum { COUNT = 30 };
    static const int64_t durations[] = {60000, 1000, 75000};
    struct timeout timeouts_of[COUNT] = {0};
    struct seen seen = {.stop_every = 4};

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        usleep(1000);
        update();
        start(&timeouts_of[i], durations[i * 7 % 3]);
    }
    usleep(1000);
    update();
    start(&timeouts_of[5], 1000); /* now the youngest */
    timeouts_oldest(&timeouts, 20, see, &seen);
    assert_int_equal(seen.count, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_ptr_equal(seen.order[i], &timeouts_of[i < 5 ? i : i + 1]);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(timeout_is_set(seen.order[i]), i % 4 != 0);
    seen.count = 0;
    seen.stop_every = 1;
    timeouts_oldest(&timeouts, UINT32_MAX, see, &seen);
    assert_int_equal(seen.count, COUNT - 5);
    assert_ptr_equal(seen.order[COUNT - 6], &timeouts_of[5]);
    timeouts_oldest(&timeouts, UINT32_MAX, see, &seen);
    assert_int_equal(seen.count, COUNT - 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expires_in_order_and_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_does_not_expire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_started_again_begins_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_timer_fires_early_for_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expired_may_stop_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expired_may_start_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expired_may_take_the_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_durations_that_are_gone_cost_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_thousand_a_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory_for_a_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_oldest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deinit_forgets_what_is_set, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
