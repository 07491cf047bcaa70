/* SPDX-License-Identifier: BSD-2-Clause */
/* Wake-ups: sent, coalesced, refused by the kernel at the start and later, and found again by a look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/loop/ev_memory.h"
#include "server/loop/wakeup.h"

static struct ev_loop *loop;
static unsigned woken;

static void on_woken(struct wakeup *wakeup)
{
    (void)wakeup;
    woken++;
}

static int set_up(void **state)
{
    (void)state;
    woken = 0;
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    return !loop;
}

static int tear_down(void **state)
{
    (void)state;
    ev_loop_destroy(loop);
    ev_memory_release();
    return 0;
}

static void test_sent(void **state)
{
    struct wakeup wakeup;

    (void)state;
    assert_int_equal(wakeup_init(&wakeup, loop, on_woken), 0);
    assert_int_equal(woken, 0);
    wakeup_send(&wakeup);
    wakeup_send(&wakeup); /* one for both */
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(woken, 1);
    ev_run(loop, 0); /* it does not keep the loop */
    assert_int_equal(woken, 1);
    wakeup_stop(&wakeup);
    wakeup_send(&wakeup); /* a sender that is late */
    wakeup_close(&wakeup);
    wakeup_close(&wakeup);
}

static void test_no_descriptor(void **state)
{
    struct rlimit old, limit;
    struct wakeup wakeup;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    limit = old;
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(wakeup_init(&wakeup, loop, on_woken), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    wakeup_stop(&wakeup);
    wakeup_close(&wakeup);
}

/* As libev does it when epoll_ctl refuses: it stops the watcher and tells it EV_ERROR. */
static void test_no_longer_watched(void **state)
{
    struct wakeup wakeup;

    (void)state;
    assert_int_equal(wakeup_init(&wakeup, loop, on_woken), 0);
    ev_io_stop(loop, &wakeup.io);
    ev_feed_event(loop, &wakeup.io, EV_ERROR | EV_READ | EV_WRITE);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(woken, 1); /* whatever has come is not left lying */
    wakeup_send(&wakeup);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(woken, 1); /* deaf */
    wakeup_look(&wakeup);
    assert_int_equal(woken, 2);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(woken, 3); /* and watched again */
    wakeup_stop(&wakeup);
    wakeup_close(&wakeup);
}

static int last;

static void on_signals(struct wakeup *wakeup)
{
    int number;

    while ((number = wakeup_signal(wakeup)))
        last = number;
    woken++;
}

static void test_signals(void **state)
{
    struct wakeup wakeup;
    sigset_t set;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    assert_int_equal(wakeup_init_signals(&wakeup, loop, &set, on_signals), 0);
    raise(SIGUSR1);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(last, SIGUSR1);
    assert_int_equal(woken, 1);
    wakeup_look(&wakeup); /* none has come */
    assert_int_equal(woken, 2);
    wakeup_stop(&wakeup);
    wakeup_close(&wakeup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_longer_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
