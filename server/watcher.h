/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a watcher: what looks at the workers, as a table of functions. The engine calls them and does not
 *   know what is behind them; it runs the same without a watcher. main.c gives the table of server/watch to
 *   master_run.
 * Lifetime: a constant table. Each worker has `size` bytes, zeroed, for it (worker->watched), from before
 *   `joined` until after `left`.
 * Threads: joined and left: the main thread. The others: the worker's own.
 * Errors: none. A watcher without memory shows less.
 *
 * `opened` is called only while worker->awaits. What a protocol has to say of a request goes through the
 * pool, if that is followed (pool_note): a struct watcher_request.
 *
 * A watcher that walks past a worker's connections keeps its place in worker->cursor: a connection that ends
 * meanwhile is stepped over.
 */
#ifndef SERVER_WATCHER_H
#define SERVER_WATCHER_H

#include <stddef.h>

struct connection;
struct worker;

/* No function may be null. */
struct watcher {
    size_t size;
    void (*joined)(struct worker *worker); /* its thread runs; no message has been delivered yet */
    void (*left)(struct worker *worker);   /* its thread has ended */
    void (*init)(struct worker *worker);   /* its loop is made … */
    void (*deinit)(struct worker *worker); /* … and will not run again */
    void (*deliver)(struct worker *worker, void *message); /* a WORKER_WATCH has come … */
    void (*drop)(struct worker *worker, void *message);    /* … or was never delivered: the worker ends */
    void (*drain)(struct worker *worker);          /* it leaves, quits, or serves a newer generation */
    void (*second)(struct worker *worker);         /* once a second */
    void (*opened)(struct connection *connection); /* a new one; nothing is in its pool but itself */
};

/* A request begins; its method and target as they came. */
struct watcher_request {
    const char *method, *target;
    size_t method_length, target_length;
};

#endif
