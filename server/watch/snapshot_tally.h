/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a tally of connections: how many there are of each state, protocol, size and age. What a snapshot
 *   says of all connections, however few of them it shows one by one.
 * Lifetime: plain values; a zeroed one has counted nothing. Names are literals.
 * Threads: the holder's.
 * Errors: those of struct text.
 */
#ifndef SERVER_WATCH_SNAPSHOT_TALLY_H
#define SERVER_WATCH_SNAPSHOT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/protocol.h"

struct pool_layout;
struct text;

enum {
    SNAPSHOT_SIZES = 16, /* bounds of the histograms of bytes: 512 to 16 MiB, doubling */
    SNAPSHOT_AGES = 9,   /* of those of seconds: 1 to 65536, times four */
    SNAPSHOT_PROTOCOLS = 4,
    SNAPSHOT_PURPOSES = 32 /* the last is of those that find no room */
};

/* Histograms have one more than bounds, for what is above the last. */
struct snapshot_tally {
    uint64_t total;                  /* walked past */
    uint64_t used_bytes, held_bytes; /* of all their pools */
    uint64_t matched;                /* the rest is about these */
    uint64_t watchers;               /* of them, those that show the server */
    uint64_t states[CONNECTION_STATES];
    struct {
        const char *name; /* NULL: the end */
        uint64_t count;
    } protocols[SNAPSHOT_PROTOCOLS];
    uint64_t held[SNAPSHOT_SIZES + 1][SNAPSHOT_AGES + 1]; /* by bytes, and by age among those */
    uint64_t peaks[SNAPSHOT_SIZES + 1];
    struct snapshot_purpose {
        const char *name; /* a literal; NULL: the end */
        uint64_t bytes, count;
        uint8_t kind; /* enum pool_part_kind */
    } purposes[SNAPSHOT_PURPOSES];
};

/* Of the histograms above. */
unsigned snapshot_bucket_of_size(uint64_t bytes);
unsigned snapshot_bucket_of_age(double seconds);

/* One that matched: bytes that its pool holds, the most it has held, and its age in seconds. */
void snapshot_tally_count(struct snapshot_tally *tally, enum connection_state state, const char *protocol,
                          size_t held, size_t peak, double age);

/* What its pool holds, piece by piece; `held` bytes together. */
void snapshot_tally_pieces(struct snapshot_tally *tally, const struct pool_layout *layout, size_t held);

/* Whether it holds a piece of this purpose, as tallies name them. */
bool snapshot_has_purpose(const struct pool_layout *layout, const char *purpose);

/* Names a protocol, even if it has 0 connections. */
void snapshot_tally_name(struct snapshot_tally *tally, const char *protocol);

void snapshot_tally_add(struct snapshot_tally *sum, const struct snapshot_tally *tally);

/* "states", "protocols", "histograms", "purposes" (http/modules/view/pool_view.md), into the open object. */
void snapshot_tally_put(const struct snapshot_tally *tally, struct text *text);

#endif
