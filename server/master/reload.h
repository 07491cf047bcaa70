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

#include "server/supervised.h"

struct supervisor;

/* One at a time: the server's answer must be about the configuration that was read last. */
void reload_ask(struct supervisor *supervisor);

/* The server answered a HUP, ours or one that somebody sent to it. */
void reload_answered(struct supervisor *supervisor, bool taken);

/* This one has ended: who waits is told, and a service manager. What came meanwhile is done: another HUP
 * first, then USR2 and WINCH. */
void reload_over(struct supervisor *supervisor, bool taken);

/* The server has ended, perhaps before it answered. */
void reload_server_ended(struct supervisor *supervisor);

/* A HUP that reads no configuration: that is its outcome. */
void reload_refuse(struct supervisor *supervisor);

/* What a service manager is to hear of a reload, unless this is the end (supervised.h). */
void reload_tell_manager(const struct supervisor *supervisor, enum supervised_kind kind);

#endif
