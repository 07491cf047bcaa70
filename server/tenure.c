/* SPDX-License-Identifier: BSD-2-Clause */
/* How a worker holds generations and goes from one to the next; connections that change worker. */
#include "server/tenure.h"

#include <sys/socket.h>
#include <unistd.h>

#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/checks.h"
#include "server/connection.h"
#include "server/process/crash.h"
#include "server/watcher.h"
#include "server/worker.h"

/* Who holds a tenure besides its connections (pool/holds.h). */
#define AWAITED "a switch that is to come"
#define CURRENT "a worker, as its current one"
#define STEP    "a step of its worker"

/* ---- the hold ---- */

static void end_tenure(struct tenure *tenure)
{
    struct worker *worker = tenure->worker;
    struct tenure **link = &worker->tenures;

    while (*link != tenure)
        link = &(*link)->next;
    *link = tenure->next;
    ev_timer_stop(worker->loop, &tenure->shutdown);
    log_buffers_flush(&worker->logs);
    holds_none(tenure, "a tenure");
    if (generation_put(tenure->generation, tenure, GENERATION_OF_TENURE))
        worker->shared->wake_main();
    sysmem_free(SYSMEM_OF_WORKERS, tenure, sizeof *tenure);
}

void tenure_enter(struct tenure *tenure)
{
    tenure->connections++;
}

void tenure_leave(struct tenure *tenure)
{
    if (--tenure->connections == 0 && tenure->worker->tenure != tenure)
        end_tenure(tenure);
}

void tenure_close_all(struct worker *worker, const struct tenure *tenure)
{
    for (struct connection *connection = worker->connections, *next; connection; connection = next) {
        next = connection->next;
        if (!tenure || connection->tenure == tenure)
            connection_close(connection);
    }
}

static void on_shutdown_timeout(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct tenure *tenure = timer->data;

    (void)loop;
    (void)events;
    tenure_close_all(tenure->worker, tenure);
}

static void start_shutdown_timeout(struct tenure *tenure)
{
    int64_t ms = tenure->generation->settings.worker_shutdown_timeout;

    if (!ms || ev_is_active(&tenure->shutdown))
        return;
    ev_timer_set(&tenure->shutdown, (double)ms / 1000., 0.);
    ev_timer_start(tenure->worker->loop, &tenure->shutdown);
}

struct tenure *tenure_create(struct worker *worker, struct generation *generation)
{
    struct tenure *tenure = sysmem_calloc(SYSMEM_OF_WORKERS, sizeof *tenure);

    if (!tenure)
        return NULL;
    tenure->worker = worker;
    tenure->generation = generation;
    generation_get(generation, tenure, GENERATION_OF_TENURE);
    holds_take(tenure, NULL, AWAITED);
    ev_timer_init(&tenure->shutdown, on_shutdown_timeout, 0., 0.);
    tenure->shutdown.data = tenure;
    return tenure;
}

void tenure_abandon(struct tenure *tenure)
{
    holds_give(tenure, NULL, AWAITED);
    holds_none(tenure, "a tenure");
    if (generation_put(tenure->generation, tenure, GENERATION_OF_TENURE))
        tenure->worker->shared->wake_main();
    sysmem_free(SYSMEM_OF_WORKERS, tenure, sizeof *tenure);
}

static void begin_tenure(struct worker *worker, struct tenure *tenure)
{
    holds_give(tenure, NULL, AWAITED);
    tenure->next = worker->tenures;
    worker->tenures = tenure;
}

/* The one of that generation, or a new one, which ends with its last connection: tenure_enter before anything
 * else. NULL: no memory. */
static struct tenure *tenure_under(struct worker *worker, struct generation *generation)
{
    struct tenure *tenure = worker->tenures;

    while (tenure && tenure->generation != generation)
        tenure = tenure->next;
    if (tenure)
        return tenure;
    tenure = tenure_create(worker, generation);
    if (!tenure)
        return NULL;
    begin_tenure(worker, tenure);
    if (worker->state != WORKER_SERVES || generation->number < worker->tenure->generation->number)
        start_shutdown_timeout(tenure);
    return tenure;
}

/* ---- connections that change worker ---- */

/* Whoever holds the generation for a message: its descriptor, as a number. */
static const void *traveller(int descriptor)
{
    return (const void *)(intptr_t)descriptor;
}

static void release(struct worker *worker, struct generation *generation, int descriptor)
{
    if (generation_put(generation, traveller(descriptor), GENERATION_OF_MESSAGE))
        worker->shared->wake_main();
}

bool tenure_hand_on(struct worker *worker, const struct binding *binding, int fd, uint32_t requests)
{
    struct message message = {.kind = WORKER_CONNECTION, .descriptor = fd};
    struct generation *now = worker->tenure->generation;
    const struct binding *there = generation_find_same(now, binding);
    struct worker *to;

    if (!there || !now->worker_count)
        return false;
    to = now->shares[worker->handed_on++ % now->worker_count].worker;
    message.pointers[0] = now;
    message.pointers[1] = (void *)(uintptr_t)there;
    message.numbers[2] = requests;
    generation_get(now, traveller(fd), GENERATION_OF_MESSAGE);
    checks_send(worker, to);
    if (!mailbox_send(&to->mailbox, &message))
        return true;
    release(worker, now, fd);
    return false;
}

/* It goes on here, under the current generation if that has its address and protocol, else under its own. */
static void keep(struct worker *worker, const struct message *message)
{
    struct generation *generation = message->pointers[0];
    const struct binding *binding = generation_find_same(worker->tenure->generation, message->pointers[1]);
    struct tenure *tenure = binding ? worker->tenure : tenure_under(worker, generation);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct connection *connection;
    struct peer peer;

    if (!tenure) {
        close(message->descriptor);
        return;
    }
    if (!binding)
        binding = message->pointers[1];
    if (getpeername(message->descriptor, (struct sockaddr *)&address, &length))
        length = 0;
    peer_from_socket(&peer, &address, length);
    tenure_enter(tenure); /* it ends here if no connection was made */
    holds_take(tenure, worker, STEP);
    connection =
        connection_open(worker, tenure, binding, message->descriptor, &peer, (uint32_t)message->numbers[2]);
    /* It arrived after this worker had drained its own. */
    if (connection && connection_ending(connection) != CONNECTION_STAYS)
        binding->protocol->drain(connection);
    holds_give(tenure, worker, STEP);
    tenure_leave(tenure);
}

void tenure_take_over(struct worker *worker, const struct message *message)
{
    if (worker->stopped)
        close(message->descriptor);
    else if (worker->state != WORKER_LEAVES ||
             !tenure_hand_on(worker, message->pointers[1], message->descriptor,
                             (uint32_t)message->numbers[2]))
        keep(worker, message);
    release(worker, message->pointers[0], message->descriptor);
}

void tenure_drop(struct worker *worker, const struct message *message)
{
    close(message->descriptor);
    release(worker, message->pointers[0], message->descriptor);
}

/* ---- switching ---- */

static void drain_all(struct worker *worker)
{
    if (worker->shared->watcher)
        worker->shared->watcher->drain(worker);
    for (struct connection *connection = worker->connections, *next; connection; connection = next) {
        next = connection->next;
        crash_subject = connection;
        if (connection->tenure != worker->tenure || worker->state != WORKER_SERVES)
            connection->binding->protocol->drain(connection);
    }
    crash_subject = NULL;
    for (struct tenure *tenure = worker->tenures; tenure; tenure = tenure->next)
        if (tenure != worker->tenure || worker->state != WORKER_SERVES)
            start_shutdown_timeout(tenure);
}

void tenure_switch(struct worker *worker, struct tenure *tenure)
{
    struct tenure *before = worker->tenure;
    struct generation *generation = tenure->generation;

    begin_tenure(worker, tenure);
    holds_take(tenure, worker, CURRENT);
    if (before)
        tenure_enter(before); /* so that it stays until the last line below */
    listeners_stop(worker, generation);
    log_thread_set(generation->settings.log);
    worker->tenure = tenure;
    checks_serve(worker, generation);
    if (before)
        checks_let_go(worker, before->generation);
    shortage_look(worker);
    sizeclass_set_budget(worker->classes, generation->settings.worker_memory_budget);
    /* One worker may have all of view_reserve; memory_budget bounds all of them. 0 would mean no limit. */
    sizeclass_set_budget(worker->spare,
                         generation->settings.view_reserve ? generation->settings.view_reserve : 1);
    worker->state = generation_share(generation, worker) ? WORKER_SERVES : WORKER_LEAVES;
    if (worker->state == WORKER_SERVES) {
        atomic_store(&worker->thread.ended, false);
        listeners_start(worker);
    }
    if (before) {
        drain_all(worker);
        holds_give(before, worker, CURRENT);
        tenure_leave(before);
    }
    atomic_store(&worker->thread.generation, generation->number);
    worker->shared->wake_main();
}

void tenure_quit(struct worker *worker)
{
    bool names_others = worker->tenure && worker->state != WORKER_QUITS;

    worker->state = WORKER_QUITS;
    atomic_store(&worker->thread.ended,
                 false); /* it may have left before: from here on it passes nothing on */
    listeners_end(worker, NULL);
    if (names_others)
        checks_let_go(worker, worker->tenure->generation);
    atomic_store(&worker->thread.deaf, true);
    worker->shared->wake_main();
    drain_all(worker);
}

void tenure_end_all(struct worker *worker)
{
    if (worker->tenure) {
        if (worker->state != WORKER_QUITS)
            checks_let_go(worker, worker->tenure->generation);
        holds_give(worker->tenure, worker, CURRENT);
    }
    worker->tenure = NULL;
    while (worker->tenures)
        end_tenure(worker->tenures);
}
