/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: listening sockets that are open when we start. One binary hands them to the next (upgrade.h):
 *   their numbers stand in the environment, "7;8s;9;", as nginx's do in NGINX; an s marks those of systemd.
 *   Or a socket unit has made them (sd_listen_fds(3)). Their addresses are asked of the kernel.
 * Lifetime: the variables are there for the new process alone, which removes them.
 * Threads: the supervisor has one.
 * Errors: what cannot be taken is logged and left alone: then the address is opened as at any start.
 */
#ifndef SERVER_MASTER_HANDED_H
#define SERVER_MASTER_HANDED_H

#include <stdbool.h>
#include <stddef.h>

struct log;
struct socket_set;

#define HANDED_VARIABLE "TIDEPOOL_SOCKETS"

/* Writes the numbers of all sockets. False: there is no room. */
__attribute__((warn_unused_result)) bool handed_write(const struct socket_set *sets, char *out, size_t size);

/* Takes what the variable names. False: it is not there, or no list of descriptors, so nobody handed us
 * anything. */
bool handed_take(struct socket_set **sets, const struct log *log);

/* Takes what systemd passes, if it does. */
void handed_take_systemd(struct socket_set **sets, const struct log *log);

#endif
