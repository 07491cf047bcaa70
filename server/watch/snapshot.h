/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a snapshot: what all workers are doing, at the request of one of them. It sends every worker a
 *   part to fill in (server/watch/snapshot_part.h), waits for them, chooses the rows to show, and has a text
 *   written. Every step is a slice of at most half a millisecond, also on the asking worker. A turn of a
 *   worker has one slice, however many snapshots are being made.
 * Lifetime: from snapshot_ask until `done` is called, or snapshot_cancel. Parts outlive it where a worker
 *   still writes. A worker that has not answered in SNAPSHOT_PATIENCE seconds is left out.
 * Threads: the asking worker's. Workers answer by filling in their part. The asker looks each millisecond,
 *   because it may be gone when they finish.
 * Errors: NULL without memory; later, `done` gets NULL.
 */
#ifndef SERVER_WATCH_SNAPSHOT_H
#define SERVER_WATCH_SNAPSHOT_H

#include <ev.h>

#include "server/watch/snapshot_part.h"
#include "server/watch/text.h"

#define SNAPSHOT_LOOK_SECONDS 0.001
#define SNAPSHOT_PATIENCE     2. /* seconds */

struct worker;

struct snapshot {
    struct worker *worker;
    struct snapshot_query query;
    /* Writes a little more of the text; false: it is complete. */
    bool (*write)(struct snapshot *snapshot);
    void (*done)(void *data, struct text *text);
    void *data;
    /* for `write` */
    struct text *text;
    struct snapshot_row **rows; /* chosen, sorted */
    size_t row_count;
    double took, slice_seconds;  /* until the last worker had answered; the longest slice so far, anywhere */
    unsigned section, at;        /* where `write` stands: its own, 0 at first */
    struct snapshot_tally tally; /* the sum of all */
    bool partial;                /* a worker has not answered */
    bool short_of_memory;        /* there was not enough for all rows asked for */
    /* its own */
    size_t row_room;
    double asked; /* snapshot_clock() */
    uint8_t stage;
    struct ev_timer timer;
    unsigned count; /* of parts; NULL: that worker is left out */
    struct snapshot_part *parts[];
};

/* The texts that there are: `write` of each. server/watch/snapshot_json.c: http/modules/view/pool_view.md. */
bool snapshot_write_json(struct snapshot *snapshot);

/* `done` is called once, later, with a text that it may keep (text_get), or NULL; then the snapshot is gone.
 */
struct snapshot *snapshot_ask(struct worker *worker, const struct snapshot_query *query,
                              bool (*write)(struct snapshot *), void (*done)(void *data, struct text *text),
                              void *data);

/* Gives it up: `done` is not called. NULL is allowed. */
void snapshot_cancel(struct snapshot *snapshot);

#endif
