/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: recv and send, and what libev waits with (socket_calls.c), without what glibc adds to them. In a
 *   process with threads glibc's are cancellation points: six atomic operations for a request, a thirtieth of
 *   its time. Nobody here cancels a thread. And what libev lacks: a descriptor leaves epoll's table at once.
 * Lifetime: none.
 * Threads: any.
 * Errors: -1 and errno, as recv(2) and send(2).
 */
#ifndef SERVER_LOOP_SOCKET_CALLS_H
#define SERVER_LOOP_SOCKET_CALLS_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/annotate.h"

/* Sanitizers look at what glibc's calls do; some machines have no calls of these names. */
#if defined(ANNOTATE_ASAN) || defined(__SANITIZE_THREAD__) || !defined(SYS_recvfrom) || !defined(SYS_sendto)
#define SOCKET_CALLS_WATCHED 1
#endif

/* Behind ev_io_stop on this thread's loop, for a descriptor that another thread is to watch or to close.
 * libev leaves it in epoll's table until an event comes; by then its number may be another's. */
void socket_unwatch(int fd);

static inline ssize_t socket_receive(int fd, void *to, size_t size)
{
#ifdef SOCKET_CALLS_WATCHED
    return recv(fd, to, size, 0);
#else
    return syscall(SYS_recvfrom, fd, to, size, 0, NULL, NULL);
#endif
}

static inline ssize_t socket_send(int fd, const void *from, size_t size, int flags)
{
#ifdef SOCKET_CALLS_WATCHED
    return send(fd, from, size, flags);
#else
    return syscall(SYS_sendto, fd, from, size, flags, NULL, 0);
#endif
}

#endif
