/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker: the messages it takes, its turns, and its thread from start to end. */
#include "server/worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "pool/annotate.h"
#include "pool/holds.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/checks.h"
#include "server/connection.h"
#include "server/loop/ev_memory.h"
#include "server/process/crash.h"
#include "server/watcher.h"

/* Seconds: when the clock of timeouts, in whole milliseconds, has certainly gone on by LOG_BUFFER_WAIT. */
static const double LINES_WAIT = .00101;

/* ---- messages of the main thread ---- */

/* Its thread ends, unless a connection has come meanwhile. */
static void take_release(struct worker *worker)
{
    if (!worker->connection_count) {
        ev_break(worker->loop, EVBREAK_ALL);
    } else {
        atomic_store(&worker->thread.ended, false);
        atomic_store(&worker->thread.declined, true);
        worker->shared->wake_main();
    }
    sem_post(&worker->thread.answers);
}

/* server/README.md has a table of what comes when. */
static void deliver(struct mailbox *mailbox, struct message *message)
{
    struct worker *worker = (struct worker *)((char *)mailbox - offsetof(struct worker, mailbox));

    crash_subject = NULL;
    switch ((enum worker_message)message->kind) {
    case WORKER_SWITCH:
        tenure_switch(worker, message->pointers[0]);
        break;
    case WORKER_QUIT:
        tenure_quit(worker);
        break;
    case WORKER_STOP:
        worker->stopped = true;
        tenure_quit(worker);
        tenure_close_all(worker, NULL);
        break;
    case WORKER_RELEASE:
        take_release(worker);
        break;
    case WORKER_FLUSH:
        log_buffers_flush(&worker->logs);
        break;
    case WORKER_CONNECTION:
        tenure_take_over(worker, message);
        break;
    case WORKER_WATCH:
        worker->shared->watcher->deliver(worker, message->pointers[0]);
        break;
    case WORKER_ORDERS: /* no message */
        break;
    }
}

static void drop(struct mailbox *mailbox, struct message *message)
{
    struct worker *worker = (struct worker *)((char *)mailbox - offsetof(struct worker, mailbox));

    if (message->kind == WORKER_SWITCH)
        tenure_abandon(message->pointers[0]);
    if (message->kind == WORKER_WATCH)
        worker->shared->watcher->drop(worker, message->pointers[0]);
    if (message->kind == WORKER_CONNECTION)
        tenure_drop(worker, message);
}

int worker_send(struct worker *worker, enum worker_message kind, struct tenure *tenure)
{
    struct standing_message *order = &worker->thread.orders[kind];

    if (atomic_load(&order->posted))
        return -EBUSY;
    order->message.kind = kind;
    order->message.descriptor = -1;
    order->message.pointers[0] = tenure;
    return mailbox_post(&worker->mailbox, order) ? 0 : -EBUSY;
}

/* ---- the loop ---- */

static void bury_closed(struct worker *worker)
{
    while (worker->closed) {
        struct connection *connection = worker->closed;

        worker->closed = connection->next;
        connection_bury(connection);
    }
}

/* Milliseconds, positive, of a monotonic clock. */
static int64_t turn_ms(struct worker *worker)
{
    return (int64_t)(timeouts_now(&worker->timeouts) * 1000.);
}

/* The end of this turn does it. */
static void on_lines(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

/* Lines that wait for a moment leave with one of the next turns, unless the loop sleeps: the timer bounds
 * that. It is not stopped when they have left, so it is started once in a while and not in each turn. */
static void write_lines(struct worker *worker)
{
    int64_t now = turn_ms(worker);

    log_buffers_turn(&worker->logs, now);
    if (log_buffers_due(&worker->logs) > now + LOG_BUFFER_WAIT || ev_is_active(&worker->lines))
        return;
    ev_timer_set(&worker->lines, LINES_WAIT, 0.);
    ev_timer_start(worker->loop, &worker->lines);
}

/* Memory was refused in this turn. */
__attribute__((noinline)) static void relieve(struct worker *worker)
{
    if (worker->tenure)
        shortage_shed(worker);
    bury_closed(worker);
    sizeclass_reclaim(worker->classes);
}

/* The end of a turn: relief if memory was refused, burying closed connections, log lines, the end of a
 * worker. */
static void turn_ends(struct worker *worker)
{
    crash_subject = NULL;
    if (shortage_is_new(worker))
        relieve(worker);
    if (worker->closed)
        bury_closed(worker);
    if (__builtin_expect(sizeclass_held(worker->spare) > SIZECLASS_PAGE,
                         0)) /* for whoever watches next, perhaps at another worker */
        sizeclass_reclaim(worker->spare);
    write_lines(worker);
    worker->busy |= worker->connection_count > 0;
    if (worker->state != WORKER_SERVES && !worker->connection_count && !atomic_load(&worker->thread.ended)) {
        log_buffers_flush(&worker->logs);
        atomic_store(&worker->thread.ended, true);
        worker->shared->wake_main();
    }
    timeouts_turn_ends(&worker->timeouts);
    checks_turn(worker);
}

/* In place of libev's own call of what is pending. A prepare watcher would cost one more round of that. */
UNGUARDED static void take_turn(struct ev_loop *loop)
{
    ev_invoke_pending(loop);
    turn_ends(ev_userdata(loop));
}

static void on_second(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct worker *worker = timer->data;

    (void)loop;
    (void)events;
    crash_subject = NULL;
    mailbox_look(&worker->mailbox);
    if (worker->shared->watcher)
        worker->shared->watcher->second(worker);
    if (worker->tenure)
        shortage_second(worker);
    listeners_second(worker);
    if (!worker->busy)
        return;
    worker->busy = sizeclass_trim(worker->classes, turn_ms(worker));
    (void)sgi_trim_due(worker->shared->sgi, turn_ms(worker));
    if (worker->tenure)
        auto_size_second(&worker->auto_size, worker->tenure->generation, &worker->marks.requests,
                         turn_ms(worker));
    worker->busy |= worker->connection_count || log_buffers_due(&worker->logs) != INT64_MAX;
}

static void on_timeout(struct timeout *timeout)
{
    struct connection *connection = connection_of_timeout(timeout);

    crash_subject = connection;
    connection->binding->protocol->expired(connection);
}

/* Runs on the thread itself. What fails here is undone by tear_down. */
static int set_up(struct worker *worker)
{
    sigset_t all;
    int error;

    sigfillset(&all); /* signals are the main thread's */
    crash_leave_open(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    error = crash_thread_start("worker", worker->index, connection_describe);
    if (error)
        return error;
    worker->classes = sizeclass_create();
    worker->spare = sizeclass_create();
    if (!worker->classes || !worker->spare || !ev_memory_reserve(0))
        return -ENOMEM;
    sizeclass_set_spare(worker->classes, worker->spare);
    worker->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!worker->loop)
        return errno ? -errno : -EIO;
    if (!ev_memory_reserve(0))
        return -ENOMEM;
    if (sgi_thread_attach(worker->shared->sgi))
        return -ENOMEM;
    timeouts_init(&worker->timeouts, worker->loop, on_timeout);
    worker->began = timeouts_now(&worker->timeouts);
    if (worker->shared->watcher)
        worker->shared->watcher->init(worker);
    log_buffers_init(&worker->logs, worker->classes);
    listeners_init(worker);
    auto_size_init(&worker->auto_size);
    error = mailbox_init(&worker->mailbox, worker->shared->sgi, worker->loop, deliver);
    if (error)
        return error;
    ev_timer_init(&worker->second, on_second, WAKEUP_LOOK, WAKEUP_LOOK);
    worker->second.data = worker;
    ev_timer_init(&worker->lines, on_lines, LINES_WAIT, 0.);
    ev_timer_start(worker->loop, &worker->second);
    ev_set_userdata(worker->loop, worker);
    ev_set_invoke_pending_cb(worker->loop, take_turn);
    if (!ev_memory_reserve(0)) { /* for what the loop allocates when it runs */
        mailbox_deinit(&worker->mailbox, drop);
        mailbox_close(&worker->mailbox);
        error = -ENOMEM;
    }
    return error;
}

static void tear_down(struct worker *worker)
{
    if (worker->loop) {
        ev_timer_stop(worker->loop, &worker->second);
        ev_timer_stop(worker->loop, &worker->lines);
        ev_loop_destroy(worker->loop);
    }
    sgi_thread_detach(worker->shared->sgi);
    sizeclass_destroy(worker->classes);
    sizeclass_destroy(worker->spare);
    ev_memory_release();
    crash_thread_end();
}

static void serve(struct worker *worker)
{
    ev_ref(worker->loop); /* the loop runs until ev_break, whether or not anything is watched */
    ev_run(worker->loop, 0);
    listeners_drop(worker);
    tenure_close_all(worker, NULL);
    bury_closed(worker);
    mailbox_deinit(&worker->mailbox, drop);
    if (worker->shared->watcher)
        worker->shared->watcher->deinit(worker);
    log_buffers_deinit(&worker->logs);
    timeouts_deinit(&worker->timeouts);
    log_thread_set(NULL);
    tenure_end_all(worker);
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore)) /* EINTR */
        ;
}

static void *run(void *argument)
{
    struct worker *worker = argument;

    worker->thread.failure = set_up(worker);
    sem_post(&worker->thread.answers);
    if (!worker->thread.failure) {
        wait_for(&worker->thread.begin);
        serve(worker);
    }
    tear_down(worker);
    atomic_store(&worker->thread.gone, true);
    if (!worker->thread.failure)
        worker->shared->wake_main();
    return NULL;
}

/* With what the watcher keeps in it. */
static size_t size_of(const struct shared *shared)
{
    return sizeof(struct worker) + (shared->watcher ? shared->watcher->size : 0);
}

struct worker *worker_create(struct shared *shared, unsigned index, int *error)
{
    struct worker *worker = sysmem_calloc(SYSMEM_OF_WORKERS, size_of(shared));

    *error = -ENOMEM;
    if (!worker)
        return NULL;
    worker->watched = worker + 1;
    worker->index = index;
    worker->shared = shared;
    sem_init(&worker->thread.answers, 0, 0);
    sem_init(&worker->thread.begin, 0, 0);
    *error = -pthread_create(&worker->thread.id, NULL, run, worker);
    if (!*error) {
        holds_take(worker, NULL, "the main thread");
        wait_for(&worker->thread.answers);
        *error = worker->thread.failure;
        if (!*error) {
            if (shared->watcher)
                shared->watcher->joined(worker);
            return worker;
        }
        pthread_join(worker->thread.id, NULL);
        holds_give(worker, NULL, "the main thread");
    }
    sem_destroy(&worker->thread.answers);
    sem_destroy(&worker->thread.begin);
    sysmem_free(SYSMEM_OF_WORKERS, worker, size_of(shared));
    return NULL;
}

void worker_begin(struct worker *worker)
{
    sem_post(&worker->thread.begin);
}

bool worker_released(struct worker *worker)
{
    wait_for(&worker->thread.answers);
    return !atomic_exchange(&worker->thread.declined, false);
}

void worker_destroy(struct worker *worker)
{
    const struct shared *shared = worker->shared;

    pthread_join(worker->thread.id, NULL);
    mailbox_close(&worker->mailbox);
    if (shared->watcher)
        shared->watcher->left(worker);
    holds_give(worker, NULL, "the main thread");
    holds_none(worker, "a worker");
    sem_destroy(&worker->thread.answers);
    sem_destroy(&worker->thread.begin);
    sysmem_free(SYSMEM_OF_WORKERS, worker, size_of(shared));
}
