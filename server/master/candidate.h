/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the supervisor's copy of a configuration that the server was asked to load: read from the same
 *   files, as the user that the server runs as, and kept in memory for the server after it.
 * Lifetime: from a HUP until the server has taken or refused it.
 * Threads: the supervisor has one.
 * Errors: logged, or left in `error`.
 */
#ifndef SERVER_MASTER_CANDIDATE_H
#define SERVER_MASTER_CANDIDATE_H

#include <stdbool.h>

#include "conf/conf.h"
#include "server/process/pid_file.h"

struct kept;

struct candidate {
    struct generation *generation; /* NULL: there is none */
    struct pid_file pid;           /* opened, if it moves */
};

/* False, logged: nobody is to load it, as its pid file cannot be opened, or as it needs more than the sandbox
 * of the server that is `serving` leaves within reach. A file that cannot be read leaves no candidate and is
 * true: the server refuses it too, and says more about it. */
bool candidate_read(struct candidate *candidate, struct kept *kept, bool serving,
                    char error[CONF_REPORT_SIZE]);

/* It is in force: the pid file moves. */
void candidate_adopt(struct candidate *candidate, struct kept *kept);

/* Drops it, if there is one. */
void candidate_forget(struct candidate *candidate, struct kept *kept);

#endif
