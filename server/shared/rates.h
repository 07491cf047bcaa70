/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how far each key is ahead of its rate; a leaky bucket each. A key is an address, or whatever
 *   limit_req_zone names. `excess` counts in thousandths of a request; it grows by 1000 with each one and
 *   leaks with the rate. A key that is asked for under several limits is held until all of them have
 *   answered, then paid.
 * Lifetime: a zone is counted; a reload that leaves name, key and size alone keeps it (rate_zone_open). Nodes
 *   are sgi records; when the zone is full, the oldest that nobody holds go. Those that have leaked empty go
 *   a little earlier.
 * Threads: opening, closing: the main thread. The rest: every thread; sharded locks, and nothing is
 *   allocated, logged or asked of the system under them.
 * Errors: verdicts; opening returns NULL.
 */
#ifndef SERVER_SHARED_RATES_H
#define SERVER_SHARED_RATES_H

#include <stddef.h>
#include <stdint.h>

struct sgi;
struct rate_zone;
struct rate_node;

enum {
    RATE_KEY_MAX = 1024,       /* bytes of a key; the caller skips longer ones */
    RATE_ZONE_MIN = 32 * 1024, /* bytes of a zone (limit_zone_name): nginx's eight pages */
    RATE_ONE = 1000            /* one request */
};

enum rate_verdict {
    RATE_PAID, /* counted */
    RATE_HELD, /* *node waits for rate_pay or rate_drop */
    RATE_BUSY, /* the burst is used up: nothing is counted */
    RATE_FULL  /* the zone is, or memory */
};

/* What is asked about one key. */
struct rate_question {
    const void *key;
    size_t length; /* 1 … RATE_KEY_MAX */
    int64_t now;   /* ms of any clock */
    int64_t rate;  /* thousandths of a request per second */
    int64_t burst; /* thousandths of a request */
};

/* The zone of that name, key (as configured) and size; with one more reference. NULL: no memory. */
struct rate_zone *rate_zone_open(struct sgi *sgi, const char *name, const char *key, size_t bytes);
void rate_zone_close(struct rate_zone *zone);

size_t rate_zone_nodes(const struct rate_zone *zone); /* a snapshot */

/* Asks for one more request; *excess is what it would make. `pay`: counts it at once. */
__attribute__((warn_unused_result)) enum rate_verdict rate_ask(struct rate_zone *zone,
                                                               const struct rate_question *question, int pay,
                                                               int64_t *excess, struct rate_node **node);

/* Counts it after all; returns the excess. */
int64_t rate_pay(struct rate_zone *zone, struct rate_node *node, const struct rate_question *question);

/* Another limit has refused it. */
void rate_drop(struct rate_zone *zone, struct rate_node *node);

#endif
