/* SPDX-License-Identifier: BSD-2-Clause */
/* A follow on its asker's side: the question, the workers asked, and the answers. */
#include "server/watch/follow.h"

#include <errno.h>
#include <string.h>

#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/checks.h"
#include "server/connection.h"
#include "server/loop/ev_memory.h"
#include "server/watch/follow_ring.h"
#include "server/watch/snapshot.h"
#include "server/watch/snapshot_walk.h"

/* ---- the question ---- */

/* 4911, or 1.4911 with the worker in front: numbers are unique without it. */
static bool read_name(const char *text, uint64_t *number)
{
    const char *point = strchr(text, '.');

    return snapshot_read_number(point ? point + 1 : text, INT64_MAX, number) && *number;
}

/* NULL, or what is wrong with this argument. */
static const char *set_one(struct follow_query *query, const struct snapshot_argument *argument)
{
    const char *name = argument->name, *value = argument->value;
    bool one = !strcmp(value, "1");

    if (!strcmp(name, "id")) {
        query->which = FOLLOW_ONE;
        return read_name(value, &query->id) ? NULL : "id is a number, or a worker, a point and a number";
    }
    if (!strcmp(name, "address")) {
        memcpy(query->address, value, strlen(value) + 1);
        return NULL;
    }
    if (strcmp(name, "next") != 0 && strcmp(name, "mine") != 0 && strcmp(name, "allocs") != 0)
        return "arguments are id, next, mine, address and allocs";
    if (!one)
        return "next, mine and allocs are 1 or are left out";
    if (!strcmp(name, "allocs"))
        query->allocs = true;
    else
        query->which = *name == 'n' ? FOLLOW_NEXT : FOLLOW_MINE;
    return NULL;
}

const char *follow_query_parse(struct follow_query *query, const char *text, size_t length)
{
    const char *end = text + length, *wrong;
    struct snapshot_argument argument;

    *query = (struct follow_query){.which = FOLLOW_NOTHING};
    while (!(wrong = snapshot_argument_next(&text, end, &argument)) && argument.name[0])
        if ((wrong = set_one(query, &argument)))
            return wrong;
    if (wrong)
        return wrong;
    if (query->which == FOLLOW_NOTHING)
        return "one of id=, next=1 and mine=1 says which connection";
    return *query->address && query->which != FOLLOW_NEXT ? "address belongs to next=1" : NULL;
}

/* ---- messages ---- */

static struct follow *asked_by(struct errand *errand)
{
    return (struct follow *)(void *)((char *)errand - offsetof(struct follow, asked));
}

static struct follow *woken_by(struct errand *errand)
{
    return (struct follow *)(void *)((char *)errand - offsetof(struct follow, wakes));
}

static void answered(struct follow *follow)
{
    pthread_mutex_lock(&follow->lock);
    follow->answers++;
    pthread_mutex_unlock(&follow->lock);
    follow_wake(follow);
    follow_put(follow);
}

static void run_asked(struct worker *worker, struct errand *errand)
{
    follow_desk_take(worker, asked_by(errand));
    answered(asked_by(errand));
}

static void drop_asked(struct errand *errand)
{
    answered(asked_by(errand));
}

static void run_wake(struct worker *worker, struct errand *errand)
{
    struct follow *follow = woken_by(errand);

    (void)worker;
    pthread_mutex_lock(&follow->lock);
    follow->woken = false;
    pthread_mutex_unlock(&follow->lock);
    if (follow->asker)
        follow->asker->look(follow->asker);
    follow_put(follow);
}

static void drop_wake(struct errand *errand)
{
    follow_put(woken_by(errand));
}

/* As with a snapshot, workers of the current generation are told while the asker's worker serves. */
static unsigned send_to_all(struct follow *follow, struct worker *worker)
{
    const struct message message = {.kind = WORKER_WATCH, .descriptor = -1, .pointers = {&follow->asked}};
    const struct generation *others =
        worker->state == WORKER_SERVES && worker->tenure ? worker->tenure->generation : NULL;
    unsigned sent = 0;

    for (unsigned i = 0; others && i < others->worker_count; i++) {
        if (others->shares[i].worker == worker)
            continue;
        follow_get(follow);
        checks_send(worker, others->shares[i].worker);
        if (mailbox_send(&others->shares[i].worker->mailbox, &message))
            follow_put(follow);
        else
            sent++;
    }
    return sent;
}

/* ---- the asker ---- */

static void on_second(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct follow_desk *desk = timer->data;

    (void)loop;
    (void)events;
    for (struct follow_asker *asker = desk->askers, *next; asker; asker = next) {
        next = asker->next;
        asker->look(asker);
    }
}

static void link_asker(struct follow_asker *asker)
{
    struct follow_desk *desk = &watched_of(asker->connection->worker)->desk;

    asker->previous = NULL;
    asker->next = desk->askers;
    if (asker->next)
        asker->next->previous = asker;
    desk->askers = asker;
    if (ev_is_active(&desk->second))
        return;
    ev_timer_init(&desk->second, on_second, 1., 1.);
    desk->second.data = desk;
    ev_timer_start(asker->connection->worker->loop, &desk->second);
}

static void unlink_asker(struct follow_asker *asker)
{
    struct follow_desk *desk = &watched_of(asker->connection->worker)->desk;

    if (asker->previous)
        asker->previous->next = asker->next;
    else
        desk->askers = asker->next;
    if (asker->next)
        asker->next->previous = asker->previous;
    if (!desk->askers)
        ev_timer_stop(asker->connection->worker->loop, &desk->second);
}

int follow_begin(struct follow_asker *asker, struct connection *connection, const struct follow_query *query)
{
    bool was = sysmem_use_spare(true);
    struct follow *follow = ev_memory_spared(0) ? sysmem_alloc(SYSMEM_OF_VIEW, sizeof *follow) : NULL;
    unsigned sent;

    (void)sysmem_use_spare(was);
    if (!follow)
        return -ENOMEM;
    memset(follow, 0, offsetof(struct follow, slots));
    pthread_mutex_init(&follow->lock, NULL);
    atomic_init(&follow->references, 1);
    holds_take(follow, NULL, "a reference");
    follow->asked = (struct errand){run_asked, drop_asked};
    follow->wakes = (struct errand){run_wake, drop_wake};
    follow->query = *query;
    follow->begun = snapshot_clock();
    follow->peer = connection->peer;
    follow->asker = asker;
    follow->worker = connection->worker;
    holds_take(&connection->worker->mailbox, follow, "a follow of its worker's");
    asker->follow = follow;
    asker->connection = connection;
    asker->tenure = connection->tenure;
    link_asker(asker);
    follow_desk_take(connection->worker, follow);
    sent = send_to_all(follow, connection->worker);
    pthread_mutex_lock(&follow->lock);
    follow->asked_count = sent;
    pthread_mutex_unlock(&follow->lock);
    follow_wake(follow);
    return 0;
}

void follow_leave(struct follow_asker *asker)
{
    struct follow *follow = asker->follow;

    if (!follow)
        return;
    unlink_asker(asker);
    asker->follow = NULL;
    follow->asker = NULL;
    pthread_mutex_lock(&follow->lock);
    holds_give(&follow->worker->mailbox, follow, "a follow of its worker's");
    follow->worker = NULL;
    pthread_mutex_unlock(&follow->lock);
    atomic_store(&follow->left, true);
    follow_desk_take(asker->connection->worker, follow);
    (void)send_to_all(follow, asker->connection->worker); /* others see it at their next event */
    follow_put(follow);
}

const char *follow_refusal(enum follow_found found)
{
    static const char *const why[] = {[FOLLOW_ABSENT] = "no such connection",
                                      [FOLLOW_FULL] = "four pools of its worker are followed already",
                                      [FOLLOW_SELF] = "it follows others itself"};

    return why[found];
}

enum follow_found follow_found(const struct follow_asker *asker)
{
    struct follow *follow = asker->follow;
    enum follow_found found = FOLLOW_ABSENT;

    pthread_mutex_lock(&follow->lock);
    if (follow->found)
        found = FOLLOW_FOUND;
    else if (follow->self)
        found = FOLLOW_SELF;
    else if (follow->full)
        found = FOLLOW_FULL;
    else if (follow->answers < follow->asked_count && snapshot_clock() - follow->begun < SNAPSHOT_PATIENCE)
        found = FOLLOW_ASKING;
    else if (follow->query.which != FOLLOW_ONE) /* all workers wait for it */
        found = FOLLOW_FOUND;
    pthread_mutex_unlock(&follow->lock);
    return found;
}

bool follow_read(struct follow_asker *asker, struct text *text)
{
    char label[FOLLOW_LABEL_MOST + 1];
    struct follow_event event;

    if (!follow_take(asker->follow, &event, label))
        return false;
    follow_print(text, &event, label);
    return true;
}

const char *follow_over(const struct follow_asker *asker)
{
    const struct worker *worker = asker->connection->worker;
    struct follow *follow = asker->follow;
    bool over;

    if (worker->state != WORKER_SERVES || asker->tenure != worker->tenure)
        return "reload";
    pthread_mutex_lock(&follow->lock);
    over = follow->ended && !follow->used && !follow->dropped;
    pthread_mutex_unlock(&follow->lock);
    return over ? "destroyed" : NULL;
}

void follow_drain(struct worker *worker)
{
    struct follow_desk *desk = &watched_of(worker)->desk;

    for (struct follow_asker *asker = desk->askers, *next; asker; asker = next) {
        next = asker->next;
        asker->look(asker);
    }
}
