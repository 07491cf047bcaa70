/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a worker's thread, as the main thread sees it: start, orders, the worker's answers, and its end
 *   (crew.h). Code that serves need not know it. server/README.md says which message comes when.
 * Lifetime: part of the worker. worker_create starts the thread, worker_destroy joins it. A finished worker
 *   sets `ended`. It still delivers messages until WORKER_RELEASE: another worker that does not know yet may
 *   send it a connection, which it hands on.
 * Threads: the main thread, which speaks to a worker by messages alone.
 * Errors: NULL or a negative errno.
 */
#ifndef SERVER_WORKER_THREAD_H
#define SERVER_WORKER_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "pool/pool.h"
#include "server/loop/mailbox.h"

struct sgi;
struct tenure;
struct watcher;
struct worker;

/* The log lines about one limit (shortage.c). It stands here because shortage.h includes the worker. */
struct shortage_said {
    _Atomic int64_t next; /* ms of CLOCK_MONOTONIC: the next line may be written */
    atomic_uint left_out; /* lines not written since the last one */
};

/* What the threads share. One per process, owned by the main thread. */
struct shared {
    struct sgi *sgi;
    const struct watcher *watcher; /* null: nobody looks */
    /* Called from every thread: a worker ended, a generation is unused, a switch is done. */
    void (*wake_main)(void);
    /* relaxed, written by all */
    atomic_uint pressure;                     /* how often memory_budget refused something (shortage.h) */
    struct shortage_said said[POOL_FAILURES]; /* all workers write them */
    _Atomic uint64_t numbers;                 /* of connections, that workers have taken */
};

enum worker_message {
    WORKER_SWITCH,    /* a new generation, with the tenure under it */
    WORKER_QUIT,      /* finish what is begun, then end */
    WORKER_STOP,      /* close all that is open, then end */
    WORKER_RELEASE,   /* nobody will send to it any more: end, unless a connection has arrived */
    WORKER_FLUSH,     /* write out the log buffers */
    WORKER_ORDERS,    /* how many kinds come from the main thread; the others are between workers */
    WORKER_WATCH,     /* something for the watcher (watcher.h) */
    WORKER_CONNECTION /* a socket from another worker, with a reference on the generation its binding is of */
};

struct worker_thread {
    pthread_t id;
    int failure;   /* of its start: 0 or a negative errno */
    sem_t answers; /* posted by the thread: once when `failure` is known, and for each release it has taken */
    sem_t begin;   /* posted once by the main thread: messages may be delivered */
    /* main thread, unless posted */
    struct standing_message orders[WORKER_ORDERS]; /* one per kind, so that they arrive without any memory */
    /* atomic: written by the worker */
    atomic_uint generation; /* number of the one that it has switched to */
    atomic_bool deaf;       /* it quits and accepts no more */
    atomic_bool ended;      /* nothing is left to do: it waits for its release */
    atomic_bool declined;   /* it had work again when it was released: the main thread asks once more */
    atomic_bool gone;       /* it is returning: worker_destroy will not wait */
};

/* Starts a worker and waits until its loop stands. NULL: *error is a negative errno. */
struct worker *worker_create(struct shared *shared, unsigned index, int *error);

/* Lets it deliver messages, those sent so far included. Called once, after the first order: otherwise another
 * worker could send it a connection before its WORKER_SWITCH. */
void worker_begin(struct worker *worker);

/* Gives an order; `tenure` goes along with WORKER_SWITCH. 0, or -EBUSY: the last one of its kind has not been
 * taken yet. */
int worker_send(struct worker *worker, enum worker_message kind, struct tenure *tenure);

/* Waits until a WORKER_RELEASE has been taken, a turn of its loop at most: true if its thread ends, false if
 * it has declined. Once for each release. */
bool worker_released(struct worker *worker);

/* Waits for the thread, which was released, and frees the worker. */
void worker_destroy(struct worker *worker);

#endif
