/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the last day, minute by minute: bytes that live, connections that are open, requests, reloads. So
 *   a page that is opened now shows the night before.
 * Lifetime: static: 1,440 minutes of 16 bytes. A minute of which nothing is known (the machine slept) is
 *   empty.
 * Threads: any; under a lock. The first worker to notice a new minute writes it.
 * Errors: none.
 */
#ifndef SERVER_WATCH_HISTORY_H
#define SERVER_WATCH_HISTORY_H

#include <stdint.h>

struct text;
struct worker;

enum { HISTORY_MINUTES = 24 * 60 };

struct history_figures {
    uint64_t live_bytes;
    uint64_t open;       /* connections */
    uint64_t requests;   /* since the start */
    unsigned generation; /* of the configuration */
};

/* Once a second, by each worker. */
void history_second(struct worker *worker);

/* The figures at `time` (Unix), which are kept if they are the first of their minute. */
void history_add(int64_t time, const struct history_figures *figures);

/* "events" of a snapshot (server/log/recent.h), the newest first. */
void history_put_events(struct text *text);

/* "history" of http/modules/view/pool_view.md, a whole object. */
void history_put(struct text *text);

#endif
