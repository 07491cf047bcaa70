/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: hash tables from a host name to a server, for server_names.c: open addressing, at most half full,
 *   so that a lookup ends after one or two slots.
 * Lifetime: in the pool handed in.
 * Threads: read-only once filled. Errors: -ENOMEM from init.
 */
#ifndef HTTP_ROUTE_NAMES_TABLE_H
#define HTTP_ROUTE_NAMES_TABLE_H

#include "http/protocol/text.h"
#include "pool/pool.h"

struct http_server;
struct http_regex;

struct http_names_slot {
    struct http_text name;
    const struct http_server *server; /* NULL: free */
    uint32_t hash;
};

struct http_names_table {
    struct http_names_slot *slots;
    uint32_t mask;  /* slots - 1; their number is a power of two */
    uint32_t count; /* names in it */
};

struct http_names_regex {
    const struct http_regex *regex; /* NULL: the end */
    const struct http_server *server;
};

struct http_names {
    struct http_names_table exact;          /* whole hosts */
    struct http_names_table leading;        /* what follows `*.` */
    struct http_names_table trailing;       /* what stands before `.*` */
    const struct http_names_regex *regexes; /* in file order */
};

/* An empty table for `count` names. 0 or -ENOMEM. */
int http_names_init(struct pool *pool, struct http_names_table *table, size_t count)
    __attribute__((warn_unused_result));

/* Adds a name that is not there yet. */
void http_names_put(struct http_names_table *table, struct http_text name, uint32_t hash,
                    const struct http_server *server);

#define HTTP_NAMES_HASH 2166136261U /* of no bytes */

/* FNV-1a from the last byte to the first, so that one pass over a host gives the hash of all its ends. A weak
 * hash is enough: the administrator fills the tables, not the peer. */
static inline uint32_t http_names_hash_more(uint32_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 16777619U;
}

static inline uint32_t http_names_hash(struct http_text name)
{
    uint32_t hash = HTTP_NAMES_HASH;

    for (size_t i = name.length; i-- > 0;)
        hash = http_names_hash_more(hash, name.bytes[i]);
    return hash;
}

/* The server of that name, or NULL. */
static inline const struct http_server *http_names_get(const struct http_names_table *table,
                                                       struct http_text name, uint32_t hash)
{
    for (uint32_t at = hash & table->mask; table->slots[at].server; at = (at + 1) & table->mask) {
        const struct http_names_slot *slot = &table->slots[at];

        if (slot->hash == hash && http_text_equal(slot->name, name))
            return slot->server;
    }
    return NULL;
}

#endif
