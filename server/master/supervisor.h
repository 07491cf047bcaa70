/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the supervisor: the first process, which starts the server as its child and starts it anew when it
 *   dies. It holds the listening sockets, so that connections wait in their queues meanwhile, the pid file,
 *   and the configuration in force as it was read, so that a file that is being edited does no harm. It
 *   passes signals on, and does nothing else: no threads, no connections.
 *   After a reload it reads the files too, as the user that the server runs as: what the server says is never
 *   done as root.
 * Lifetime: one call, in a process that has no threads yet.
 * Threads: one.
 * Errors: logged. A server that cannot start the first time ends the supervisor; later ones are tried again.
 */
#ifndef SERVER_MASTER_SUPERVISOR_H
#define SERVER_MASTER_SUPERVISOR_H

#include <stdbool.h>

struct kept;

/* True in each server that it starts: this process takes `kept` over, and supervised.h has its channel. False
 * when all is over, in the supervisor: *status is the exit status. */
bool supervisor_run(struct kept *kept, int *status);

#endif
