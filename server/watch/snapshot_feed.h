/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a feed: a snapshot a second for all viewers of a worker. However many pages are open, a worker
 *   makes one snapshot each second, and every viewer is shown the same text. The feed starts with the first
 *   viewer and stops when the last has left.
 * Lifetime: part of the worker. A viewer is part of what its owner allocated, joins once and leaves before
 *   that goes; zeroed, it may leave without having joined.
 * Threads: the worker's own.
 * Errors: joining fails without memory; later, a snapshot without memory is left out, and viewers are told.
 */
#ifndef SERVER_WATCH_SNAPSHOT_FEED_H
#define SERVER_WATCH_SNAPSHOT_FEED_H

#include <stdbool.h>
#include <stdint.h>

struct snapshot_feed;
struct tenure;
struct text;
struct worker;

#define SNAPSHOT_FEED_SECONDS 1.

struct snapshot_viewer {
    /* A new snapshot, which the viewer may keep (text_get), and its number. NULL: the stream has to end;
     * repeated each second until it does. During the call this viewer may leave, but no other. */
    void (*show)(struct snapshot_viewer *viewer, struct text *text, uint64_t id);
    /* A second without a snapshot, and why (a literal, one line): a sign of life. This viewer may leave. */
    void (*wait)(struct snapshot_viewer *viewer, const char *why);
    /* the feed's */
    struct snapshot_feed *feed; /* null: it is not among the viewers */
    struct snapshot_viewer *previous, *next;
    const struct tenure *tenure; /* it ends when this is no longer the worker's */
};

void snapshot_feed_init(struct worker *worker);

/* From now on each snapshot is shown to `viewer`, whose `show` and `wait` are set. False: no memory. */
bool snapshot_feed_join(struct worker *worker, const struct tenure *tenure, struct snapshot_viewer *viewer);
void snapshot_feed_leave(struct snapshot_viewer *viewer);

/* The newest snapshot and its number; NULL: there is none of the last second or two. */
struct text *snapshot_feed_last(const struct worker *worker, uint64_t *id);

/* The worker leaves, quits or serves a newer generation: older streams have to end. */
void snapshot_feed_drain(struct worker *worker);

#endif
