/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the last day, minute by minute: bytes that live, connections that are open, requests, reloads. A
 *   page that is opened now shows the night.
 * Lifetime: static: 1,440 minutes of 16 bytes. A minute of which nothing is known (the machine slept) is
 *   empty.
 * Threads: any; under a lock. Whichever worker's second comes first writes the minute down.
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

/* What is so at `time` (Unix): kept if it is the first word of its minute. */
void history_add(int64_t time, const struct history_figures *figures);

/* "events" of a snapshot: what happened lately (server/log/recent.h), the newest first. */
void history_put_events(struct text *text);

/* "history" of http/modules/view/pool_view.md, a whole object. */
void history_put(struct text *text);

#endif
