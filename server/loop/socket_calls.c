/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of libev's, in place of libc's: libev looks them up in the program first. */
#include "server/loop/socket_calls.h"

#include <sys/epoll.h>

static _Thread_local int socket_epoll = -1; /* that the thread's loop waits with */

__attribute__((used, visibility("default"))) int epoll_create1(int flags)
{
    socket_epoll = (int)syscall(SYS_epoll_create1, flags);
    return socket_epoll;
}

void socket_unwatch(int fd)
{
    struct epoll_event none = {0};

    if (socket_epoll >= 0)
        (void)epoll_ctl(socket_epoll, EPOLL_CTL_DEL, fd, &none); /* ENOENT: it was not watched yet */
}

#if defined(SYS_epoll_wait) && !defined(SOCKET_CALLS_WATCHED)

__attribute__((used, visibility("default"))) int epoll_wait(int fd, struct epoll_event *events, int most,
                                                            int timeout)
{
    return (int)syscall(SYS_epoll_wait, fd, events, most, timeout);
}

#endif
