/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/tenure.h"

#include <errno.h>
#include <unistd.h>

#include "pool/sysmem.h"
#include "server/ev_memory.h"
#include "server/listener.h"
#include "server/worker.h"

static const double PAUSE_SECONDS =
    0.5; /* as nginx's accept_mutex_delay: long enough for a descriptor to come free */

/* ---- tenures: the worker's hold on generations ---- */

static void end_tenure(struct tenure *tenure)
{
    struct worker *worker = tenure->worker;
    struct tenure **link = &worker->tenures;

    while (*link != tenure)
        link = &(*link)->next;
    *link = tenure->next;
    ev_timer_stop(worker->loop, &tenure->shutdown);
    log_buffers_flush(&worker->logs);
    if (generation_put(tenure->generation))
        worker->shared->wake_main();
    sysmem_free(tenure, sizeof *tenure);
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
    struct tenure *tenure = sysmem_calloc(sizeof *tenure);

    if (!tenure)
        return NULL;
    tenure->worker = worker;
    tenure->generation = generation;
    generation_get(generation);
    ev_timer_init(&tenure->shutdown, on_shutdown_timeout, 0., 0.);
    tenure->shutdown.data = tenure;
    return tenure;
}

void tenure_abandon(struct tenure *tenure)
{
    if (generation_put(tenure->generation))
        tenure->worker->shared->wake_main();
    sysmem_free(tenure, sizeof *tenure);
}

static void begin_tenure(struct worker *worker, struct tenure *tenure)
{
    tenure->next = worker->tenures;
    worker->tenures = tenure;
}

struct tenure *tenure_under(struct worker *worker, struct generation *generation)
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

/* ---- listeners ---- */

static const struct share *own_share(const struct worker *worker, const struct generation *generation)
{
    for (unsigned i = 0; i < generation->worker_count; i++)
        if (generation->shares[i].worker == worker)
            return &generation->shares[i];
    return NULL;
}

static void start_listeners(struct worker *worker)
{
    struct tenure *tenure = worker->tenure;
    const struct share *share = own_share(worker, tenure->generation);

    for (unsigned i = 0; share && i < share->count; i++) {
        int fd = share->listeners[i].io.fd;

        /* The second time libev needs nothing more for them. */
        if (!tenure->listened && !ev_memory_reserve(fd) && !ev_memory_last(fd)) {
            worker_pause(worker, ENOMEM, "no memory for a listener");
            return;
        }
        listener_start(&share->listeners[i]);
    }
    tenure->listened = true;
}

/* `next`: what is served from now on; what came to an address that it lacks, or to another service there, is
 * accepted until the queue is empty. */
static void stop_listeners(struct worker *worker, const struct generation *next)
{
    const struct share *share = worker->tenure ? own_share(worker, worker->tenure->generation) : NULL;

    for (unsigned i = 0; share && i < share->count; i++) {
        struct listener *listener = &share->listeners[i];

        listener_stop(listener);
        if (!next || !generation_find_same(next, listener->binding))
            listener_drain(listener);
    }
}

static void on_resume(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct worker *worker = timer->data;

    (void)loop;
    (void)events;
    worker->paused = false;
    if (worker->state == WORKER_SERVES)
        start_listeners(worker);
}

void worker_watch_again(struct worker *worker)
{
    if (!worker->pause_logged && worker->tenure)
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_CRIT, 0,
                  "epoll_ctl() failed for a listener, it is tried again");
    worker->pause_logged = true;
    if (worker->state != WORKER_SERVES || ev_is_active(&worker->resume))
        return;
    ev_timer_set(&worker->resume, PAUSE_SECONDS, 0.);
    ev_timer_start(worker->loop, &worker->resume);
}

void worker_pause(struct worker *worker, int error, const char *what)
{
    const struct share *share = own_share(worker, worker->tenure->generation);

    if (!worker->pause_logged)
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_CRIT, error, "%s, accepting pauses",
                  what);
    worker->pause_logged = true;
    worker->paused = true;
    for (unsigned i = 0; share && i < share->count; i++)
        listener_stop(&share->listeners[i]);
    ev_timer_stop(worker->loop, &worker->resume);
    ev_timer_set(&worker->resume, PAUSE_SECONDS, 0.);
    ev_timer_start(worker->loop, &worker->resume);
}

/* ---- switching ---- */

static void drain_all(struct worker *worker)
{
    if (worker->shared->watcher)
        worker->shared->watcher->drain(worker);
    for (struct connection *connection = worker->connections, *next; connection; connection = next) {
        next = connection->next;
        if (connection->tenure != worker->tenure || worker->state != WORKER_SERVES)
            connection->binding->protocol->drain(connection);
    }
    for (struct tenure *tenure = worker->tenures; tenure; tenure = tenure->next)
        if (tenure != worker->tenure || worker->state != WORKER_SERVES)
            start_shutdown_timeout(tenure);
}

void tenure_switch(struct worker *worker, struct tenure *tenure)
{
    struct tenure *before = worker->tenure;
    struct generation *generation = tenure->generation;

    begin_tenure(worker, tenure);
    if (before)
        tenure_enter(before); /* so that it stays until the last line below */
    stop_listeners(worker, generation);
    log_thread_set(generation->settings.log);
    worker->tenure = tenure;
    places_update(worker);
    sizeclass_set_budget(worker->classes, generation->settings.worker_memory_budget);
    worker->state = own_share(worker, generation) ? WORKER_SERVES : WORKER_LEAVES;
    if (worker->state == WORKER_SERVES)
        atomic_store(&worker->ended, false);
    if (worker->state == WORKER_SERVES && !worker->paused)
        start_listeners(worker);
    if (before) {
        drain_all(worker);
        tenure_leave(before);
    }
    atomic_store(&worker->generation, generation->number);
    worker->shared->wake_main();
}

void tenure_quit(struct worker *worker)
{
    worker->state = WORKER_QUITS;
    atomic_store(&worker->ended, false); /* it may have left before: from here on it passes nothing on */
    ev_timer_stop(worker->loop, &worker->resume);
    stop_listeners(worker, NULL);
    atomic_store(&worker->deaf, true);
    worker->shared->wake_main();
    drain_all(worker);
}

void tenure_init(struct worker *worker)
{
    ev_timer_init(&worker->resume, on_resume, PAUSE_SECONDS, 0.);
    worker->resume.data = worker;
}

void tenure_end_all(struct worker *worker)
{
    worker->tenure = NULL;
    while (worker->tenures)
        end_tenure(worker->tenures);
}

void tenure_stop_accepting(struct worker *worker)
{
    ev_timer_stop(worker->loop, &worker->resume);
    if (worker->tenure)
        stop_listeners(worker, worker->tenure->generation);
}
