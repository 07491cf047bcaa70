/* SPDX-License-Identifier: BSD-2-Clause */
/* The followed pools of a worker, and the events that it writes about them. */
#include <string.h>

#include "pool/holds.h"
#include "pool/pool_layout.h"
#include "server/connection.h"
#include "server/loop/ev_memory.h"
#include "server/watch/control.h"
#include "server/watch/follow_ring.h"
#include "server/watch/snapshot_part.h"
#include "server/watch/snapshot_walk.h"

static struct follow_desk *desk_of(const struct worker *worker)
{
    return &watched_of(worker)->desk;
}

/* ---- writing ---- */

/* Times never fall, although a connection's begins with the turn that took it. */
static void write_event(struct followed *place, struct follow_event *event, const char *label, size_t length)
{
    const struct connection *connection = place->connection;
    double at = (snapshot_clock() - connection->opened) * 1e6;

    if (at > (double)place->at)
        place->at = (uint64_t)at;
    event->at = place->at;
    event->number = connection->number;
    event->worker = (uint16_t)connection->worker->index;
    event->count = connection->requests;
    follow_write(place->follow, event, label, length);
}

static void write_state(struct followed *place)
{
    enum connection_state state = connection_state_of(place->connection);

    if (place->state == (uint8_t)state)
        return;
    place->state = (uint8_t)state;
    write_event(place, &(struct follow_event){.kind = FOLLOW_STATE, .text = connection_state_names[state]},
                "", 0);
}

static void write_request(struct followed *place, const struct watcher_request *request)
{
    struct follow_event event = {.kind = FOLLOW_REQUEST};
    char label[FOLLOW_LABEL_MOST + 1];
    size_t length = 0, room = sizeof label;

    /* One byte more than there is room for shows that it was cut. */
    for (size_t i = 0; i < request->method_length && i < FOLLOW_METHOD_MOST; i++)
        label[length++] = request->method[i];
    label[length++] = ' ';
    for (size_t i = 0; i < request->target_length && length < room; i++)
        label[length++] = request->target[i];
    write_event(place, &event, label, length);
}

static void leave_place(struct followed *place)
{
    struct follow *follow = place->follow;

    pool_unfollow(&place->base);
    holds_give(place->connection, place, "a place for followed pools");
    pthread_mutex_lock(&follow->lock);
    follow->ended = !--follow->pools && follow->query.which != FOLLOW_MINE;
    pthread_mutex_unlock(&follow->lock);
    place->follow = NULL;
    follow_put(follow);
}

/* An event of a followed pool. */
static void on_event(struct pool_follower *base, const struct pool_event *event)
{
    struct followed *place = (struct followed *)(void *)base;
    struct follow *follow = place->follow;
    struct follow_event written = {.kind = (uint8_t)event->kind,
                                   .text = event->purpose,
                                   .bytes = event->bytes,
                                   .held = event->held,
                                   .piece = event->piece & 3};

    place->silent = false;
    if (event->kind == POOL_EVENT_NOTE) {
        write_request(place, event->note);
        return;
    }
    if (event->kind == POOL_EVENT_REFUSED)
        written.failure = pool_failure(place->connection->pool) & 7;
    write_event(place, &written, "", 0);
    if (event->kind != POOL_EVENT_DESTROY)
        return;
    follow_get(follow);
    leave_place(place);
    follow_wake(follow);
    follow_put(follow);
}

/* ---- following ---- */

static void write_piece(struct followed *place, enum pool_event_piece piece, const char *purpose,
                        size_t bytes, size_t held)
{
    struct follow_event event = {
        .kind = FOLLOW_HAVE, .piece = piece & 3, .text = purpose, .bytes = bytes, .held = held};

    write_event(place, &event, "", 0);
}

/* Writes what the pool holds already; pieces without room in the layout count as one. */
static void write_pieces(struct followed *place, const struct pool_layout *layout, size_t held)
{
    static const enum pool_event_piece pieces[] = {[POOL_PART_BLOCK] = POOL_PIECE_BLOCK,
                                                   [POOL_PART_RESERVE] = POOL_PIECE_BLOCK,
                                                   [POOL_PART_LARGE] = POOL_PIECE_LARGE,
                                                   [POOL_PART_BUFFER] = POOL_PIECE_BUFFER};
    size_t told = layout->parts[0].size;

    for (uint32_t i = 1; i < layout->count; i++) {
        const struct pool_part *part = &layout->parts[i];

        write_piece(place, pieces[part->kind], part->purpose, part->size, held);
        told += part->size;
    }
    if (held > told)
        write_piece(place, POOL_PIECE_LARGE, "others", held - told, held);
}

/* Writes the first events: what the pool is, and what it holds now. */
static void begin_place(struct followed *place, struct follow *follow, struct connection *connection,
                        bool joined)
{
    struct follow_event event = {
        .kind = FOLLOW_CREATE, .text = connection->binding->protocol->name, .flag = joined};
    char client[SNAPSHOT_PEER_TEXT];
    struct pool_layout layout;
    struct pool_stats stats;

    follow_get(follow);
    *place = (struct followed){.base = {.tell = on_event, .allocs = follow->query.allocs},
                               .follow = follow,
                               .connection = connection,
                               .silent = true};
    pthread_mutex_lock(&follow->lock);
    follow->found = true;
    follow->pools++;
    pthread_mutex_unlock(&follow->lock);
    snapshot_peer_text(&connection->peer, client);
    pool_stats(connection->pool, &stats);
    pool_layout(connection->pool, &layout);
    event.bytes = layout.parts[0].size;
    event.held = stats.held_bytes;
    write_event(place, &event, client, strlen(client));
    place->state = CONNECTION_STATES; /* none has been written yet */
    if (joined) {
        write_pieces(place, &layout, stats.held_bytes);
        write_state(place);
    }
    pool_follow(&place->base, connection->pool);
    holds_take(connection, place, "a place for followed pools");
    follow_wake(follow);
}

/* A free place; for a client's own connections also the place of one where nothing has happened. NULL:
 * none. */
static struct followed *find_place(struct follow_desk *desk, const struct follow *follow)
{
    struct followed *silent = NULL;

    for (int i = 0; i < FOLLOW_POOLS; i++) {
        if (!desk->places[i].follow)
            return &desk->places[i];
        if (desk->places[i].follow == follow && desk->places[i].silent)
            silent = &desk->places[i];
    }
    return silent;
}

/* False: all places are taken. */
static bool follow_connection(struct follow *follow, struct connection *connection, bool joined)
{
    struct follow_desk *desk = desk_of(connection->worker);
    struct followed *place = find_place(desk, follow);

    if (!place || (!ev_is_active(&desk->turn) && !ev_memory_spared(0)))
        return false;
    if (place->follow)
        leave_place(place);
    if (!ev_is_active(&desk->turn))
        ev_prepare_start(connection->worker->loop, &desk->turn);
    begin_place(place, follow, connection, joined);
    return true;
}

static bool is_asker(const struct connection *connection)
{
    for (const struct follow_asker *asker = desk_of(connection->worker)->askers; asker; asker = asker->next)
        if (asker->connection == connection)
            return true;
    return false;
}

static bool is_control(const struct connection *connection)
{
    return connection->binding->protocol == &control_protocol;
}

/* Streams that wait for others, such as a page's events, would only show themselves. */
static bool is_mine(const struct follow *follow, const struct connection *connection)
{
    return connection->peer.family != AF_UNIX && connection->peer.family == follow->peer.family &&
           !memcmp(connection->peer.bytes, follow->peer.bytes, sizeof follow->peer.bytes);
}

/* ---- whom to follow ---- */

static void set_flag(struct follow *follow, bool *flag)
{
    pthread_mutex_lock(&follow->lock);
    *flag = true;
    pthread_mutex_unlock(&follow->lock);
}

static void follow_one(struct worker *worker, struct follow *follow)
{
    struct connection *connection = worker->connections;

    while (connection && connection->number != follow->query.id)
        connection = connection->next;
    if (!connection)
        return;
    if (is_asker(connection))
        set_flag(follow, &follow->self);
    else if (!follow_connection(follow, connection, true))
        set_flag(follow, &follow->full);
}

static void follow_mine(struct worker *worker, struct follow *follow)
{
    const struct follow_desk *desk = desk_of(worker);
    int free = 0;

    for (int i = 0; i < FOLLOW_POOLS; i++)
        free += !desk->places[i].follow;
    for (struct connection *connection = worker->connections; connection && free > 0;
         connection = connection->next)
        if (is_mine(follow, connection) && !is_asker(connection) &&
            connection_state_of(connection) != CONNECTION_WAITING &&
            follow_connection(follow, connection, true))
            free--;
}

static void forget(struct worker *worker, int i)
{
    struct follow_desk *desk = desk_of(worker);

    follow_put(desk->waiting[i]);
    desk->waiting[i] = NULL;
    worker->awaits = false;
    for (int j = 0; j < FOLLOW_POOLS; j++)
        worker->awaits |= desk->waiting[j] != NULL;
}

/* Removes what nobody asks for any more. */
static void clean_up(struct worker *worker)
{
    struct follow_desk *desk = desk_of(worker);

    for (int i = 0; i < FOLLOW_POOLS; i++) {
        struct follow *waiting = desk->waiting[i], *follow = desk->places[i].follow;

        if (waiting && (atomic_load(&waiting->left) || atomic_load(&waiting->claimed)))
            forget(worker, i);
        if (follow && atomic_load(&follow->left))
            leave_place(&desk->places[i]);
    }
}

static void await(struct worker *worker, struct follow *follow)
{
    struct follow_desk *desk = desk_of(worker);

    for (int i = 0; i < FOLLOW_POOLS; i++) {
        if (desk->waiting[i])
            continue;
        follow_get(follow);
        desk->waiting[i] = follow;
        worker->awaits = true;
        return;
    }
    set_flag(follow, &follow->full);
}

void follow_desk_take(struct worker *worker, struct follow *follow)
{
    clean_up(worker);
    if (atomic_load(&follow->left))
        return;
    if (follow->query.which == FOLLOW_ONE) {
        follow_one(worker, follow);
        return;
    }
    if (follow->query.which == FOLLOW_MINE)
        follow_mine(worker, follow);
    await(worker, follow);
}

/* `next` is one connection, whichever worker has it. */
static bool wants(struct follow *follow, const struct connection *connection)
{
    char client[SNAPSHOT_PEER_TEXT];

    if (is_control(connection))
        return false;
    if (follow->query.which == FOLLOW_MINE)
        return is_mine(follow, connection);
    snapshot_peer_text(&connection->peer, client);
    return !strncmp(client, follow->query.address, strlen(follow->query.address)) &&
           !atomic_exchange(&follow->claimed, true);
}

void follow_desk_opened(struct connection *connection)
{
    struct follow_desk *desk = desk_of(connection->worker);

    clean_up(connection->worker);
    for (int i = 0; i < FOLLOW_POOLS; i++)
        if (desk->waiting[i] && wants(desk->waiting[i], connection) &&
            !follow_connection(desk->waiting[i], connection, false) &&
            desk->waiting[i]->query.which == FOLLOW_NEXT)
            atomic_store(&desk->waiting[i]->claimed, false); /* then the one after it */
}

/* ---- the worker's turns ---- */

/* Of two waits; 0 is none. */
static double shorter(double one, double other)
{
    return other > 0 && (one <= 0 || other < one) ? other : one;
}

/* Writes what changed in this turn; runs after the worker's own end of the turn, so that closed connections
 * are gone. */
static void on_turn(struct ev_loop *loop, struct ev_prepare *turn, int events)
{
    struct follow_desk *desk = turn->data;
    double now = snapshot_clock(), wait = 0;
    bool any = false;

    (void)events;
    for (int i = 0; i < FOLLOW_POOLS; i++) {
        struct followed *place = &desk->places[i];

        if (!place->follow)
            continue;
        if (atomic_load_explicit(&place->follow->left, memory_order_relaxed)) {
            leave_place(place);
            continue;
        }
        any = true;
        write_state(place);
        wait = shorter(wait, follow_wake_paced(place->follow, now));
    }
    if (!any)
        ev_prepare_stop(loop, turn);
    if (wait > 0 && !ev_is_active(&desk->later) && ev_memory_spared(0)) {
        ev_timer_set(&desk->later, wait, 0.);
        ev_timer_start(loop, &desk->later);
    }
}

/* The turn that it makes is all it is for. */
static void on_later(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

void follow_desk_init(struct worker *worker)
{
    struct follow_desk *desk = desk_of(worker);

    ev_prepare_init(&desk->turn, on_turn);
    ev_set_priority(&desk->turn, EV_MINPRI);
    desk->turn.data = desk;
    ev_timer_init(&desk->later, on_later, 0., 0.);
}

void follow_desk_deinit(struct worker *worker)
{
    for (int i = 0; i < FOLLOW_POOLS; i++)
        if (desk_of(worker)->waiting[i])
            forget(worker, i);
    ev_prepare_stop(worker->loop, &desk_of(worker)->turn);
    ev_timer_stop(worker->loop, &desk_of(worker)->later);
}
