/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what this folder keeps in each worker. The walks past its connections (snapshot_walk.h), the feed
 *   of its viewers (snapshot_feed.h), and its place among the living (census.h). `watch_watcher` is the table
 *   that the engine calls.
 * Lifetime: made with the worker, zeroed, and freed with it (server/watcher.h).
 * Threads: walks and feed: the worker's own. next_living: under the census' lock.
 * Errors: none.
 */
#ifndef SERVER_WATCH_WATCHED_H
#define SERVER_WATCH_WATCHED_H

#include <ev.h>
#include <stdint.h>

#include "server/watcher.h"
#include "server/worker.h"

struct snapshot;
struct snapshot_part;
struct snapshot_viewer;
struct text;

struct snapshot_walks {
    struct snapshot_part *first, *last; /* the first is being filled */
    uint32_t arenas;                    /* counted so far */
    uint8_t stage;
    unsigned turn;         /* of the loop: the last that had its slice */
    struct ev_timer timer; /* the next slice */
};

struct snapshot_feed {
    struct worker *worker;
    struct snapshot_viewer *viewers;
    struct snapshot *snapshot; /* being made */
    struct text *last;         /* the newest; null: none since the first viewer came */
    uint64_t id;               /* of the newest: they are counted from 1 for as long as the worker lives */
    struct ev_timer timer;     /* runs while there are viewers */
};

struct watched {
    struct snapshot_walks walks;
    struct snapshot_feed feed;
    struct worker *next_living;
};

extern const struct watcher watch_watcher;

static inline struct watched *watched_of(const struct worker *worker)
{
    return worker->watched;
}

#endif
