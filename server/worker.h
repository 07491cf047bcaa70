/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker: a thread with a libev loop, its own sockets, its own size classes and its own counters.
 *
 * Purpose: everything that serves. A turn of the loop: the kernel's events → callbacks of listeners and
 *   connections → end of the turn (turn_ends in worker.c): closed connections are buried, log lines leave.
 * Lifetime: worker_create starts the thread, which makes its loop and allocators; worker_destroy joins it.
 *   A worker that has finished says so in `ended` and goes on delivering messages until WORKER_RELEASE,
 *   for another worker that has not heard yet may still hand it a connection, which it passes on.
 * Threads: fields stand in groups by owner. The main thread speaks to it by messages alone (worker_send).
 * Errors: NULL or a negative errno; running out of memory or descriptors while serving pauses accepting.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <ev.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "pool/sgi.h"
#include "pool/sizeclass.h"
#include "server/auto_size.h"
#include "server/connection.h"
#include "server/counters.h"
#include "server/generation.h"
#include "server/log/clock.h"
#include "server/log/log_buffer.h"
#include "server/mailbox.h"
#include "server/marks.h"
#include "server/listener.h"
#include "server/shortage.h"
#include "server/tenure.h"
#include "server/timeouts.h"
#include "server/timings.h"
#include "server/watcher.h"

/* What the threads share. One per process, owned by the main thread. */
struct shared {
    struct sgi *sgi;
    const struct watcher *watcher; /* null: nobody looks */
    void (*wake_main)(
        void); /* callable from every thread: a worker ended, a generation is unused, a switch is done */
    atomic_uint
        pressure; /* how often memory_budget refused something; relaxed, written by all (shortage.h) */
    _Atomic uint64_t numbers; /* of connections, that workers have taken */
};

enum worker_state {
    WORKER_SERVES,
    WORKER_LEAVES, /* others go on: idle connections are handed to them */
    WORKER_QUITS   /* the server ends: idle connections are closed */
};

enum worker_message {
    WORKER_SWITCH,    /* a new generation, with the tenure under it */
    WORKER_QUIT,      /* finish what is begun, then end */
    WORKER_STOP,      /* close all that is open, then end */
    WORKER_RELEASE,   /* nobody will send it anything any more: end, unless a connection has come meanwhile */
    WORKER_FLUSH,     /* write out the log buffers */
    WORKER_ORDERS,    /* how many kinds come from the main thread; the others are between workers */
    WORKER_WATCH,     /* something for the watcher (watcher.h) */
    WORKER_CONNECTION /* a socket from another worker, with a reference on the generation its binding is of */
};

struct worker {
    /* set once */
    unsigned index;
    struct shared *shared;
    struct ev_loop *loop;
    pthread_t thread;
    sem_t answers; /* posted by the thread: once when `failure` is known, and for each release it has taken */
    sem_t begin;   /* posted once by the main thread: messages may be delivered */
    int failure;   /* 0 or a negative errno */
    /* owner thread */
    struct sizeclass *classes;
    struct timeouts timeouts;
    struct log_buffers logs;
    struct clock clock;
    double began;               /* timeouts_now() when it was made */
    struct auto_size auto_size; /* for bindings whose blocks follow what requests need */
    struct tenure *tenure;      /* the current generation's; NULL before the first */
    struct tenure *tenures;     /* all, newest first */
    struct connection *connections, *closed;
    struct connection *cursor; /* of a watcher that walks past them: the next */
    unsigned connection_count;
    uint64_t number, last_number; /* of connections: the newest, and the last of those that it has taken */
    unsigned handed_on;           /* connections this worker gave to others: spreads them */
    enum worker_state state;
    bool stopped; /* it quits, and closes what others send it */
    struct accepting accepting;
    struct shortage shortage;
    struct ev_prepare turn;
    struct ev_timer second; /* always runs: the mailbox, and what there is to look after while `busy` */
    bool busy;              /* trimming, advice or buffered log lines need the next second */
    /* atomic */
    struct counters counters;
    struct marks marks;
    struct timings timings;
    atomic_uint generation; /* number of the generation it has switched to, for the main thread */
    atomic_bool deaf;       /* it quits and accepts no more */
    atomic_bool ended;      /* nothing is left to do: waits for its release */
    atomic_bool declined;   /* it was released when it had work again: the main thread asks once more */
    atomic_bool gone;       /* the thread is returning: worker_destroy will not wait */
    /* any thread */
    struct mailbox mailbox;
    /* the watcher's: its `size` bytes */
    void *watched;
    /* main thread, unless posted */
    struct standing_message orders[WORKER_ORDERS]; /* one per kind, so that they arrive without any memory */
};

/* Starts a worker and waits until its loop stands. NULL: *error is a negative errno. */
struct worker *worker_create(struct shared *shared, unsigned index, int *error);

/* What was sent so far is delivered, in order, and what comes. Once, after the first order: a worker whose
 * first message is not its WORKER_SWITCH could be sent a connection by one that has heard of it before. */
void worker_begin(struct worker *worker);

/* Gives an order (of the main thread); `tenure` goes along with WORKER_SWITCH. 0, or -EBUSY: the last one
 * of its kind has not been taken yet. */
int worker_send(struct worker *worker, enum worker_message kind, struct tenure *tenure);

/* Waits until a WORKER_RELEASE has been taken, a turn of its loop at most: true if its thread ends, false if
 * it has declined. Once for each release. */
bool worker_released(struct worker *worker);

/* Waits for the thread, which was released, and frees the worker. */
void worker_destroy(struct worker *worker);

#endif
