/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: counts what each key has in progress: a client's address, or whatever limit_conn_zone names as
 *   key.
 * Lifetime: a zone is open until it was closed as often as opened; over reloads, so that what began under the
 *   old configuration still counts under the new one. A node is born with the first enter of its key and
 *   freed with the last leave; it is an sgi record: 72 bytes, from the 128-byte-and-below lists; a key longer
 *   than 48 bytes has a second one.
 * Threads: open and close: the main thread; the others: any. Sharded locks; nothing is allocated, logged or
 *   asked of the system under them.
 * Errors: enter's verdict; open returns NULL.
 */
#ifndef SERVER_SHARED_CLIENTS_H
#define SERVER_SHARED_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

struct sgi;
struct client_zone;
struct client_node;

enum {
    CLIENT_KEY_INLINE = 48, /* bytes of a key that fit in its node */
    CLIENT_KEY_MAX = 255    /* nginx's bound for keys of limit_conn_zone; the caller skips longer ones */
};

enum client_verdict {
    CLIENT_OK,        /* *node is held until client_zone_leave */
    CLIENT_OVER,      /* the limit is reached */
    CLIENT_NO_MEMORY, /* the zone is full, or there is no memory */
};

/* The zone of that use (zones of different uses may have one name), name, key and size, which are copied;
 * or a new one. `bytes`: what nodes and buckets may take together, at least 32 KiB (nginx's bound). NULL: no
 * memory. */
__attribute__((warn_unused_result)) struct client_zone *client_zone_open(struct sgi *sgi, unsigned use,
                                                                         const char *name, const char *key,
                                                                         size_t bytes);
void client_zone_close(struct client_zone *zone); /* the last time, every node must have left */

size_t client_zone_nodes(const struct client_zone *zone); /* keys that have something going on; a snapshot */

/* Counts one up for the key, unless it has `limit` (>= 1) already. `length` 1 … CLIENT_KEY_MAX; `hash`:
 * client_hash, or any other that equal keys share. */
__attribute__((warn_unused_result)) enum client_verdict client_zone_enter(struct client_zone *zone,
                                                                          const void *key, size_t length,
                                                                          uint32_t hash, unsigned limit,
                                                                          struct client_node **node);
void client_zone_leave(struct client_zone *zone, struct client_node *node);

uint32_t client_hash(const void *key, size_t length);

#endif
