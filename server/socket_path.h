/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the path of a unix socket that is listened on: who may remove it. Two servers listen on the same
 *   sockets while an upgrade runs (upgrade.h); then the path belongs to the one that stays.
 * Lifetime: nothing is kept but whether sockets are shared; fork copies that.
 * Threads: the main thread.
 * Errors: a path that cannot be removed is logged.
 */
#ifndef SERVER_SOCKET_PATH_H
#define SERVER_SOCKET_PATH_H

#include <stdbool.h>

#include "server/address.h"

/* Whether another server has the same sockets; not so at first. */
void socket_paths_share(bool shared);
bool socket_paths_shared(void);

/* We listen there no more, and our descriptors are closed. Removes the path; while sockets are shared, only
 * if nobody answers there. A server process leaves that question to its supervisor, which has the same
 * sockets open. Not a unix socket: does nothing. */
void socket_path_end(const struct listen_address *address);

/* A path left behind by a server that is gone refuses connections: it may be taken over. One that answers may
 * not. */
void socket_path_remove_stale(const struct listen_address *address);

#endif
