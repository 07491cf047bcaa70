/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: limit_conn_zone and limit_conn, for http and stream alike. Reads both directives; zones with the
 *   same use, name, key and size are one over reloads, so that what began under the old configuration still
 *   counts under the new one.
 * Lifetime: a struct limit_zone lies in the pool of the configuration that names it and holds a reference
 *   on the counting zone, put by a cleanup of that pool.
 * Threads: reading and the pools' ends: the main thread. limit_enter, limit_leave: any.
 * Errors: reading: a negative errno, noted in conf. limit_enter: a verdict (clients.h).
 */
#ifndef SERVER_SHARED_LIMIT_ZONES_H
#define SERVER_SHARED_LIMIT_ZONES_H

#include <stdbool.h>

#include "conf/set.h"
#include "server/address.h"
#include "server/shared/clients.h"

enum limit_use { LIMIT_HTTP, LIMIT_STREAM }; /* the two have names of their own */

struct limit_zone {
    struct limit_zone *next;
    const char *name;
    const char *key;          /* as configured: "$binary_remote_addr" */
    struct client_zone *zone; /* where it counts */
    void *compiled;           /* the user's own form of the key */
};

/* `limit_conn zone number;` Rules of a level, in file order. */
struct limit_rule {
    struct limit_rule *next;
    const char *name;
    const struct limit_zone *zone; /* once resolved */
    unsigned number;               /* 1 … 65535 */
    const struct conf_node *node;
};

/* What one connection or request holds of a zone. */
struct limit_hold {
    struct client_zone *zone;
    struct client_node *node;
};

/* What limit_conn_log_level, limit_req_log_level and their _status take (conf/set.h). */
extern const struct conf_enum limit_log_levels[];
extern const struct conf_range limit_statuses;

/* Splits the "NAME:SIZE" behind "zone=". 0 or a negative errno. */
int limit_zone_name(const struct conf_setting *setting, const char *text, const char **name, size_t *bytes);

/* `limit_conn_zone KEY zone=NAME:SIZE;` adds to *list; *added is the new one. */
int limit_zone_read(struct conf_setting *setting, enum limit_use use, struct limit_zone **list,
                    struct limit_zone **added);

/* `limit_conn ZONE NUMBER;` The first of a level replaces what was inherited. */
int limit_rule_read(struct conf_setting *setting, struct limit_rule **rules);

/* Finds the zones of all rules; at the end of a level. */
int limit_rules_resolve(struct conf *conf, struct limit_rule *rules, const struct limit_zone *zones);

/* For stream: whether `key` is $remote_addr or $binary_remote_addr, the only ones it knows. */
bool limit_key_is_peer(const char *key);

/* The key of a peer, for a zone with such a key: writes at most PEER_TEXT_MAX bytes and returns their number.
 */
size_t limit_key_of_peer(const char *key, const struct peer *peer, char out[PEER_TEXT_MAX]);

/* Enters; after CLIENT_OK *hold is left once. `length` 1 … CLIENT_KEY_MAX. */
enum client_verdict limit_enter(const struct limit_rule *rule, const void *key, size_t length,
                                struct limit_hold *hold) __attribute__((warn_unused_result));
void limit_leave(const struct limit_hold *hold);

#endif
