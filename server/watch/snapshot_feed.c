/* SPDX-License-Identifier: BSD-2-Clause */
/* One snapshot a second for all viewers of a worker. */
#include "server/watch/snapshot_feed.h"

#include "pool/holds.h"
#include "server/loop/ev_memory.h"
#include "server/watch/snapshot.h"
#include "server/watch/watched.h"

static const char no_memory[] = "the server has no memory for a snapshot";

/* Shows `text` to each viewer; null: tells those whose stream has to end. */
static void show_all(struct snapshot_feed *feed, struct text *text)
{
    const struct worker *worker = feed->worker;

    for (struct snapshot_viewer *viewer = feed->viewers, *next; viewer; viewer = next) {
        bool ends = worker->state != WORKER_SERVES || viewer->tenure != worker->tenure;

        next = viewer->next;
        if (ends || text)
            viewer->show(viewer, ends ? NULL : text, feed->id);
    }
}

static void tell_all(struct snapshot_feed *feed, const char *why)
{
    for (struct snapshot_viewer *viewer = feed->viewers, *next; viewer; viewer = next) {
        next = viewer->next;
        viewer->wait(viewer, why);
    }
}

/* The last one that was made goes in any case: whoever comes next must not take it for new. */
static void on_made(void *data, struct text *text)
{
    struct snapshot_feed *feed = data;

    feed->snapshot = NULL;
    text_put(feed->last);
    feed->last = NULL;
    if (!text) {
        tell_all(feed, no_memory);
        return;
    }
    text_get(text);
    feed->last = text;
    feed->id++;
    show_all(feed, text);
}

/* False: no memory. */
static bool feed_ask(struct snapshot_feed *feed)
{
    struct snapshot_query query;

    snapshot_query_init(&query);
    feed->snapshot = snapshot_ask(feed->worker, &query, snapshot_write_json, on_made, feed);
    return feed->snapshot != NULL;
}

static void on_feed_due(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct snapshot_feed *feed = timer->data;

    (void)loop;
    (void)events;
    show_all(feed, NULL);
    if (feed->snapshot)
        tell_all(feed, "a worker has not answered yet");
    else if (feed->viewers && !feed_ask(feed))
        tell_all(feed, no_memory);
}

void snapshot_feed_init(struct worker *worker)
{
    struct snapshot_feed *feed = &watched_of(worker)->feed;

    feed->worker = worker;
    ev_timer_init(&feed->timer, on_feed_due, SNAPSHOT_FEED_SECONDS, SNAPSHOT_FEED_SECONDS);
    feed->timer.data = feed;
}

bool snapshot_feed_join(struct worker *worker, const struct tenure *tenure, struct snapshot_viewer *viewer)
{
    struct snapshot_feed *feed = &watched_of(worker)->feed;

    if (!feed->viewers && (!ev_memory_reserve(0) || !feed_ask(feed)))
        return false;
    if (!feed->viewers) {
        ev_timer_set(&feed->timer, SNAPSHOT_FEED_SECONDS, SNAPSHOT_FEED_SECONDS);
        ev_timer_start(worker->loop, &feed->timer);
    }
    holds_take(worker, viewer, "a viewer");
    viewer->feed = feed;
    viewer->tenure = tenure;
    viewer->previous = NULL;
    viewer->next = feed->viewers;
    if (viewer->next)
        viewer->next->previous = viewer;
    feed->viewers = viewer;
    return true;
}

void snapshot_feed_leave(struct snapshot_viewer *viewer)
{
    struct snapshot_feed *feed = viewer->feed;

    if (!feed)
        return;
    holds_give(feed->worker, viewer, "a viewer");
    viewer->feed = NULL;
    if (viewer->previous)
        viewer->previous->next = viewer->next;
    else
        feed->viewers = viewer->next;
    if (viewer->next)
        viewer->next->previous = viewer->previous;
    if (feed->viewers)
        return;
    ev_timer_stop(feed->worker->loop, &feed->timer);
    snapshot_cancel(feed->snapshot);
    feed->snapshot = NULL;
    text_put(feed->last);
    feed->last = NULL;
}

struct text *snapshot_feed_last(const struct worker *worker, uint64_t *id)
{
    const struct snapshot_feed *feed = &watched_of(worker)->feed;

    *id = feed->id;
    return feed->last;
}

void snapshot_feed_drain(struct worker *worker)
{
    show_all(&watched_of(worker)->feed, NULL);
}
