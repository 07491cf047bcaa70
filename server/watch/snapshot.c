/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for a snapshot, gathers it, chooses, sorts and writes its rows, slice by slice. */
#include "server/watch/snapshot.h"

#include <string.h>

#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/checks.h"
#include "server/loop/ev_memory.h"
#include "server/tenure.h"
#include "server/watch/snapshot_walk.h"
#include "server/worker.h"

enum stage {
    STAGE_WAITING,   /* for the workers */
    STAGE_GATHERING, /* their rows */
    STAGE_CHOOSING,
    STAGE_SORTING,
    STAGE_WRITING
};

static void end(struct snapshot *snapshot)
{
    ev_timer_stop(snapshot->worker->loop, &snapshot->timer);
    holds_give(snapshot->worker, snapshot, "a snapshot that it asked for");
    for (unsigned i = 0; i < snapshot->count; i++) {
        if (!snapshot->parts[i])
            continue;
        atomic_store_explicit(&snapshot->parts[i]->cancelled, true, memory_order_relaxed);
        snapshot_part_put(snapshot->parts[i]);
    }
    sysmem_free(SYSMEM_OF_VIEW, snapshot->rows, snapshot->row_room * sizeof *snapshot->rows);
    text_put(snapshot->text);
    sysmem_free(SYSMEM_OF_VIEW, snapshot, sizeof *snapshot + snapshot->count * sizeof *snapshot->parts);
}

void snapshot_cancel(struct snapshot *snapshot)
{
    if (snapshot)
        end(snapshot);
}

static void finish(struct snapshot *snapshot, bool good)
{
    void (*done)(void *, struct text *) = snapshot->done;
    struct text *text = snapshot->text;
    void *data = snapshot->data;

    snapshot->text = NULL;
    end(snapshot);
    done(data, good && !text->failed ? text : NULL);
    text_put(text);
}

/* ---- asking ---- */

static bool ask_worker(struct snapshot *snapshot, struct worker *worker, struct snapshot_part **link)
{
    struct message message = {.kind = WORKER_WATCH, .descriptor = -1};
    struct snapshot_part *part = snapshot_part_create(&snapshot->query, snapshot->asked);

    if (!part)
        return false;
    *link = part;
    part->errand = (struct errand){snapshot_walk_run, snapshot_part_drop};
    message.pointers[0] = &part->errand;
    checks_send(snapshot->worker, worker);
    if (worker == snapshot->worker)
        snapshot_walk_begin(worker, part);
    else if (mailbox_send(&worker->mailbox, &message))
        snapshot_part_finish(part, SNAPSHOT_LOST);
    return true;
}

/* Workers of this one's generation hear messages as long as it serves (crew.h). A worker that leaves or quits
 * reports only itself. */
static bool ask_all(struct snapshot *snapshot, const struct generation *others)
{
    if (!others)
        return ask_worker(snapshot, snapshot->worker, &snapshot->parts[0]);
    for (unsigned i = 0; i < others->worker_count; i++)
        if (!ask_worker(snapshot, others->shares[i].worker, &snapshot->parts[i]))
            return false;
    return true;
}

/* ---- waiting ---- */

/* From here on we may read what a worker wrote. */
static bool all_have_answered(struct snapshot *snapshot)
{
    bool patient = snapshot_clock() - snapshot->asked < SNAPSHOT_PATIENCE;

    for (unsigned i = 0; i < snapshot->count; i++)
        if (snapshot->parts[i] &&
            atomic_load_explicit(&snapshot->parts[i]->state, memory_order_acquire) == SNAPSHOT_ASKED &&
            patient)
            return false;
    return true;
}

static void drop_absent(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < snapshot->count; i++) {
        struct snapshot_part *part = snapshot->parts[i];

        if (!part || atomic_load_explicit(&part->state, memory_order_acquire) == SNAPSHOT_DONE)
            continue;
        atomic_store_explicit(&part->cancelled, true, memory_order_relaxed);
        snapshot_part_put(part);
        snapshot->parts[i] = NULL;
        snapshot->partial = true;
    }
}

/* False: no memory. */
static bool collect(struct snapshot *snapshot)
{
    size_t rows = 0;
    bool was;

    drop_absent(snapshot);
    snapshot->took = snapshot_clock() - snapshot->asked;
    for (unsigned i = 0; i < snapshot->count; i++) {
        const struct snapshot_part *part = snapshot->parts[i];

        if (!part)
            continue;
        snapshot_tally_add(&snapshot->tally, &part->tally);
        snapshot->short_of_memory |= part->short_of_memory;
        if (part->slice_seconds > snapshot->slice_seconds)
            snapshot->slice_seconds = part->slice_seconds;
        rows += part->count;
    }
    if (!rows)
        return true;
    was = sysmem_use_spare(true);
    snapshot->rows = sysmem_alloc(SYSMEM_OF_VIEW, rows * sizeof *snapshot->rows);
    (void)sysmem_use_spare(was);
    snapshot->row_room = snapshot->rows ? rows : 0;
    return snapshot->rows != NULL;
}

/* ---- choosing ---- */

/* A part at a time: its rows come from another processor's cache. */
static void gather(struct snapshot *snapshot, struct snapshot_part *part)
{
    for (uint32_t i = 0; part && i < part->count; i++) {
        part->rows[i]->chosen = false;
        snapshot->rows[snapshot->row_count++] = part->rows[i];
    }
}

static bool is_before(const struct snapshot_row *a, const struct snapshot_row *b, enum snapshot_key key)
{
    struct snapshot_place places[] = {snapshot_place_of_row(a, key), snapshot_place_of_row(b, key)};

    return snapshot_is_before(&places[0], &places[1]);
}

/* Shell's sort: a thousand rows at most, and qsort of glibc would ask malloc for room. */
static void sort(struct snapshot *snapshot)
{
    enum snapshot_key key = snapshot_query_key(&snapshot->query, 0);
    struct snapshot_row **rows = snapshot->rows;

    snapshot->row_count = snapshot_chosen_first(rows, snapshot->row_count);
    for (size_t gap = snapshot->row_count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < snapshot->row_count; i++) {
            struct snapshot_row *row = rows[i];
            size_t at = i;

            for (; at >= gap && is_before(row, rows[at - gap], key); at -= gap)
                rows[at] = rows[at - gap];
            rows[at] = row;
        }
}

/* One step. False: all is done. */
static bool step(struct snapshot *snapshot)
{
    struct snapshot_place bar;

    switch ((enum stage)snapshot->stage) {
    case STAGE_WAITING:
        break;
    case STAGE_GATHERING:
        if (snapshot->at < snapshot->count) {
            gather(snapshot, snapshot->parts[snapshot->at++]);
            return true;
        }
        snapshot->at = 0;
        snapshot->stage = STAGE_CHOOSING;
        return true;
    case STAGE_CHOOSING:
        if (!snapshot->row_count) {
            snapshot->stage = STAGE_WRITING;
            return true;
        }
        if (snapshot->at == snapshot_query_keys(&snapshot->query)) {
            snapshot->stage = STAGE_SORTING;
            snapshot->at = 0;
            return true;
        }
        snapshot_choose(snapshot->rows, snapshot->row_count,
                        snapshot_query_key(&snapshot->query, snapshot->at++), snapshot->query.limit, &bar);
        return true;
    case STAGE_SORTING:
        sort(snapshot);
        snapshot->stage = STAGE_WRITING;
        return true;
    case STAGE_WRITING:
        return snapshot->write(snapshot);
    }
    return true;
}

static void go_on_in(struct snapshot *snapshot, double seconds)
{
    ev_timer_set(&snapshot->timer, seconds, 0.);
    ev_timer_start(snapshot->worker->loop, &snapshot->timer);
}

/* A slice of work, or a look at who has answered. */
static void on_snapshot_due(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct snapshot *snapshot = timer->data;
    double began = snapshot_clock(), took = 0;
    bool more = true;

    (void)loop;
    (void)events;
    if (snapshot->stage == STAGE_WAITING && !all_have_answered(snapshot)) {
        go_on_in(snapshot, SNAPSHOT_LOOK_SECONDS);
        return;
    }
    if (!snapshot_take_slice(snapshot->worker)) {
        go_on_in(snapshot, 0.);
        return;
    }
    if (snapshot->stage == STAGE_WAITING) {
        if (!collect(snapshot)) {
            finish(snapshot, false);
            return;
        }
        snapshot->stage = STAGE_GATHERING;
        took = snapshot_clock() - began;
    }
    while (more && took < SNAPSHOT_SLICE_SECONDS) {
        more = step(snapshot);
        took = snapshot_clock() - began;
    }
    if (took > snapshot->slice_seconds)
        snapshot->slice_seconds = took;
    if (more)
        go_on_in(snapshot, 0.);
    else
        finish(snapshot, true);
}

struct snapshot *snapshot_ask(struct worker *worker, const struct snapshot_query *query,
                              bool (*write)(struct snapshot *), void (*done)(void *data, struct text *text),
                              void *data)
{
    const struct generation *others =
        worker->state == WORKER_SERVES && worker->tenure ? worker->tenure->generation : NULL;
    unsigned count = others ? others->worker_count : 1;
    bool was = sysmem_use_spare(true);
    struct snapshot *snapshot =
        ev_memory_spared(0)
            ? sysmem_calloc(SYSMEM_OF_VIEW, sizeof *snapshot + count * sizeof *snapshot->parts)
            : NULL;

    (void)sysmem_use_spare(was);
    if (!snapshot)
        return NULL;
    snapshot->worker = worker;
    holds_take(worker, snapshot, "a snapshot that it asked for");
    snapshot->query = *query;
    snapshot->write = write;
    snapshot->done = done;
    snapshot->data = data;
    snapshot->count = count;
    snapshot->asked = snapshot_clock();
    snapshot->text = text_create();
    ev_timer_init(&snapshot->timer, on_snapshot_due, SNAPSHOT_LOOK_SECONDS, 0.);
    snapshot->timer.data = snapshot;
    if (!snapshot->text || !ask_all(snapshot, others)) {
        end(snapshot);
        return NULL;
    }
    ev_timer_start(worker->loop, &snapshot->timer);
    return snapshot;
}
