/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a feed: a snapshot a second for all who watch one worker. However many pages are open, a worker
 *   has one snapshot made each second, and every viewer is shown the same text. It begins with the first
 *   viewer and rests when the last has left.
 * Lifetime: part of the worker. A viewer is part of what its owner allocated, joins once and leaves before
 *   that goes; zeroed, it may leave without having joined.
 * Threads: the worker's own.
 * Errors: joining fails when there is no memory; later, a snapshot that finds none is left out.
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
    /* A new snapshot, which it may keep (text_get), and its number. NULL: the stream is to end; said again
     * each second to those who cannot yet. The viewer may leave meanwhile, and no other. */
    void (*show)(struct snapshot_viewer *viewer, struct text *text, uint64_t id);
    /* the feed's */
    struct snapshot_feed *feed; /* null: it is not among the viewers */
    struct snapshot_viewer *previous, *next;
    const struct tenure *tenure; /* it is to end when this is no longer the worker's */
};

void snapshot_feed_init(struct worker *worker);

/* From now on `viewer`, whose `show` is set, is shown what comes. False: no memory. */
bool snapshot_feed_join(struct worker *worker, const struct tenure *tenure, struct snapshot_viewer *viewer);
void snapshot_feed_leave(struct snapshot_viewer *viewer);

/* The newest and its number, to begin with; NULL: there is none yet. */
struct text *snapshot_feed_last(const struct worker *worker, uint64_t *id);

/* The worker leaves, quits or serves a newer generation: streams that began before are to end. */
void snapshot_feed_drain(struct worker *worker);

#endif
