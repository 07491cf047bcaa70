/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a worker: a thread that serves, with a libev loop, sockets, memory and counters of its own. A turn
 *   of its loop: the kernel's events → callbacks of listeners and connections → its end (turn_ends in
 *   worker.c): closed connections are buried, log lines are written.
 * Lifetime: made and ended by the main thread (worker_thread.h).
 * Threads: the fields stand in groups by owner.
 * Errors: running out of memory or descriptors while serving pauses accepting (listener.h, shortage.h).
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/auto_size.h"
#include "server/counters.h"
#include "server/listener.h"
#include "server/log/clock.h"
#include "server/log/log_buffer.h"
#include "server/loop/mailbox.h"
#include "server/marks.h"
#include "server/shortage.h"
#include "server/loop/timeouts.h"
#include "server/timings.h"
#include "server/worker_thread.h"

struct connection;
struct sizeclass;
struct tenure;

enum worker_state {
    WORKER_SERVES,
    WORKER_LEAVES, /* others go on: idle connections are handed to them */
    WORKER_QUITS   /* the server ends: idle connections are closed */
};

struct worker {
    /* set once */
    unsigned index;
    struct shared *shared;
    struct ev_loop *loop;
    double began; /* timeouts_now() when it was made */
    /* Its thread's own, from here on. What connections are served with: */
    struct sizeclass *classes; /* their pools take blocks from here … */
    struct sizeclass *spare;   /* … and, if they look at the server and the budgets refuse, from here */
    struct timeouts timeouts;
    struct clock clock;
    struct log_buffers logs;
    struct auto_size auto_size; /* for bindings whose blocks follow what requests need */
    /* the connections: */
    struct connection *connections, *closed;
    struct connection *cursor; /* of a watcher that walks past them: the next */
    bool awaits;               /* the watcher hears of new ones */
    unsigned connection_count;
    uint64_t number, last_number; /* of connections: the newest, and the last of those that it has taken */
    /* what it serves under: */
    enum worker_state state;
    bool stopped;           /* it quits, and closes what others send it */
    struct tenure *tenure;  /* the current generation's; null before the first */
    struct tenure *tenures; /* all, newest first */
    unsigned handed_on;     /* connections given to others; used to spread them */
    struct accepting accepting;
    struct shortage shortage;
    /* its turns: */
    struct ev_timer second; /* always runs: the mailbox, and what there is to look after while `busy` */
    struct ev_timer lines;  /* wakes it when log lines wait for a moment, and did when it was started */
    bool busy;              /* trimming, advice or buffered log lines need the next second */
    /* atomic: written by its thread, read by all */
    struct counters counters;
    struct marks marks;
    struct timings timings;
    /* any thread sends */
    struct mailbox mailbox;
    /* the main thread's */
    struct worker_thread thread;
    /* the watcher's: its `size` bytes */
    void *watched;
};

#endif
