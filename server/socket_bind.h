/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: one socket that will listen: made, given its options, bound.
 * Lifetime: the descriptor is the caller's.
 * Threads: the main thread.
 * Errors: a negative errno, which errno has, too.
 */
#ifndef SERVER_SOCKET_BIND_H
#define SERVER_SOCKET_BIND_H

#include <stdbool.h>

#include "server/address.h"

/* `shared`: one of several on its address (SO_REUSEPORT). A descriptor, or a negative errno. */
int socket_bind(const struct listen_address *address, bool shared);

#endif
