/* SPDX-License-Identifier: BSD-2-Clause */
/* The table by which the engine calls this folder. */
#include "server/watch/census.h"
#include "server/watch/snapshot_feed.h"
#include "server/watch/snapshot_walk.h"
#include "server/watch/watched.h"

static void watch_init(struct worker *worker)
{
    snapshot_walks_init(worker);
    snapshot_feed_init(worker);
}

static void watch_drop(struct worker *worker, void *part)
{
    (void)worker;
    snapshot_part_finish(part, SNAPSHOT_LOST);
}

static void watch_deliver(struct worker *worker, void *part)
{
    snapshot_walk_begin(worker, part);
}

const struct watcher watch_watcher = {
    .size = sizeof(struct watched),
    .joined = census_add,
    .left = census_remove,
    .init = watch_init,
    .deinit = snapshot_walks_deinit,
    .deliver = watch_deliver,
    .drop = watch_drop,
    .drain = snapshot_feed_drain,
};
