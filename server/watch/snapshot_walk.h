/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: fills in the asked worker's part of a snapshot. It writes down the worker's figures, then walks
 *   past its connections, SNAPSHOT_SLICE_SECONDS at a time. Between two slices the loop serves whoever is
 *   ready, however many connections there are.
 * Lifetime: part of the worker. Parts wait for their turn in a queue; the worker's end gives them up.
 * Threads: the worker's own.
 * Errors: those of server/watch/snapshot_part.h.
 *
 * A connection that ends between two slices is stepped over (worker->cursor); one that begins is not seen.
 */
#ifndef SERVER_WATCH_SNAPSHOT_WALK_H
#define SERVER_WATCH_SNAPSHOT_WALK_H

#include <stdbool.h>

#include "server/protocol.h"

struct connection;
struct errand;
struct snapshot_part;
struct worker;

#define SNAPSHOT_SLICE_SECONDS 0.00025 /* what a turn may take; the last connection or row comes on top */

void snapshot_walks_init(struct worker *worker);
void snapshot_walks_deinit(struct worker *worker);

/* A part has come: takes over the asked worker's reference. */
void snapshot_walk_begin(struct worker *worker, struct snapshot_part *part);
void snapshot_walk_run(struct worker *worker, struct errand *errand); /* the same, as a message */

/* A turn of the loop has one slice, however many snapshots want it. True: it was free and is now taken.
 * False: try again in the next turn. */
bool snapshot_take_slice(struct worker *worker);

#endif
