/* SPDX-License-Identifier: BSD-2-Clause */
/* The table by which the engine calls this folder. */
#include "server/watch/census.h"
#include "server/watch/follow.h"
#include "server/watch/history.h"
#include "server/watch/snapshot_feed.h"
#include "server/watch/snapshot_walk.h"
#include "server/watch/watched.h"

static void watch_init(struct worker *worker)
{
    snapshot_walks_init(worker);
    snapshot_feed_init(worker);
    follow_desk_init(worker);
}

static void watch_deinit(struct worker *worker)
{
    snapshot_walks_deinit(worker);
    follow_desk_deinit(worker);
}

static void watch_drop(struct worker *worker, void *errand)
{
    (void)worker;
    ((struct errand *)errand)->drop(errand);
}

static void watch_deliver(struct worker *worker, void *errand)
{
    ((struct errand *)errand)->run(worker, errand);
}

static void watch_drain(struct worker *worker)
{
    snapshot_feed_drain(worker);
    follow_drain(worker);
}

const struct watcher watch_watcher = {
    .size = sizeof(struct watched),
    .joined = census_add,
    .left = census_remove,
    .init = watch_init,
    .deinit = watch_deinit,
    .deliver = watch_deliver,
    .drop = watch_drop,
    .drain = watch_drain,
    .second = history_second,
    .opened = follow_desk_opened,
};
