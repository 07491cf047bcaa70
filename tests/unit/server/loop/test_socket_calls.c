/* SPDX-License-Identifier: BSD-2-Clause */
/* server/loop/socket_calls: what the kernel watches for a loop, as /proc/self/fdinfo shows it ("tfd"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <ev.h>

#include "server/loop/socket_calls.h"

/* Whether any epoll of this process watches the descriptor. */
static bool is_watched(int fd)
{
    bool watched = false;

    for (int epoll = 0; epoll < 64 && !watched; epoll++) {
        char path[64], line[256];
        FILE *info;
        int number;

        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
        info = fopen(path, "r");
        while (info && fgets(line, sizeof line, info))
            watched |= sscanf(line, "tfd: %d", &number) == 1 && number == fd;
        if (info)
            fclose(info);
    }
    return watched;
}

static unsigned called;

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
    char bytes[16];

    (void)loop;
    (void)events;
    called++;
    assert_true(read(io->fd, bytes, sizeof bytes) > 0);
}

static void test_unwatch(void **state)
{
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    struct ev_io io;
    int ends[2];

    (void)state;
    assert_non_null(loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    called = 0;
    socket_unwatch(ends[0]); /* which nobody watches yet */
    ev_io_init(&io, on_io, ends[0], EV_READ);
    ev_io_start(loop, &io);
    ev_run(loop, EVRUN_NOWAIT);
    assert_true(is_watched(ends[0]));

    ev_io_stop(loop, &io);
    ev_run(loop, EVRUN_NOWAIT);
    assert_true(is_watched(ends[0])); /* libev alone leaves it there */
    socket_unwatch(ends[0]);
    assert_false(is_watched(ends[0]));

    /* The loop may watch it, or another of its number, again. */
    ev_io_start(loop, &io);
    assert_int_equal(write(ends[1], "x", 1), 1);
    ev_run(loop, EVRUN_NOWAIT);
    assert_true(is_watched(ends[0]));
    assert_int_equal(called, 1);
    ev_io_stop(loop, &io);
    close(ends[0]);
    close(ends[1]);
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unwatch)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
