/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a part of a snapshot: what one worker has written down about itself. It goes from the asking
 *   worker to the asked one, is filled in there, and is then read by the asker.
 * Lifetime: counted, by the asker and the asked; freed with the last.
 * Threads: `query` is set before it is sent. What is written belongs to the asked worker until it sets
 *   `state` to DONE (release), then to the asker (acquire). `cancelled` is set by the asker at any time.
 * Errors: `short_of_memory`: there was none for more rows. Those that hold most are there, and everything
 *   else.
 *
 * Memory is bounded, however many connections there are. Rows are the best so far by each key of the query,
 * with room for half as many more; when that is full, the best are chosen again. A row stays where it is: to
 * move what has been touched once costs more than all the rest where page faults are dear.
 */
#ifndef SERVER_WATCH_SNAPSHOT_PART_H
#define SERVER_WATCH_SNAPSHOT_PART_H

#include <stdatomic.h>

#include "pool/pool_layout.h"
#include "pool/sizeclass.h"
#include "server/address.h"
#include "server/connection.h"
#include "server/counters.h"
#include "server/watch/snapshot_cells.h"
#include "server/watch/snapshot_query.h"
#include "server/watch/snapshot_tally.h"
#include "server/watch/watched.h"

enum { SNAPSHOT_PEER_TEXT = PEER_TEXT_MAX + 9 /* with brackets, colon and port */ };

struct snapshot_rows;

struct snapshot_row {
    /* What it is sorted by, the greatest first: bytes, requests, or -µs of when it came or was last heard; -1
     * times that if the least is to be first. */
    double keys[SNAPSHOT_FIGURES];
    double age, idle; /* seconds */
    uint64_t unsent;  /* bytes */
    uint32_t requests;
    uint64_t id;
    const char *protocol, *doing; /* literals */
    struct pool_stats pool;
    struct pool_layout layout;
    struct peer peer;
    uint32_t worker;
    bool watches;
    uint8_t state; /* enum connection_state */
    bool chosen;   /* while the best are being looked for */
    char server[LISTEN_TEXT_MAX];
};

static inline struct snapshot_place snapshot_place_of_row(const struct snapshot_row *row,
                                                          enum snapshot_key key)
{
    return snapshot_place_of(row->keys, key, row->id);
}

/* Plain copies of struct counters. */
struct snapshot_counters {
    uint64_t accepted, closed, requests, received, sent, refused, reading, writing, over_budget;
};

enum snapshot_part_state { SNAPSHOT_ASKED, SNAPSHOT_DONE, SNAPSHOT_LOST /* the worker has ended */ };

struct snapshot_part {
    struct errand errand; /* to the asked worker */
    atomic_uint references;
    atomic_int state; /* enum snapshot_part_state */
    atomic_bool cancelled;
    /* set once */
    struct snapshot_query query;
    double asked; /* snapshot_clock() when it was: the moment that ages are told of */
    /* the asked worker's */
    struct snapshot_part *next; /* waiting for its turn */
    unsigned worker, generation;
    const char *worker_state; /* a literal */
    struct snapshot_counters counters;
    struct sizeclass_stats classes;
    uint64_t slices;
    double slice_seconds; /* the longest */
    struct snapshot_tally tally;
    struct snapshot_rows *blocks;
    struct snapshot_row **rows;                /* those that are taken, then the free ones */
    uint32_t count, capacity, most;            /* taken; there are; there may be */
    uint32_t chosen_keys;                      /* so far, while room is made */
    struct snapshot_place bars[SNAPSHOT_KEYS]; /* a row must be before one of them to be among the best */
    bool full;                                 /* there were more rows than room: the bars are set */
    bool short_of_memory;
    struct snapshot_cells cells;
};

/* Seconds of a clock that does not jump, to measure slices with. */
double snapshot_clock(void);

/* For the asker and, if that is another, the asked. NULL: no memory. */
struct snapshot_part *snapshot_part_create(const struct snapshot_query *query, double asked);
void snapshot_part_put(struct snapshot_part *part); /* the asker's; NULL is allowed */

/* The asked worker is done with it, or ends before that. Drops its reference. */
void snapshot_part_finish(struct snapshot_part *part, enum snapshot_part_state state);
void snapshot_part_drop(struct errand *errand); /* LOST */

/* Whether a row with these keys may be among the best, so that it is worth filling in. */
bool snapshot_part_wants(const struct snapshot_part *part, const double keys[SNAPSHOT_FIGURES], uint64_t id);

/* Makes room for another row where there is none: the best by each key are kept, and the bars rise. One step,
 * so that a slice can end behind it. True: it is to be called again. */
bool snapshot_part_make_room(struct snapshot_part *part);

/* Room for such a row, whatever steps that takes. What the row held before stays in it. */
struct snapshot_row *snapshot_part_add(struct snapshot_part *part);

/* Sets `chosen` in the first `limit` rows by `key`; the pointers change places. *bar is the place of the last
 * of them, or one that all are before when there are not so many. O(count) on average. */
void snapshot_choose(struct snapshot_row **rows, size_t count, enum snapshot_key key, size_t limit,
                     struct snapshot_place *bar);

/* Brings the chosen ones to the front. Returns how many they are. */
size_t snapshot_chosen_first(struct snapshot_row **rows, size_t count);

/* Adds what a worker has counted. */
void snapshot_counters_add(struct snapshot_counters *sum, const struct counters *counters);

/* Bytes handed out of blocks, and what large ones and buffers hold; those left out count as full. */
uint64_t snapshot_filled(const struct pool_stats *pool, const struct pool_layout *layout);

/* The client as rows show it: 127.0.0.1:50312, [::1]:50312, unix: */
void snapshot_peer_text(const struct peer *peer, char text[SNAPSHOT_PEER_TEXT]);

#endif
