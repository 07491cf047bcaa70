/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: advice: which connection_pool_size and request_pool_size would serve 99 % of the requests in one
 *   block. It turns the marks of all workers into figures and a sentence, for `tidepool advise` and the page.
 * Lifetime: structs are the caller's.
 * Threads: advice_of() on a worker: it reads the others' counters, nothing else of theirs. The rest is pure.
 * Errors: none; the sentence says if there were too few requests.
 */
#ifndef SERVER_WATCH_ADVICE_H
#define SERVER_WATCH_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/marks.h"
#include "server/watch/text.h"

enum {
    ADVICE_LEAST = 100,    /* requests below which nothing is advised */
    ADVICE_SENTENCE = 512, /* bytes, NUL included, of the sentence and of what is behind it … */
    ADVICE_LINE = 32       /* … and of the line */
};

struct worker;

/* What it is made from. */
struct advice_facts {
    struct marks_sum requests, connections;
    uint64_t open;       /* connections now, of all protocols */
    size_t first_size;   /* connection_pool_size, bytes */
    size_t block_size;   /* request_pool_size as configured, or what `auto` has come to on this worker */
    size_t pinned_bytes; /* of the first block: the pool itself and the connection */
    bool automatic;      /* request_pool_size auto */
    bool passthrough;    /* pool_mode passthrough: there are no blocks */
};

struct advice {
    uint64_t requests, open; /* requests seen, connections now */
    uint64_t served_now;     /* of `requests`, those that block_size serves in one block */
    size_t first_size, block_size;
    size_t request_p50_bytes, request_p99_bytes; /* what half, and 99 % of the requests needed at most */
    size_t connection_p99_bytes;                 /* the most that 99 % of the connections that ended held */
    bool known;                                  /* there were enough requests for the rest */
    size_t block_advised;                        /* request_pool_size, bytes: at most 64 KiB */
    size_t first_advised; /* connection_pool_size that needs no further block; 0: 64 KiB are not enough */
    uint64_t block_fits;  /* requests of `requests` that block_advised serves in one block */
    int64_t block_cost;   /* bytes more (less: negative) per request in progress */
    int64_t first_cost;   /* bytes more for all connections open now, if first_advised is set */
    bool automatic;
    /* ASCII without quotes or backslashes: as it is in JSON, too. */
    char sentence[ADVICE_SENTENCE]; /* what to do, in one */
    char more[ADVICE_SENTENCE];     /* what it rests on; empty without advice */
    char line[ADVICE_LINE];         /* of a configuration that follows it; empty: nothing is to be changed */
};

void advice_make(const struct advice_facts *facts, struct advice *advice);

/* Of the whole server, asked by a worker. */
void advice_of(const struct worker *worker, struct advice *advice);

/* The JSON object "advice": the fields above by their names, marks of SIZE_MAX as null. */
void advice_put(const struct advice *advice, struct text *text);

#endif
