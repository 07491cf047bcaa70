/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills in a worker's part of a snapshot, slice by slice. */
#include "server/watch/snapshot_walk.h"

#include <string.h>

#include "server/watch/snapshot_part.h"
#include "server/watch/watched.h"

enum {
    ARENAS_AT_A_TIME = 64, /* 8,000 page descriptors: some 40 µs */
    LOOK_EVERY = 8         /* connections that are only counted, between two looks at the clock */
};

enum stage { STAGE_BEGIN, STAGE_CLASSES, STAGE_CONNECTIONS, STAGE_DONE };

/* ---- a connection ---- */

static bool address_begins(const struct connection *connection, const char *with)
{
    char text[SNAPSHOT_PEER_TEXT];

    snapshot_peer_text(&connection->peer, text);
    return !strncmp(text, with, strlen(with));
}

static double age_of(const struct connection *connection, double now)
{
    return now > connection->opened ? now - connection->opened : 0;
}

static bool is_found(const struct connection *connection, const struct snapshot_query *query)
{
    const struct snapshot_name *name = &query->found;

    if (name->number == connection->number &&
        (name->worker < 0 || name->worker == (int64_t)connection->worker->index))
        return true;
    return address_begins(connection, query->find);
}

static bool matches(const struct snapshot_query *query, const struct connection *connection,
                    enum connection_state state, size_t held, double age)
{
    return (query->state < 0 || query->state == (int)state) &&
           (!query->id || query->id == connection->number) && held <= query->total_most &&
           held >= query->total_over + (query->total_over > 0) && age <= (double)query->age_most &&
           (age > (double)query->age_over || !query->age_over) && (query->watchers || !connection->watches) &&
           (!*query->protocol || !strcmp(query->protocol, connection->binding->protocol->name)) &&
           (!*query->address || address_begins(connection, query->address)) &&
           (!*query->find || is_found(connection, query));
}

/* Moments in whole µs, so that a number says exactly where a row stands. */
static double moment(double seconds)
{
    return -(double)(int64_t)(seconds * 1e6);
}

/* How far buffers and large ones are filled, as far as that is known; the others count as full. */
static void fill_pieces(struct pool_layout *layout, const struct connection *connection)
{
    const struct protocol *protocol = connection->binding->protocol;

    for (uint32_t i = 0; i < layout->count; i++) {
        struct pool_part *piece = &layout->parts[i];
        size_t bytes;

        if (piece->start && (output_filled(&connection->output, piece->start, &bytes) ||
                             (protocol->filled && protocol->filled(connection, piece->start, &bytes))))
            piece->used = bytes < piece->size ? (uint32_t)bytes : (uint32_t)piece->size;
        else if (piece->kind == POOL_PART_LARGE || piece->kind == POOL_PART_BUFFER)
            piece->used = (uint32_t)piece->size;
    }
}

/* What a row is sorted by. With all keys those of one key alone are not looked at. */
static void find_keys(const struct connection *connection, const struct pool_stats *pool,
                      struct pool_layout *layout, enum connection_state state,
                      const struct snapshot_query *query, double now, double keys[SNAPSHOT_FIGURES])
{
    const struct timeout *timeout = &connection->timeout;

    memset(keys, 0, SNAPSHOT_FIGURES * sizeof *keys);
    keys[SNAPSHOT_TOTAL] = (double)pool->held_bytes;
    keys[SNAPSHOT_PEAK] = (double)pool->peak_bytes;
    keys[SNAPSHOT_USED] = (double)pool->used_bytes;
    keys[SNAPSHOT_AGE] = moment(connection->opened);
    keys[SNAPSHOT_IDLE] = moment(timeout_is_set(timeout) ? timeout_began(timeout) : now);
    keys[SNAPSHOT_REQUESTS] = connection->requests;
    keys[SNAPSHOT_UNSENT] = (double)connection->output.unsent;
    keys[SNAPSHOT_NUMBER] = (double)connection->number;
    keys[SNAPSHOT_STATE] = state;
    keys[SNAPSHOT_LARGES] = pool->larges;
    if (query->sort == SNAPSHOT_FILLED) {
        fill_pieces(layout, connection);
        keys[SNAPSHOT_FILLED] = (double)snapshot_filled(pool, layout);
    }
    if (query->sort == SNAPSHOT_PROTOCOL)
        keys[SNAPSHOT_PROTOCOL] = snapshot_word_order(connection->binding->protocol->name);
    if (query->sort == SNAPSHOT_CLIENT)
        snapshot_client_figures(&connection->peer, keys);
    if (!query->ascending)
        return;
    keys[query->sort] = -keys[query->sort];
    for (unsigned i = SNAPSHOT_KEYS; i < SNAPSHOT_FIGURES; i++)
        keys[i] = -keys[i];
}

static void fill(struct snapshot_row *row, const struct connection *connection, enum connection_state state,
                 const struct pool_stats *pool, const struct pool_layout *layout,
                 const double keys[SNAPSHOT_FIGURES], double now)
{
    double idle = timeout_is_set(&connection->timeout) ? now - timeout_began(&connection->timeout) : 0;

    memcpy(row->keys, keys, SNAPSHOT_FIGURES * sizeof *keys);
    row->age = age_of(connection, now);
    row->idle = idle > 0 ? idle : 0;
    row->requests = connection->requests;
    row->unsent = connection->output.unsent;
    row->id = connection->number;
    row->protocol = connection->binding->protocol->name;
    row->doing = connection->doing;
    row->pool = *pool;
    row->layout = *layout;
    fill_pieces(&row->layout, connection);
    row->peer = connection->peer;
    row->worker = connection->worker->index;
    row->state = (uint8_t)state;
    row->watches = connection->watches;
    memcpy(row->server, connection->binding->address.text, sizeof row->server);
}

static void add_cell(struct snapshot_cells *cells, const struct connection *connection,
                     enum connection_state state, const struct pool_stats *pool, struct pool_layout *layout,
                     double age, bool matches)
{
    fill_pieces(layout, connection);
    snapshot_cells_add(cells, &(struct snapshot_cell){.number = connection->number,
                                                      .protocol = connection->binding->protocol->name,
                                                      .held = pool->held_bytes,
                                                      .filled = snapshot_filled(pool, layout),
                                                      .age = age,
                                                      .resets = pool->resets,
                                                      .state = state,
                                                      .watches = connection->watches,
                                                      .matches = matches});
}

static bool is_behind(const struct snapshot_query *query, const double keys[SNAPSHOT_FIGURES], uint64_t id)
{
    struct snapshot_place place = snapshot_place_of(keys, query->sort, id);

    return snapshot_is_before(&query->place, &place);
}

/* All are counted; a row is filled in only if it may be among the best. Whether it was: the first write to a
 * page may take long. */
static bool walk_past(struct snapshot_part *part, const struct connection *connection)
{
    const double now = part->asked;
    const struct snapshot_query *query = &part->query;
    struct snapshot_tally *tally = &part->tally;
    double age = age_of(connection, now);
    enum connection_state state = connection_state_of(connection);
    bool wanted;
    double keys[SNAPSHOT_FIGURES];
    struct pool_layout layout;
    struct pool_stats pool;

    pool_stats(connection->pool, &pool);
    tally->total++;
    tally->used_bytes += pool.used_bytes;
    tally->held_bytes += pool.held_bytes;
    wanted = matches(query, connection, state, pool.held_bytes, age);
    if (wanted || query->cells)
        pool_layout(connection->pool, &layout);
    wanted = wanted && (!*query->purpose || snapshot_has_purpose(&layout, query->purpose));
    if (query->cells)
        add_cell(&part->cells, connection, state, &pool, &layout, age, wanted);
    if (!wanted)
        return false;
    snapshot_tally_count(tally, state, connection->binding->protocol->name, pool.held_bytes, pool.peak_bytes,
                         age);
    tally->watchers += connection->watches;
    snapshot_tally_pieces(tally, &layout, pool.held_bytes);
    find_keys(connection, &pool, &layout, state, query, now, keys);
    if ((query->after && !is_behind(query, keys, connection->number)) ||
        !snapshot_part_wants(part, keys, connection->number))
        return false;
    fill(snapshot_part_add(part), connection, state, &pool, &layout, keys, now);
    return true;
}

/* ---- a slice ---- */

static void copy_figures(const struct worker *worker, struct snapshot_part *part)
{
    static const char *const states[] = {
        [WORKER_SERVES] = "serves", [WORKER_LEAVES] = "leaves", [WORKER_QUITS] = "quits"};

    part->worker = worker->index;
    part->generation = worker->tenure ? worker->tenure->generation->number : 0;
    part->worker_state = states[worker->state];
    snapshot_counters_add(&part->counters, &worker->counters);
}

/* One step. False: all is done. */
static bool step(struct worker *worker, struct snapshot_part *part)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    switch ((enum stage)walks->stage) {
    case STAGE_BEGIN:
        copy_figures(worker, part);
        walks->arenas = 0;
        walks->stage = STAGE_CLASSES;
        return true;
    case STAGE_CLASSES:
        if (!sizeclass_stats_step(worker->classes, &part->classes, &walks->arenas, ARENAS_AT_A_TIME))
            return true;
        if (part->query.connections && (part->query.worker < 0 || part->query.worker == part->worker))
            worker->cursor = worker->connections;
        walks->stage = STAGE_CONNECTIONS;
        return true;
    case STAGE_CONNECTIONS:
        for (unsigned i = 0; i < LOOK_EVERY && worker->cursor && !snapshot_part_make_room(part); i++) {
            const struct connection *connection = worker->cursor;

            worker->cursor = connection->next;
            if (walk_past(part, connection))
                return true;
        }
        if (worker->cursor)
            return true;
        walks->stage = STAGE_DONE;
        return false;
    case STAGE_DONE:
        break;
    }
    return false;
}

static void next_part(struct worker *worker)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    walks->first = walks->first->next;
    walks->stage = STAGE_BEGIN;
    worker->cursor = NULL;
}

static void run_again(struct worker *worker)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    if (!walks->first || ev_is_active(&walks->timer))
        return;
    ev_timer_set(&walks->timer, 0., 0.);
    ev_timer_start(worker->loop, &walks->timer);
}

bool snapshot_take_slice(struct worker *worker)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;
    unsigned turn = ev_iteration(worker->loop);
    bool free = walks->turn != turn;

    walks->turn = turn;
    return free;
}

/* The clock is looked at after each step, so that a slice ends in time however large a step was. */
static void on_slice(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct worker *worker = timer->data;
    struct snapshot_walks *walks = &watched_of(worker)->walks;
    struct snapshot_part *part = walks->first;
    double began = snapshot_clock(), took = 0;
    bool more = !atomic_load_explicit(&part->cancelled, memory_order_relaxed);

    (void)loop;
    (void)events;
    if (!snapshot_take_slice(worker)) {
        run_again(worker);
        return;
    }
    while (more && took < SNAPSHOT_SLICE_SECONDS) {
        more = step(worker, part);
        took = snapshot_clock() - began;
    }
    part->slices++;
    if (took > part->slice_seconds)
        part->slice_seconds = took;
    if (!more) {
        next_part(worker);
        snapshot_part_finish(part, SNAPSHOT_DONE);
    }
    run_again(worker);
}

void snapshot_walk_begin(struct worker *worker, struct snapshot_part *part)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    part->next = NULL;
    if (walks->first)
        walks->last->next = part;
    else
        walks->first = part;
    walks->last = part;
    run_again(worker);
}

void snapshot_walks_init(struct worker *worker)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    ev_timer_init(&walks->timer, on_slice, 0., 0.);
    walks->timer.data = worker;
}

void snapshot_walks_deinit(struct worker *worker)
{
    struct snapshot_walks *walks = &watched_of(worker)->walks;

    ev_timer_stop(worker->loop, &walks->timer);
    while (walks->first) {
        struct snapshot_part *part = walks->first;

        next_part(worker);
        snapshot_part_finish(part, SNAPSHOT_LOST);
    }
}

void snapshot_walk_run(struct worker *worker, struct errand *errand)
{
    snapshot_walk_begin(worker, (struct snapshot_part *)(void *)errand);
}
