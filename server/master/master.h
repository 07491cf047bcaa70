/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the main thread: starts the server, handles signals, reloads, and ends it. It never serves. A
 *   start has this order: bind, become a daemon, pid file, drop privileges, threads.
 * Lifetime: one call.
 * Threads: the main thread; workers reach it by an ev_async alone.
 * Errors: said on stderr and in the error log; the exit status is 1.
 */
#ifndef SERVER_MASTER_MASTER_H
#define SERVER_MASTER_MASTER_H

#include "server/generation.h"

struct watcher;

/* Serves until a signal ends it: TERM or INT at once, QUIT gracefully; HUP reloads, USR1 reopens the logs,
 * USR2 and WINCH are those of an upgrade (binaries.h).
 * Takes over `generation`, which was loaded from `source`. `watcher` (watcher.h): null, nobody looks.
 * Returns the exit status. */
int master_run(const struct generation_source *source, struct generation *generation,
               const struct watcher *watcher);

#endif
