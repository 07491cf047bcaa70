/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what this folder keeps in each worker. The walks past its connections (snapshot_walk.h), the feed
 *   of its viewers (snapshot_feed.h), its followed pools and who follows from here (follow.h), and its place
 *   among the living (census.h). `watch_watcher` is the table that the engine calls.
 * Lifetime: made with the worker, zeroed, and freed with it (server/watcher.h).
 * Threads: walks and feed: the worker's own. next_living: under the census' lock.
 * Errors: none.
 */
#ifndef SERVER_WATCH_WATCHED_H
#define SERVER_WATCH_WATCHED_H

#include <ev.h>
#include <stdint.h>

#include "pool/pool_follow.h"
#include "server/watcher.h"
#include "server/worker.h"

struct follow;
struct follow_asker;
struct snapshot;
struct snapshot_part;
struct snapshot_viewer;
struct text;

/* What goes from worker to worker: stands in what it is about. */
struct errand {
    void (*run)(struct worker *worker, struct errand *errand);
    void (*drop)(struct errand *errand); /* it was never delivered */
};

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

enum { FOLLOW_POOLS = 4 /* that are followed of a worker at a time */ };

/* A pool that is followed. */
struct followed {
    struct pool_follower base; /* first */
    struct follow *follow;     /* null: the place is free */
    struct connection *connection;
    uint64_t at;   /* of its last event */
    uint8_t state; /* enum connection_state: the last that was told */
    bool silent;   /* nothing has happened since it is followed */
};

struct follow_desk {
    struct followed places[FOLLOW_POOLS];
    struct follow *waiting[FOLLOW_POOLS]; /* for connections that are to come; null: free */
    struct follow_asker *askers;          /* on connections of this worker */
    struct ev_prepare turn;               /* runs while pools are followed: behind the worker's own */
    struct ev_timer later;                /* ends the wait for events that have not been told yet */
    struct ev_timer second;               /* runs while there are askers */
};

struct watched {
    struct snapshot_walks walks;
    struct snapshot_feed feed;
    struct follow_desk desk;
    struct worker *next_living;
};

extern const struct watcher watch_watcher;

static inline struct watched *watched_of(const struct worker *worker)
{
    return worker->watched;
}

#endif
