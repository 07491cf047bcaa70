/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: tells a service manager how far we are, by the protocol of sd_notify(3): a datagram to the socket
 *   that NOTIFY_SOCKET names. Without that variable nothing is done.
 * Lifetime: kept are whether this process is to be silent, and a socket of notify_connect; fork copies both.
 * Threads: the main thread.
 * Errors: a message that cannot be sent is logged (warn): the manager may end a service that it heard
 *   nothing of.
 * Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
#ifndef SERVER_PROCESS_NOTIFY_H
#define SERVER_PROCESS_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

/* The manager hears the main process alone: a server process is silent, it has its supervisor, and so is a
 * new binary until the old one has ended. */
void notify_be_silent(bool silent);

/* Before a sandbox, which lets no abstract socket outside be reached but one that this process is connected
 * to already. Without it, and for a manager that has made its socket anew, each message looks for it. */
void notify_connect(void);

/* READY=1, at the start and after every reload, whatever its outcome; `status`: a line for people. */
void notify_ready(const char *status);

/* RELOADING=1, with the time. notify_ready follows. */
void notify_reloading(void);

/* STOPPING=1. */
void notify_stopping(void);

/* MAINPID: we end, and that process is the service from now on. */
void notify_main(pid_t pid);

#endif
