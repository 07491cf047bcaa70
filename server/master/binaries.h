/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the supervisor while two binaries serve, as nginx's documentation has it: USR2 starts the new one;
 *   WINCH to the old one ends its server, but not the supervisor, which keeps the sockets; HUP starts its
 *   server again; QUIT ends it. When the new one ends, the old one serves, whatever was said to it.
 * Lifetime: of the supervisor.
 * Threads: the supervisor has one.
 * Errors: logged. A signal that cannot be obeyed now changes nothing, and a line says why.
 * Source: http://nginx.org/en/docs/control.html
 */
#ifndef SERVER_MASTER_BINARIES_H
#define SERVER_MASTER_BINARIES_H

#include <sys/types.h>

struct supervisor;

/* USR2. During a reload it is held back: the new binary is to find one configuration in force, and the server
 * is to hear that it shares its sockets. */
void binaries_start_new(struct supervisor *supervisor);

/* WINCH. A server that is asked to reload answers first: HUP goes by kill(2), WINCH by the channel, and might
 * be faster. */
void binaries_rest(struct supervisor *supervisor);

/* A reload is over: what was held back is done. */
void binaries_go_on(struct supervisor *supervisor);

/* The end of a WINCH: a server is started, also if the one before still answers requests. */
void binaries_start_again(struct supervisor *supervisor);

/* Whether the old one has ended: to be known before a signal is passed on. */
void binaries_look_up(struct supervisor *supervisor);

/* Tells a service manager that this is the end, or that the new one is the service now. */
void binaries_say_end(const struct supervisor *supervisor);

/* Whether the new one has ended: after each SIGCHLD. */
void binaries_reap(struct supervisor *supervisor);

/* Logs that the signal `name` has no effect, and why; `process`: the one that is in the way, or 0. */
void binaries_ignore(struct supervisor *supervisor, const char *name, const char *why, pid_t process);

#endif
