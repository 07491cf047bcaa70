/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk past connections that leave while it rests between two slices; several snapshots at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "pool/account.h"
#include "server/loop/ev_memory.h"
#include "server/watch/snapshot.h"
#include "server/watch/snapshot_part.h"
#include "server/watch/snapshot_walk.h"
#include "server/watch/watched.h"

enum { CONNECTIONS = 40000 }; /* some ten slices of a fast machine */

static const struct protocol protocol = {.name = "test", .connection_size = sizeof(struct connection)};
static const struct binding binding = {.protocol = &protocol, .address.text = "127.0.0.1:7"};

static void no_timeouts(struct timeout *timeout)
{
    (void)timeout;
}

static struct worker *make_worker(void)
{
    struct worker *worker = calloc(1, sizeof *worker + sizeof(struct watched));

    assert_non_null(worker);
    worker->watched = worker + 1;
    worker->loop = ev_loop_new(EVFLAG_AUTO);
    worker->classes = sizeclass_create();
    timeouts_init(&worker->timeouts, worker->loop, no_timeouts);
    snapshot_walks_init(worker);
    return worker;
}

/* Connections and their pools, as connection.c links them. */
static void add(struct worker *worker, uint64_t number)
{
    const struct pool_options options = {
        .classes = worker->classes, .first_size = 512, .block_size = 1024, .name = "test"};
    struct pool *pool = pool_create(&options);
    struct connection *connection = pool_calloc(pool, protocol.connection_size, "connection");

    assert_non_null(connection);
    connection->pool = pool;
    connection->worker = worker;
    connection->binding = &binding;
    connection->number = number;
    connection->requests = (uint32_t)number;
    connection->doing = "test";
    connection->peer = (struct peer){.family = AF_INET, .bytes = {127, 0, 0, 1}, .port = (uint16_t)number};
    connection->next = worker->connections;
    if (connection->next)
        connection->next->previous = connection;
    worker->connections = connection;
}

static void leave(struct worker *worker, struct connection *connection)
{
    if (worker->cursor == connection)
        worker->cursor = connection->next;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        worker->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    pool_destroy(connection->pool);
}

static void destroy_worker(struct worker *worker)
{
    char text[256];

    snapshot_walks_deinit(worker);
    while (worker->connections)
        leave(worker, worker->connections);
    timeouts_deinit(&worker->timeouts);
    ev_loop_destroy(worker->loop);
    ev_memory_release();
    sizeclass_destroy(worker->classes);
    free(worker);
    if (!account_settled(text, sizeof text))
        fail_msg("%s", text);
}

static struct snapshot_part *begin(struct worker *worker, const char *text)
{
    struct snapshot_query query;
    struct snapshot_part *part;

    assert_null(snapshot_query_parse(&query, text, strlen(text)));
    part = snapshot_part_create(&query, snapshot_clock());
    assert_non_null(part);
    snapshot_walk_begin(worker, part);
    return part;
}

static int state_of(const struct snapshot_part *part)
{
    return atomic_load(&part->state);
}

/* Whoever is next leaves, after each slice. */
static void the_next_leaves_between_slices(void **state)
{
    struct worker *worker = make_worker();
    struct snapshot_part *part;
    unsigned left = 0;

    (void)state;
    for (uint64_t i = 1; i <= CONNECTIONS; i++)
        add(worker, i);
    part = begin(worker, "sort=requests&limit=100");
    while (state_of(part) == SNAPSHOT_ASKED) {
        ev_run(worker->loop, EVRUN_ONCE);
        if (worker->cursor) {
            leave(worker, worker->cursor);
            left++;
        }
    }
    assert_int_equal(state_of(part), SNAPSHOT_DONE);
    assert_true(left > 0 && part->slices > left);
    assert_int_equal(part->tally.total, CONNECTIONS - left);
    assert_int_equal(part->tally.matched, CONNECTIONS - left);
    assert_int_equal(part->tally.states[CONNECTION_IDLE], CONNECTIONS - left);
    assert_string_equal(part->tally.protocols[0].name, "test");
    assert_true(part->tally.held_bytes >= (CONNECTIONS - left) * UINT64_C(512));
    snapshot_part_put(part);
    destroy_worker(worker);
}

static void the_list_may_end_meanwhile(void **state)
{
    struct worker *worker = make_worker();
    struct snapshot_part *part;

    (void)state;
    for (uint64_t i = 1; i <= CONNECTIONS; i++)
        add(worker, i);
    part = begin(worker, "");
    while (!worker->cursor)
        ev_run(worker->loop, EVRUN_ONCE);
    while (worker->connections)
        leave(worker, worker->connections);
    while (state_of(part) == SNAPSHOT_ASKED)
        ev_run(worker->loop, EVRUN_ONCE);
    assert_int_equal(state_of(part), SNAPSHOT_DONE);
    assert_true(part->tally.total < CONNECTIONS);
    snapshot_part_put(part);
    destroy_worker(worker);
}

/* One after the other; who is cancelled is not walked for. */
static void parts_wait_for_their_turn(void **state)
{
    struct worker *worker = make_worker();
    struct snapshot_part *parts[4];

    (void)state;
    for (uint64_t i = 1; i <= 10; i++)
        add(worker, i);
    parts[0] = begin(worker, "");
    parts[1] = begin(worker, "worker=1");
    parts[2] = begin(worker, "");
    parts[3] = begin(worker, "address=127.0.0.1:7&id=7");
    atomic_store(&parts[2]->cancelled, true);
    while (watched_of(worker)->walks.first)
        ev_run(worker->loop, EVRUN_ONCE);
    for (int i = 0; i < 4; i++)
        assert_int_equal(state_of(parts[i]), SNAPSHOT_DONE);
    assert_int_equal(parts[0]->count, 10);
    assert_int_equal(parts[1]->tally.total, 0);
    assert_int_equal(parts[2]->tally.total, 0);
    assert_int_equal(parts[3]->count, 1);
    assert_int_equal(parts[3]->rows[0]->id, 7);
    for (int i = 0; i < 4; i++)
        snapshot_part_put(parts[i]);
    destroy_worker(worker);
}

static void an_end_gives_them_up(void **state)
{
    struct worker *worker = make_worker();
    struct snapshot_part *parts[2] = {begin(worker, ""), begin(worker, "")};

    (void)state;
    snapshot_walks_deinit(worker);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(state_of(parts[i]), SNAPSHOT_LOST);
        snapshot_part_put(parts[i]);
    }
    destroy_worker(worker);
}

/* ---- several at once ---- */

enum { ASKERS = 4, WRITES = 5 /* of each */ };

static unsigned written, answered, last_turn, crowded;

/* Longer than a slice. */
static bool write_slowly(struct snapshot *snapshot)
{
    unsigned turn = ev_iteration(snapshot->worker->loop);
    double began = snapshot_clock();

    crowded += turn == last_turn;
    last_turn = turn;
    written++;
    while (snapshot_clock() - began < 1.5 * SNAPSHOT_SLICE_SECONDS)
        ;
    return ++snapshot->section < WRITES;
}

static void is_answered(void *data, struct text *text)
{
    (void)data;
    assert_non_null(text);
    answered++;
}

static void a_turn_has_one_slice(void **state)
{
    struct worker *worker = make_worker();
    struct snapshot_query query;

    (void)state;
    snapshot_query_init(&query);
    for (uint64_t i = 1; i <= 100; i++)
        add(worker, i);
    for (int i = 0; i < ASKERS; i++)
        assert_non_null(snapshot_ask(worker, &query, write_slowly, is_answered, NULL));
    while (answered < ASKERS)
        ev_run(worker->loop, EVRUN_ONCE);
    assert_int_equal(written, ASKERS * WRITES);
    assert_int_equal(crowded, 0);
    destroy_worker(worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_leaves_between_slices), cmocka_unit_test(the_list_may_end_meanwhile),
        cmocka_unit_test(parts_wait_for_their_turn),      cmocka_unit_test(an_end_gives_them_up),
        cmocka_unit_test(a_turn_has_one_slice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
