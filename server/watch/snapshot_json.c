/* SPDX-License-Identifier: BSD-2-Clause */
/* A snapshot as JSON: http/modules/view/pool_view.md is its schema, in the order of the sections below. */
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "pool/mode.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/watch/advice.h"
#include "server/process/process.h"
#include "server/version.h"
#include "server/watch/census.h"
#include "server/watch/history.h"
#include "server/watch/snapshot.h"
#include "server/tenure.h"
#include "server/worker.h"

/* ---- one object each ---- */

static void put_counters(struct text *text, const struct snapshot_counters *counters,
                         const struct snapshot_tally *tally)
{
    json_put_number(text, "accepted", counters->accepted);
    json_put_number(text, "closed", counters->closed);
    json_put_number(text, "refused", counters->refused);
    json_put_number(text, "open", counters->accepted - counters->closed);
    json_put_number(text, "requests", counters->requests);
    json_put_number(text, "received_bytes", counters->received);
    json_put_number(text, "sent_bytes", counters->sent);
    json_put_number(text, "over_budget", counters->over_budget);
    json_put_number(text, "used_bytes", tally->used_bytes);
    json_put_number(text, "total_bytes", tally->held_bytes);
}

static void put_totals(struct snapshot *snapshot)
{
    struct snapshot_counters counters = {0};
    struct text *text = snapshot->text;

    census_take_counters(&counters);
    json_put_open(text, "totals", '{');
    put_counters(text, &counters, &snapshot->tally);
    json_put_close(text, '}');
}

static void put_uses(struct text *text, const char *name, const uint64_t bytes[SYSMEM_USES])
{
    json_put_open(text, name, '{');
    for (unsigned i = 0; i < SYSMEM_USES; i++)
        json_put_number(text, sysmem_use_names[i], bytes[i]);
    json_put_close(text, '}');
}

static void put_memory(struct text *text)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    json_put_open(text, "memory", '{');
    json_put_number(text, "live_bytes", stats.live_bytes);
    json_put_number(text, "live_count", stats.live_count);
    json_put_number(text, "peak_bytes", stats.peak_bytes);
    json_put_number(text, "budget_bytes", stats.budget_bytes);
    json_put_number(text, "container_bytes", process_container());
    json_put_number(text, "refused", stats.refused);
    json_put_number(text, "failed", stats.failed);
    json_put_number(text, "resident_bytes", process_resident());
    put_uses(text, "uses", stats.uses);
    put_uses(text, "peak_uses", stats.peak_uses);
    json_put_open(text, "calls", '{');
    for (unsigned i = 0; i < SYSMEM_CALLS; i++)
        json_put_number(text, sysmem_call_names[i], stats.calls[i]);
    json_put_close(text, '}');
    json_put_close(text, '}');
}

/* The schema of this and of the others is http/modules/view/pool_view.md. */
static void put_sizeclass(struct text *text, const struct sizeclass_stats *stats)
{
    json_put_open(text, "sizeclass", '{');
    json_put_number(text, "arenas", stats->arenas);
    json_put_number(text, "mapped_bytes", stats->mapped_bytes);
    json_put_number(text, "span_bytes", stats->span_bytes);
    json_put_number(text, "empty_bytes", stats->empty_bytes);
    json_put_number(text, "resident_bytes", stats->resident_bytes);
    json_put_number(text, "held_bytes", stats->held_bytes);
    json_put_number(text, "live_objects", stats->live_objects);
    json_put_number(text, "live_bytes", stats->live_bytes);
    json_put_open(text, "classes", '[');
    for (unsigned i = 0; i < SIZECLASS_CLASSES; i++) {
        json_put_open(text, NULL, '{');
        json_put_number(text, "size", sizeclass_sizes[i]);
        json_put_number(text, "allocated", stats->class_room[i]);
        json_put_number(text, "used", stats->class_live[i]);
        json_put_number(text, "cached", stats->class_cached[i]);
        json_put_number(text, "pages", stats->class_pages[i]);
        json_put_number(text, "empty_spans", stats->class_empty[i]);
        json_put_close(text, '}');
    }
    json_put_close(text, ']');
    json_put_close(text, '}');
}

/* What one worker has written down, its rows apart. */
static void put_worker(struct text *text, const struct snapshot_part *part)
{
    json_put_open(text, NULL, '{');
    json_put_number(text, "worker", part->worker);
    json_put_number(text, "generation", part->generation);
    json_put_text(text, "state", part->worker_state);
    put_counters(text, &part->counters, &part->tally);
    json_put_number(text, "budget_bytes", part->classes.budget_bytes);
    json_put_number(text, "rows", part->count);
    json_put_bool(text, "short_of_memory", part->short_of_memory);
    json_put_number(text, "slices", part->slices);
    json_put_seconds(text, "slice_seconds", part->slice_seconds);
    put_sizeclass(text, &part->classes);
    json_put_close(text, '}');
}

static void put_lock(struct text *text, const struct sgi_lock_stats *lock)
{
    json_put_number(text, "taken", lock->taken);
    json_put_number(text, "contended", lock->contended);
    json_put_seconds(text, "wait_seconds", (double)lock->wait_ns * 1e-9);
}

static void put_sgi_class(struct text *text, struct sgi *sgi, unsigned number)
{
    struct sgi_class_stats stats;

    sgi_class_stats(sgi, number, &stats);
    json_put_open(text, NULL, '{');
    json_put_number(text, "size", (number + 1) * SGI_GRANULE);
    json_put_number(text, "free", stats.free);
    json_put_number(text, "full_magazines", stats.full);
    json_put_number(text, "empty_magazines", stats.empty);
    json_put_number(text, "refills", stats.refills);
    json_put_number(text, "drains", stats.drains);
    put_lock(text, &stats.depot);
    json_put_close(text, '}');
}

/* Totals, then what its locks have seen, then each size. */
static void put_sgi(struct text *text, struct sgi *sgi)
{
    struct sgi_stats stats;

    sgi_stats(sgi, &stats);
    json_put_open(text, "sgi", '{');
    json_put_number(text, "held_bytes", stats.held_bytes);
    json_put_number(text, "free_bytes", stats.free_bytes);
    json_put_number(text, "depot_bytes", stats.depot_bytes);
    json_put_number(text, "out_bytes", stats.out_bytes);
    json_put_number(text, "large_count", stats.large_count);
    json_put_number(text, "large_bytes", stats.large_bytes);
    json_put_number(text, "threads", stats.threads);
    json_put_number(text, "spans_mapped", stats.spans_mapped);
    json_put_number(text, "spans_unmapped", stats.spans_unmapped);
    json_put_number(text, "handler_runs", stats.handler_runs);
    json_put_number(text, "scavenged", stats.scavenged);
    json_put_open(text, "lists", '{');
    put_lock(text, &stats.lists);
    json_put_close(text, '}');
    json_put_open(text, "depots", '{');
    put_lock(text, &stats.depots);
    json_put_close(text, '}');
    json_put_open(text, "classes", '[');
    for (unsigned i = 0; i < SGI_CLASSES; i++)
        put_sgi_class(text, sgi, i);
    json_put_close(text, ']');
    json_put_close(text, '}');
}

/* All but the rows, which come next: the object stays open. It names every configured protocol, and those
 * that only older connections still use. */
static void open_connections(struct snapshot *snapshot)
{
    struct snapshot_tally *tally = &snapshot->tally;
    struct text *text = snapshot->text;

    for (const struct binding *binding = snapshot->worker->tenure->generation->bindings; binding;
         binding = binding->next)
        snapshot_tally_name(tally, binding->protocol->name);
    json_put_open(text, "connections", '{');
    json_put_number(text, "total", tally->total);
    json_put_number(text, "matched", tally->matched);
    json_put_bool(text, "complete", !snapshot->partial && snapshot->row_count == tally->matched);
    json_put_text(text, "sort", snapshot_key_names[snapshot->query.sort]);
    json_put_number(text, "limit", snapshot->query.limit);
    json_put_number(text, "watchers", tally->watchers);
    snapshot_tally_put(tally, text);
    json_put_open(text, "rows", '[');
}

static void put_part(struct text *text, const struct pool_part *part)
{
    bool block = part->kind == POOL_PART_BLOCK;

    json_put_open(text, NULL, '{');
    json_put_text(text, "kind", pool_part_names[part->kind]);
    json_put_number(text, "size", part->size);
    json_put_number(text, "used", part->used);
    if (block)
        json_put_number(text, "pinned", part->pinned);
    if (part->purpose)
        json_put_text(text, "purpose", part->purpose);
    json_put_close(text, '}');
}

/* What the page draws as bars: blocks, large ones and buffers. */
static void put_pool(struct text *text, const struct snapshot_row *row)
{
    static const char *const failures[] = {[POOL_FAILURE_NONE] = "none",
                                           [POOL_FAILURE_SYSTEM] = "system",
                                           [POOL_FAILURE_BUDGET] = "budget",
                                           [POOL_FAILURE_TOTAL] = "total",
                                           [POOL_FAILURE_WORKER] = "worker"};
    const struct pool_stats *pool = &row->pool;
    const struct pool_layout *layout = &row->layout;

    json_put_text(text, "name", pool->name);
    json_put_number(text, "total_bytes", pool->held_bytes);
    json_put_number(text, "total_nblocks", pool->blocks);
    json_put_number(text, "used_bytes", pool->used_bytes);
    json_put_number(text, "free_bytes", layout->free_bytes);
    json_put_number(text, "stranded_bytes", pool->stranded_bytes);
    json_put_number(text, "pinned_bytes", pool->pinned_bytes);
    json_put_number(text, "peak_bytes", pool->peak_bytes);
    json_put_number(text, "budget_bytes", pool->budget_bytes);
    json_put_number(text, "reserve_nblocks", pool->reserve);
    json_put_number(text, "larges", pool->larges);
    json_put_number(text, "large_bytes", layout->large_bytes);
    json_put_number(text, "buffers", pool->buffers);
    json_put_number(text, "buffer_bytes", layout->buffer_bytes);
    json_put_number(text, "filled_bytes", snapshot_filled(pool, layout));
    json_put_number(text, "resets", pool->resets);
    json_put_number(text, "slow_calls", pool->slow_calls);
    json_put_text(text, "failure", failures[pool->failure]);
    json_put_text(text, "purpose", pool->purpose);
    json_put_open(text, "parts", '[');
    for (uint32_t i = 0; i < layout->count; i++)
        put_part(text, &layout->parts[i]);
    json_put_close(text, ']');
    json_put_number(text, "more_parts", layout->more);
}

/* `sort`: what the rows are ordered by. */
static void put_row(struct text *text, const struct snapshot_row *row, enum snapshot_key sort)
{
    char client[SNAPSHOT_PEER_TEXT], order[SNAPSHOT_ORDER_TEXT];

    snapshot_peer_text(&row->peer, client);
    json_put_open(text, NULL, '{');
    json_put_number(text, "id", row->id);
    json_put_number(text, "worker", row->worker);
    json_put_text(text, "protocol", row->protocol);
    json_put_bool(text, "watches", row->watches);
    json_put_text(text, "state", connection_state_names[row->state]);
    json_put_text(text, "doing", row->doing);
    json_put_text(text, "client", client);
    json_put_text(text, "server", row->server);
    json_put_seconds(text, "age_seconds", row->age);
    json_put_seconds(text, "idle_seconds", row->idle);
    json_put_number(text, "requests", row->requests);
    json_put_number(text, "unsent_bytes", row->unsent);
    if (sort == SNAPSHOT_CLIENT) {
        snapshot_client_order(&row->peer, order);
        json_put_text(text, "order", order);
    } else {
        json_put_number(text, "order", (uint64_t)fabs(row->keys[sort]));
    }
    put_pool(text, row);
    json_put_close(text, '}');
}

static void put_advice(struct snapshot *snapshot)
{
    struct advice advice;

    advice_of(snapshot->worker, &advice);
    advice_put(&advice, snapshot->text);
}

/* Last, since it tells the time that all of this took. */
static void put_server(struct snapshot *snapshot)
{
    struct worker *worker = snapshot->worker;
    struct text *text = snapshot->text;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    json_put_open(text, "server", '{');
    json_put_text(text, "name", "Tidepool");
    json_put_text(text, "version", VERSION_NUMBER);
    json_put_number(text, "pid", (uint64_t)getpid());
    json_put_seconds(text, "started", census_began());
    json_put_number(text, "generation", worker->tenure->generation->number);
    json_put_number(text, "worker", worker->index);
    json_put_seconds(text, "time", (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    json_put_seconds(text, "uptime_seconds", timeouts_now(&worker->timeouts) - worker->began);
    json_put_text(text, "pool_mode", pool_mode_names[pool_mode()]);
    json_put_seconds(text, "took_seconds", snapshot->took);
    json_put_seconds(text, "slice_seconds", snapshot->slice_seconds);
    json_put_close(text, '}');
}

/* ---- the sections, a step each; of workers and rows one at a time ---- */

enum section { SECTION_TOTALS, SECTION_WORKERS, SECTION_SGI, SECTION_CONNECTIONS, SECTION_ROWS, SECTION_END };

static void put_next_worker(struct snapshot *snapshot)
{
    while (snapshot->at < snapshot->count && !snapshot->parts[snapshot->at])
        snapshot->at++;
    if (snapshot->at < snapshot->count) {
        put_worker(snapshot->text, snapshot->parts[snapshot->at++]);
        return;
    }
    json_put_close(snapshot->text, ']');
    snapshot->section = SECTION_SGI;
}

static void put_next_row(struct snapshot *snapshot)
{
    if (snapshot->at < snapshot->row_count && !snapshot->text->short_of_memory) {
        put_row(snapshot->text, snapshot->rows[snapshot->at++], snapshot_query_key(&snapshot->query, 0));
        return;
    }
    json_put_close(snapshot->text, ']');
    json_put_number(snapshot->text, "rows_left_out", snapshot->row_count - snapshot->at);
    json_put_bool(snapshot->text, "short_of_memory",
                  snapshot->short_of_memory || snapshot->text->short_of_memory);
    json_put_close(snapshot->text, '}');
    snapshot->section = SECTION_END;
}

bool snapshot_write_json(struct snapshot *snapshot)
{
    struct text *text = snapshot->text;

    switch ((enum section)snapshot->section) {
    case SECTION_TOTALS:
        json_put_open(text, NULL, '{');
        json_put_number(text, "schema", 1);
        put_totals(snapshot);
        put_memory(text);
        json_put_open(text, "workers", '[');
        snapshot->section = SECTION_WORKERS;
        snapshot->at = 0;
        return true;
    case SECTION_WORKERS:
        put_next_worker(snapshot);
        return true;
    case SECTION_SGI:
        put_sgi(text, snapshot->worker->shared->sgi);
        snapshot->section = SECTION_CONNECTIONS;
        return true;
    case SECTION_CONNECTIONS:
        open_connections(snapshot);
        snapshot->section = SECTION_ROWS;
        snapshot->at = 0;
        return true;
    case SECTION_ROWS:
        put_next_row(snapshot);
        return true;
    case SECTION_END:
        history_put_events(text);
        put_advice(snapshot);
        put_server(snapshot);
        json_put_close(text, '}');
        return false;
    }
    return false;
}
