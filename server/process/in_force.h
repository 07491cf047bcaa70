/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the settings that concern the process as a whole. As in nginx, a reload moves the pid file and
 *   sets worker_rlimit_nofile anew. What only a start can change (user, daemon, supervise, sandbox,
 *   pool_mode) stays, and a line says so.
 * Lifetime: of the process.
 * Threads: the main thread.
 * Errors: a negative errno from opening a pid file; the rest is logged.
 */
#ifndef SERVER_PROCESS_IN_FORCE_H
#define SERVER_PROCESS_IN_FORCE_H

#include <limits.h>
#include <stdint.h>

#include "server/process/pid_file.h"
#include "server/process/settings.h"

struct sandbox_paths;

struct in_force {
    struct pid_file pid;
    uint64_t nofile; /* descriptors, the limit without worker_rlimit_nofile; 0: not known */
    bool daemon, supervise, sandbox, root;
    char user[LOGIN_NAME_MAX], group[LOGIN_NAME_MAX]; /* names */
    uid_t uid;                                        /* of the workers' files; (uid_t)-1: as they are */
    gid_t gid;
};

/* Before privileges are dropped: notes what is in force from now on, sets worker_rlimit_nofile, and looks up
 * the user. Negative: there is no such user; conf.error says so. */
__attribute__((warn_unused_result)) int in_force_start(struct in_force *in_force,
                                                       const struct settings *settings, struct conf *conf);

/* Becomes that user, gives it the logs, and enters the sandbox, which leaves it `paths`. 0 or a negative
 * errno. */
__attribute__((warn_unused_result)) int in_force_drop_privileges(const struct in_force *in_force,
                                                                 const struct settings *settings,
                                                                 const struct sandbox_paths *paths);

/* The supervisor, which keeps its privileges: what it reads and opens between these two is read and opened as
 * that user. What fails is logged. */
void in_force_as_user(const struct in_force *in_force);
void in_force_as_root(const struct in_force *in_force);

/* The server has started: later messages go to the log. A daemon leaves the terminal, unless its log is
 * there. */
void in_force_leave_terminal(const struct settings *settings);

/* At a reload, while it may still be refused: opens the pid file, if it moves. `moved` is PID_FILE_NONE
 * before, and afterwards if it stays where it is. */
__attribute__((warn_unused_result)) int in_force_open(const struct in_force *in_force,
                                                      const struct settings *settings,
                                                      struct pid_file *moved);

/* The configuration has been taken: the pid file moves. The new one is made before the old one goes, so that
 * one of them always exists. */
void in_force_move_pid(struct in_force *in_force, const struct settings *settings, struct pid_file *moved);

/* That, and the rest. */
void in_force_change(struct in_force *in_force, const struct settings *settings, struct pid_file *moved);

#endif
