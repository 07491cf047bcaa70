/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: allow and deny, for http and stream alike. Reads both directives into one list in file order; the
 *   first rule that a peer matches decides, and a peer that none matches is let in, as in nginx
 *   (ngx_http_access_module).
 * Lifetime: rules lie in the pool of the configuration.
 * Threads: read by the main thread, looked at by all.
 * Errors: a negative errno, noted in conf.
 */
#ifndef SERVER_SHARED_ACCESS_RULES_H
#define SERVER_SHARED_ACCESS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/directive.h"
#include "server/address.h"

struct access_rule {
    struct access_rule *next;
    uint8_t bytes[16]; /* network order, those behind the prefix are zero */
    uint8_t bits;      /* length of the prefix */
    uint8_t family;    /* AF_INET, AF_INET6, AF_UNIX (every unix socket); AF_UNSPEC: everybody */
    bool allow;
};

/* The rules of a level. `level` is the block that they stand in: the first of either name in a block
 * replaces what was inherited. */
struct access_rules {
    struct access_rule *first;
    const void *level;
};

/* `allow|deny ADDRESS|CIDR|unix:|all;` `level`: any pointer that is the block's own. */
int access_rule_read(struct conf_setting *setting, struct access_rules *rules, const void *level);

bool access_allowed(const struct access_rules *rules, const struct peer *peer);

#endif
