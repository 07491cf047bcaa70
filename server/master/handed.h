/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: listening sockets that are open when we start. One binary hands them to the next (upgrade.h): its
 *   process and their numbers stand in the environment, "4711:7;8s;9;" (nginx has such a list in NGINX); an s
 *   marks those of systemd. Or a socket unit has made them (sd_listen_fds(3)). Their addresses are asked of
 *   the kernel.
 * Lifetime: the variables are there for the new process alone, which removes them.
 * Threads: the supervisor has one.
 * Errors: what cannot be taken is logged and left alone: then the address is opened as at any start.
 */
#ifndef SERVER_MASTER_HANDED_H
#define SERVER_MASTER_HANDED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct generation;
struct log;
struct socket_set;

#define HANDED_VARIABLE "TIDEPOOL_SOCKETS"

/* Writes our number, and those of all sockets. False: there is no room. */
__attribute__((warn_unused_result)) bool handed_write(const struct socket_set *sets, char *out, size_t size);

/* Takes what the variable names. The process that wrote it; 0: it is not there, or no list of descriptors, so
 * nobody handed us anything. */
pid_t handed_take(struct socket_set **sets, const struct log *log);

/* Takes what systemd passes, if it does. */
void handed_take_systemd(struct socket_set **sets, const struct log *log);

/* Logs what systemd has passed and `generation` cannot use, and what to do about it. Before any address is
 * bound: such a socket may be in the way. */
void handed_say_unused(const struct socket_set *sets, const struct generation *generation);

#endif
