/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: `request_pool_size auto`: the size of blocks follows what requests need, with hysteresis. It is
 *   the least size class that serves 99 % of the requests of a window in one block. A window is at least two
 *   seconds and 500 requests long. It grows at the end of the first window that needs more; it shrinks when
 *   several windows in a row needed less, to the most that one of them needed. If it has to grow again soon
 *   after it shrank, the next shrinking wants twice as many windows: a load that swings between two sizes
 *   ends up with the larger.
 * Lifetime: part of struct worker. Threads: its worker. Errors: none.
 */
#ifndef SERVER_AUTO_SIZE_H
#define SERVER_AUTO_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/marks.h"

struct generation;

enum {
    AUTO_SIZE_BEGIN = 4096, /* bytes of a block before anything is known: the default of request_pool_size */
    AUTO_SIZE_MOST = 64 * 1024,
    AUTO_SIZE_PER_MILLE = 990, /* of the requests are to be served in one block */
    AUTO_SIZE_WINDOW_MS = 2000,
    AUTO_SIZE_REQUESTS = 500,    /* that a window has at least */
    AUTO_SIZE_PATIENCE = 3,      /* windows before it shrinks, at first */
    AUTO_SIZE_PATIENCE_MOST = 96 /* and at most: a bit more than three minutes */
};

struct auto_size {
    size_t block_size;       /* bytes, for pools that follow it */
    struct marks_sum before; /* the marks when the window began */
    int64_t began_ms;        /* the window; 0: none yet */
    unsigned calm;           /* windows in a row that needed less than block_size */
    unsigned patience;       /* how many it takes */
    bool shrank;             /* the last change was one */
    size_t calm_most;        /* bytes: the most that one of them needed */
};

void auto_size_init(struct auto_size *size);

/* Called about once a second. True: block_size has changed, and `p99` is what 99 % of the window's requests
 * needed at most. */
bool auto_size_step(struct auto_size *size, const struct marks_histogram *requests, int64_t now_ms,
                    size_t *p99);

/* The same for a worker that serves `generation`, if that asks for it; logs what has changed. */
void auto_size_second(struct auto_size *size, const struct generation *generation,
                      const struct marks_histogram *requests, int64_t now_ms);

/* The least block, head included, that has room for a mark; AUTO_SIZE_MOST if none has. */
size_t auto_size_of(size_t bytes);

#endif
