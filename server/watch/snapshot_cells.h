/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: all connections in a few bytes each, in place of rows: what a picture of every connection needs.
 *   A walk adds a cell for each (snapshot_walk.h); then they are written as base64, a string for each worker
 *   (http/modules/view/pool_view.md).
 * Lifetime: part of struct snapshot_part. Cells stand in pieces of 512; a piece goes when it is written.
 * Threads: those of the part.
 * Errors: cells for which there is no memory are counted. The first piece may come from view_reserve.
 *
 * Above SNAPSHOT_CELLS connections there are none: the counts by state and size say how it is.
 */
#ifndef SERVER_WATCH_SNAPSHOT_CELLS_H
#define SERVER_WATCH_SNAPSHOT_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/watch/snapshot_tally.h"

struct pool_stats;
struct snapshot;

enum {
    SNAPSHOT_CELLS = 20000,  /* of all workers together */
    SNAPSHOT_CELL_BYTES = 9, /* 12 of base64 */
    SNAPSHOT_CELLS_A_PIECE = 512
};

struct snapshot_cells_piece {
    struct snapshot_cells_piece *next;
    uint32_t count; /* of cells */
    uint8_t bytes[SNAPSHOT_CELLS_A_PIECE * SNAPSHOT_CELL_BYTES];
};

struct snapshot_cells {
    struct snapshot_cells_piece *first, *last;
    uint64_t count, left_out;
    uint64_t by_state[CONNECTION_STATES][SNAPSHOT_SIZES + 1]; /* of those that match, by bytes held */
    const char *protocols[SNAPSHOT_PROTOCOLS];                /* literals; a cell has a place among them */
};

/* A connection, as a cell says it. */
struct snapshot_cell {
    uint64_t number;
    const char *protocol; /* a literal */
    uint64_t held;        /* bytes of its pool */
    uint64_t filled;      /* of them */
    double age;           /* seconds */
    uint32_t resets;
    enum connection_state state;
    bool watches, matches;
};

void snapshot_cells_add(struct snapshot_cells *cells, const struct snapshot_cell *cell);
void snapshot_cells_drop(struct snapshot_cells *cells);

/* `write` of a snapshot (snapshot.h) whose query asks for cells. */
bool snapshot_write_cells(struct snapshot *snapshot);

#endif
