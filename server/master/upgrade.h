/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: USR2, nginx's "upgrading executable on the fly": the supervisor starts the binary again, which may
 *   be another one by now, on the same listening sockets. Both serve until one of them is told to end. The
 *   pid file of the old one is called NAME.oldbin meanwhile. If the new one ends, for whatever reason, the
 *   old one takes its pid file back and goes on.
 * Lifetime: from USR2 until the new process, a child, has ended.
 * Threads: the supervisor has one.
 * Errors: logged; then nothing has changed.
 * Source: http://nginx.org/en/docs/control.html
 */
#ifndef SERVER_MASTER_UPGRADE_H
#define SERVER_MASTER_UPGRADE_H

#include <stdbool.h>
#include <sys/types.h>

struct kept;

/* The number of the new process; 0: it could not be started. */
__attribute__((warn_unused_result)) pid_t upgrade_start(struct kept *kept);

/* Whether it has ended: then the pid file is ours again. */
bool upgrade_ended(struct kept *kept, pid_t pid);

#endif
