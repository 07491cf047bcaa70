/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/loop/ev_memory.h"

#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t live(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_count;
}

static int tear_down(void **state)
{
    (void)state;
    fault_arm(FAULT_SYSTEM, 0, false);
    ev_memory_release();
    return live() != 0;
}

static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
    uint64_t value;

    (void)events;
    if (read(io->fd, &value, sizeof value) > 0)
        (*(unsigned *)io->data)++;
    ev_io_stop(loop, io);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    (*(unsigned *)timer->data)++;
}

enum { DESCRIPTORS = 3000 };

static ev_io ios[DESCRIPTORS];
static ev_timer timers[DESCRIPTORS];

/*
 * What accepting does, with a system that refuses every allocation from the one after `refuse_after` on.
 * Returns how many descriptors were watched before the reserve said no. That libev did not abort is the
 * proof.
 */
static unsigned watch_until_refused(unsigned refuse_after)
{
    unsigned seen = 0, fired = 0, watched = 0;

    assert_true(ev_memory_reserve(0));
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    assert_non_null(loop);
    fault_arm(FAULT_SYSTEM, refuse_after, true);
    while (watched < DESCRIPTORS) {
        int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(fd >= 0);
        if (!ev_memory_reserve(fd)) {
            close(fd);
            break;
        }
        ev_io_init(&ios[watched], on_event, fd, EV_READ);
        ios[watched].data = &seen;
        ev_io_start(loop, &ios[watched]);
        ev_timer_init(&timers[watched], on_timer, 0., 0.);
        timers[watched].data = &fired;
        ev_timer_start(loop, &timers[watched]);
        watched++;
        if (watched % 7 == 0)
            ev_run(loop, EVRUN_NOWAIT);
    }
    while (ev_pending_count(loop) > 0 || seen < watched || fired < watched)
        ev_run(loop, EVRUN_NOWAIT);
    fault_arm(FAULT_SYSTEM, 0, false);
    for (unsigned i = 0; i < watched; i++) {
        ev_io_stop(loop, &ios[i]);
        close(ios[i].fd);
    }
    ev_loop_destroy(loop);
    ev_memory_release();
    return watched;
}

static void test_libev_never_hears_no(void **state)
{
    unsigned before = 0;

    (void)state;
    for (unsigned refuse_after = 1; refuse_after < 120; refuse_after++) {
        unsigned watched = watch_until_refused(refuse_after);
        assert_true(watched >= before || watched > 100);
        before = watched;
        assert_int_equal(live(), 0);
        if (watched == DESCRIPTORS)
            return;
    }
    fail_msg("never got to the end: %u", before);
}

static void test_a_descriptor_far_away(void **state)
{
    unsigned seen = 0;
    int far = 2900;

    (void)state;
    assert_true(ev_memory_reserve(0));
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    int near = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = fcntl(near, F_DUPFD_CLOEXEC, far);
    assert_true(fd >= far);
    assert_true(ev_memory_reserve(fd));
    fault_arm(FAULT_SYSTEM, 1, true);
    ev_io_init(&ios[0], on_event, fd, EV_READ);
    ios[0].data = &seen;
    ev_io_start(loop, &ios[0]);
    ev_run(loop, EVRUN_NOWAIT);
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_int_equal(seen, 1);
    ev_loop_destroy(loop);
    close(fd);
    close(near);
}

static void test_a_loop_is_made_from_the_reserve(void **state)
{
    (void)state;
    assert_true(ev_memory_reserve(0));
    fault_arm(FAULT_SYSTEM, 1, true);
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    assert_non_null(loop);
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_true(ev_memory_reserve(0)); /* filled up again */
    ev_loop_destroy(loop);
}

static void test_the_reserve_says_no(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 6; nth++) {
        fault_arm(FAULT_SYSTEM, nth, false);
        assert_false(ev_memory_reserve(10));
        fault_arm(FAULT_SYSTEM, 0, false);
        ev_memory_release();
        assert_int_equal(live(), 0);
    }
    assert_true(ev_memory_reserve(10));
    fault_arm(FAULT_SYSTEM, 1, true);
    assert_true(ev_memory_reserve(10)); /* nothing is missing: the system is not asked */
    assert_false(ev_memory_reserve(100000));
    assert_true(ev_memory_reserve(10)); /* what was there is there still */
    assert_true(ev_memory_last(10));
    assert_false(ev_memory_last(100000));
    ev_memory_release();
    assert_false(ev_memory_reserve(10));
    assert_false(ev_memory_last(10));
}

static void test_the_last_of_the_reserve(void **state)
{
    unsigned seen = 0;
    int fds[8];

    (void)state;
    assert_true(ev_memory_reserve(0));
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    assert_true(ev_memory_reserve(16));
    fault_arm(FAULT_SYSTEM, 1, true);
    for (unsigned i = 0; i < 8; i++) {
        fds[i] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(ev_memory_reserve(fds[i]) || ev_memory_last(fds[i]));
        ev_io_init(&ios[i], on_event, fds[i], EV_READ);
        ios[i].data = &seen;
        ev_io_start(loop, &ios[i]);
    }
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(seen, 8);
    fault_arm(FAULT_SYSTEM, 0, false);
    for (unsigned i = 0; i < 8; i++) {
        ev_io_stop(loop, &ios[i]);
        close(fds[i]);
    }
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_libev_never_hears_no, tear_down),
        cmocka_unit_test_teardown(test_a_descriptor_far_away, tear_down),
        cmocka_unit_test_teardown(test_a_loop_is_made_from_the_reserve, tear_down),
        cmocka_unit_test_teardown(test_the_reserve_says_no, tear_down),
        cmocka_unit_test_teardown(test_the_last_of_the_reserve, tear_down),
    };
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &limit);
    ev_memory_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
