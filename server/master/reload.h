/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: HUP, in the supervisor: the configuration is read for the next server process, the server is told
 *   to read it too, and whoever waits hears what came of it (verdict.h).
 * Lifetime: of the supervisor.
 * Threads: the supervisor has one.
 * Errors: logged.
 */
#ifndef SERVER_MASTER_RELOAD_H
#define SERVER_MASTER_RELOAD_H

#include <stdbool.h>

struct supervisor;

/* One at a time: the server's answer must be about the configuration that was read last. */
void reload_ask(struct supervisor *supervisor);

/* The server answered a HUP, ours or one that somebody sent to it. */
void reload_answered(struct supervisor *supervisor, bool taken);

/* This one has ended. If another HUP came meanwhile, the next begins. */
void reload_over(struct supervisor *supervisor, bool taken);

#endif
