/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: who listens at an address that we may not have, as far as the kernel tells: for the line of a
 *   start or a reload that fails.
 * Lifetime: one call. /proc is read, a descriptor of a process at a time.
 * Threads: the main thread.
 * Errors: none: what cannot be found out is left out.
 * Source: proc(5), /proc/net/tcp
 */
#ifndef SERVER_PORT_HOLDER_H
#define SERVER_PORT_HOLDER_H

#include <stddef.h>

#include "server/address.h"

/* Writes ": process 4711 (nginx) listens there", or ": a process of user 33 listens there" where its
 * descriptors cannot be read, or nothing. Text that does not fit is cut. */
void port_holder_text(const struct listen_address *address, char *out, size_t size);

#endif
