/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a snapshot shows, as a struct: the arguments of http/modules/view/pool_view.md,
 *   sort=…&limit=…&state=…&protocol=…&address=…&worker=…&id=….
 * Lifetime: plain values.
 * Threads: pure.
 * Errors: a sentence for the client.
 */
#ifndef SERVER_WATCH_SNAPSHOT_QUERY_H
#define SERVER_WATCH_SNAPSHOT_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/watch/snapshot_place.h"

enum {
    SNAPSHOT_LIMIT = 64,           /* rows by each key, unless said */
    SNAPSHOT_LIMIT_MOST = 1000,    /* by one key */
    SNAPSHOT_LIMIT_MOST_ALL = 128, /* by each of all keys */
    SNAPSHOT_ADDRESS = 64,         /* bytes of what an address begins with, NUL included */
    SNAPSHOT_WORD = 16
};

/* A connection as people name it: 1.4911, worker and number, or the number alone. */
struct snapshot_name {
    int64_t worker;  /* -1: not said */
    uint64_t number; /* unique in the process */
};

struct snapshot_query {
    enum snapshot_key sort;
    unsigned limit;                 /* rows by each key; 0: none */
    int state;                      /* enum connection_state; -1: any */
    char protocol[SNAPSHOT_WORD];   /* "": any */
    char address[SNAPSHOT_ADDRESS]; /* what the client's begins with; "": any */
    int64_t worker;                 /* -1: any */
    uint64_t id;                    /* 0: any */
    char purpose[SNAPSHOT_ADDRESS]; /* of a piece that its pool holds; "": any */
    char find[SNAPSHOT_ADDRESS]; /* what the client's address begins with, or a connection's name; "": any */
    struct snapshot_name found;  /* `find` as a name; number 0: it is none */
    bool ascending;              /* the least of `sort` first */
    bool after;                  /* only rows that come after this place */
    bool by_client;              /* `place` is one among addresses */
    struct snapshot_place place;
    uint64_t total_over, total_most; /* bytes that its pool holds: more than, not more than */
    uint64_t age_over, age_most;     /* seconds, likewise */
    bool watchers;                   /* with connections that look at the server */
    bool cells;                      /* instead of rows: snapshot_cells.h */
    bool connections;                /* false: figures of workers alone, no connection is looked at */
};

/* The defaults: all connections, by all keys. */
void snapshot_query_init(struct snapshot_query *query);

/* `text`, `length` bytes, as behind a '?'; on top of the defaults. NULL, or what is wrong with it: a literal
 * without quotes. */
const char *snapshot_query_parse(struct snapshot_query *query, const char *text, size_t length);

/* The next NAME=VALUE of what stands behind a '?', its %XX decoded; the name is "" behind the last. NULL, or
 * what is wrong with it, as above. */
struct snapshot_argument {
    char name[SNAPSHOT_WORD], value[SNAPSHOT_ADDRESS];
};

const char *snapshot_argument_next(const char **text, const char *end, struct snapshot_argument *argument);
bool snapshot_read_name(const char *text, struct snapshot_name *name);
bool snapshot_read_number(const char *text, uint64_t most, uint64_t *number); /* decimal digits alone */

/* How many keys it sorts by, and the n-th of them. */
unsigned snapshot_query_keys(const struct snapshot_query *query);
enum snapshot_key snapshot_query_key(const struct snapshot_query *query, unsigned n);

#endif
