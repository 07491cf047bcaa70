/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the signals that the supervisor obeys, as a descriptor that it can wait for.
 * Lifetime: signals_open blocks them; they stay blocked in the process and in what it forks.
 * Threads: the supervisor has one.
 * Errors: a negative errno.
 */
#ifndef SERVER_MASTER_SIGNALS_H
#define SERVER_MASTER_SIGNALS_H

/* A descriptor, or a negative errno. */
__attribute__((warn_unused_result)) int signals_open(void);

/* The next one; 0: none now. `value`: what came with it (sigqueue(3)), or 0. A WINCH that nobody sent, but a
 * terminal whose size changed, is none. */
__attribute__((warn_unused_result)) int signals_next(int fd, int *value);

/* In a server process: the others stay blocked until its loop takes them. */
void signals_leave(int fd);

#endif
