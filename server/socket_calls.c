/* SPDX-License-Identifier: BSD-2-Clause */
/* The call that libev waits with, in place of libc's: libev looks it up in the program first. */
#include "server/socket_calls.h"

#if defined(SYS_epoll_wait) && !defined(SOCKET_CALLS_WATCHED)

#include <sys/epoll.h>

__attribute__((used, visibility("default"))) int epoll_wait(int fd, struct epoll_event *events, int most,
                                                            int timeout)
{
    return (int)syscall(SYS_epoll_wait, fd, events, most, timeout);
}

#endif
