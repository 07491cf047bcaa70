/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a server process serves with, and what the next one takes over if it dies: the configuration
 *   in force, the listening sockets, the settings of the process. fork copies all of it.
 * Lifetime: of master_run.
 * Threads: the main thread; the supervisor has no other.
 * Errors: those of kept_prepare and kept_take_over.
 */
#ifndef SERVER_MASTER_KEPT_H
#define SERVER_MASTER_KEPT_H

#include "server/generation.h"
#include "server/process/in_force.h"

struct kept {
    const struct generation_source *source;
    struct generation *current;
    struct generation *generations; /* all that are alive, newest first */
    unsigned loaded;                /* generations so far */
    struct socket_set *sockets;
    struct in_force in_force;
    pid_t old; /* the process whose binary ours replaces, our parent, until we know that it has ended; or 0 */
    struct sandbox_paths *paths; /* of the server process that was started last; NULL: it has no sandbox */
    struct sandbox_paths *paths_before; /* in a renewal: of the one that serves until it is done */
};

static inline const struct log *kept_log(const struct kept *kept)
{
    return kept->current->settings.log;
}

/* It is the current one from now on. */
void kept_adopt(struct kept *kept, struct generation *generation);

/* The same in the place of the current one, where no thread serves that: it is let go. */
void kept_replace(struct kept *kept, struct generation *generation);

/* Destroys the generations that nobody refers to any more. */
void kept_sweep(struct kept *kept);

/* What is done once, before any server process: limits, listening sockets, the daemon, the pid file. A new
 * binary takes the sockets of the old one, and is a daemon already, if that is. The pid file's folder is
 * often root's: it is opened before privileges are dropped, and written once threads serve. 0 or
 * negative: conf.error of the current generation says what failed. */
__attribute__((warn_unused_result)) int kept_prepare(struct kept *kept);

/* Whether the old binary has ended since the last call. Then sockets and their paths are ours alone, and a
 * service manager hears us from now on, at once if we serve. A server process leaves it to the supervisor. */
bool kept_old_gone(struct kept *kept, bool serves);

/* This process is a server of a supervisor, the first or a later one; of what later ones begin with, a reload
 * may have changed a part. The pid file is the supervisor's. As kept_prepare. */
__attribute__((warn_unused_result)) int kept_take_over(struct kept *kept);

/* Before a server process begins: what its sandbox leaves it. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int kept_allow(struct kept *kept);

/* Whether the server process may go over to that configuration without leaving its sandbox. Otherwise its
 * conf.error says what it would need. 0 or a negative errno. */
__attribute__((warn_unused_result)) int kept_allows(const struct kept *kept, struct generation *generation);

/* Logs generation_load's `error`, which is cut up; and what to do if the sandbox may have been the reason. */
void kept_say_refused(const struct kept *kept, char *error);

/* Threads that a configuration asks for. */
unsigned kept_workers(const struct generation *generation);

/* The end: the pid file, and the last generation. */
void kept_end(struct kept *kept);

#endif
