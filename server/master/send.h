/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: `tidepool -s`: a signal to the process whose number the pid file holds. `reload` waits for the
 *   verdict. `upgrade` is the whole exchange of the binary (upgrade.h): USR2, the verdict, QUIT to the old.
 * Lifetime: one call, in a process of its own.
 * Threads: one.
 * Errors: said on stderr; status 1.
 */
#ifndef SERVER_MASTER_SEND_H
#define SERVER_MASTER_SEND_H

#include "conf/options.h"

/* `path`: of the pid file; NULL: the configuration has none. The exit status. */
int send_signal(enum options_signal signal, const char *path);

#endif
