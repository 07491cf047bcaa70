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
    bool outside;                  /* it needs more than the sandbox of the server leaves within reach … */
    char lacks[CONF_ERROR_SIZE];   /* … namely */
};

/* False, logged: its pid file cannot be opened, so nobody is to load it. A file that cannot be read leaves no
 * candidate and is true: the server refuses it too, and says more about it. */
bool candidate_read(struct candidate *candidate, struct kept *kept, char error[CONF_REPORT_SIZE]);

/* It is in force: the pid file moves. */
void candidate_adopt(struct candidate *candidate, struct kept *kept);

/* Drops it, if there is one. */
void candidate_forget(struct candidate *candidate, struct kept *kept);

#endif
