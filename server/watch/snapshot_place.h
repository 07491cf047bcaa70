/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what connections can be sorted by, and where one stands in such an order.
 * Lifetime: plain values.
 * Threads: pure.
 * Errors: none, but of a text that is no place.
 */
#ifndef SERVER_WATCH_SNAPSHOT_PLACE_H
#define SERVER_WATCH_SNAPSHOT_PLACE_H

#include <stdbool.h>
#include <stdint.h>

struct peer;

enum snapshot_key {
    SNAPSHOT_TOTAL,
    SNAPSHOT_PEAK,
    SNAPSHOT_USED,
    SNAPSHOT_AGE,
    SNAPSHOT_IDLE,
    SNAPSHOT_REQUESTS,
    SNAPSHOT_UNSENT,
    SNAPSHOT_NUMBER,
    SNAPSHOT_STATE,
    SNAPSHOT_CLIENT,
    SNAPSHOT_PROTOCOL,
    SNAPSHOT_LARGES,
    SNAPSHOT_FILLED,
    SNAPSHOT_KEYS,
    SNAPSHOT_ALL = SNAPSHOT_KEYS, /* the first by each of those up to UNSENT */
    SNAPSHOT_KEYS_OF_ALL = SNAPSHOT_UNSENT + 1,
    SNAPSHOT_FIGURES = SNAPSHOT_KEYS + 2 /* the last are the rest of CLIENT */
};

extern const char *const snapshot_key_names[SNAPSHOT_KEYS + 1];

/* Whether its order is a moment, in µs of a clock that does not jump: the earliest is the greatest. */
bool snapshot_is_time(enum snapshot_key key);

/* Where a row stands in the order of a key: the greater first, and of equal ones the older connection. */
struct snapshot_place {
    double key; /* as struct snapshot_row has it */
    uint64_t id;
    double rest[2]; /* of an address, which is longer than a double is exact; else 0 */
};

static inline bool snapshot_is_before(const struct snapshot_place *a, const struct snapshot_place *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    for (unsigned i = 0; i < 2; i++)
        if (a->rest[i] != b->rest[i])
            return a->rest[i] > b->rest[i];
    return a->id < b->id;
}

static inline struct snapshot_place snapshot_place_of(const double figures[SNAPSHOT_FIGURES],
                                                      enum snapshot_key key, uint64_t id)
{
    struct snapshot_place place = {figures[key], id, {0, 0}};

    for (unsigned i = 0; key == SNAPSHOT_CLIENT && i < 2; i++)
        place.rest[i] = figures[SNAPSHOT_KEYS + i];
    return place;
}

/* An address in the order of addresses: those of unix sockets, IPv4, IPv6; then by its bytes and its port. As
 * a text of SNAPSHOT_ORDER_TEXT - 1 hexadecimal digits, and as figures: CLIENT, and the last two. */
enum { SNAPSHOT_ORDER_TEXT = 38 };
void snapshot_client_order(const struct peer *peer, char text[SNAPSHOT_ORDER_TEXT]);
void snapshot_client_figures(const struct peer *peer, double figures[SNAPSHOT_FIGURES]);
bool snapshot_client_read(const char *text, struct snapshot_place *place); /* false: it is no such text */

/* A word's first letters as a number: those of all protocols differ. */
double snapshot_word_order(const char *word);

/* The value of a hexadecimal digit, or -1. */
int snapshot_hex(char digit);

#endif
