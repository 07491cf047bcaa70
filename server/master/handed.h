/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: listening sockets that one binary hands to the next (upgrade.h): open descriptors, whose numbers
 *   stand in the environment, "7;8;9;", as nginx's do in NGINX. Their addresses are asked of the kernel.
 * Lifetime: the variable is there for the new process alone, which removes it.
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

#endif
