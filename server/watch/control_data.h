/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control socket knows: the command `data`.
 *
 * Purpose: `data QUERY` answers a snapshot (server/watch/snapshot.h), as pool_view does over HTTP: the query
 *   and the schema are those of http/modules/view/pool_view.md.
 * Lifetime: a constant table. A question is given up when its client leaves.
 * Threads: the connection's worker.
 * Errors: {"error":"…"} for a wrong query, and when there is no memory.
 */
#ifndef SERVER_WATCH_CONTROL_DATA_H
#define SERVER_WATCH_CONTROL_DATA_H

#include "server/watch/control.h"

extern const struct control_command control_data_commands[]; /* for control_set_commands */

#endif
