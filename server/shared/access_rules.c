/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules: read in file order, matched in file order. */
#include "server/shared/access_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "pool/pool.h"

enum { ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN };

/* 0 … `most` in digits alone. */
static bool parse_bits(const char *text, unsigned most, uint8_t *bits)
{
    unsigned value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > most)
            return false;
    }
    *bits = (uint8_t)value;
    return true;
}

/* Zeroes what stands behind the prefix; true if something did. */
static bool clear_low_bits(struct access_rule *rule)
{
    bool cleared = false;

    for (unsigned i = 0; i < sizeof rule->bytes; i++) {
        unsigned kept = rule->bits > i * 8 ? rule->bits - i * 8 : 0;
        uint8_t mask = (uint8_t)(0xff00U >> (kept < 8 ? kept : 8));

        cleared |= (rule->bytes[i] & ~mask) != 0;
        rule->bytes[i] &= mask;
    }
    return cleared;
}

static bool parse_address(const char *text, struct access_rule *rule)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    char address[ADDRESS_TEXT_MAX];

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(AF_INET, address, rule->bytes) == 1)
        rule->family = AF_INET;
    else if (inet_pton(AF_INET6, address, rule->bytes) == 1)
        rule->family = AF_INET6;
    else
        return false;
    rule->bits = rule->family == AF_INET ? 32 : 128;
    return !slash || parse_bits(slash + 1, rule->bits, &rule->bits);
}

int access_rule_read(struct conf_setting *setting, struct access_rules *rules, const void *level)
{
    const char *text = setting->node->args[0];
    struct access_rule *rule = pool_calloc(setting->conf->pool, sizeof *rule, "access rule"), **end;

    if (!rule)
        return -ENOMEM;
    rule->allow = !strcmp(setting->node->name, "allow");
    if (!strcmp(text, "unix:"))
        rule->family = AF_UNIX;
    else if (strcmp(text, "all") != 0 && !parse_address(text, rule))
        return conf_fail(setting->conf, setting->node, "invalid parameter \"%s\"", text);
    if (clear_low_bits(rule))
        conf_warn(setting->conf, setting->node, "low address bits of %s are meaningless", text);
    if (rules->level != level)
        *rules = (struct access_rules){.level = level};
    for (end = &rules->first; *end; end = &(*end)->next)
        ;
    *end = rule;
    return 0;
}

static bool matches(const struct access_rule *rule, const struct peer *peer)
{
    unsigned whole = rule->bits / 8, rest = rule->bits % 8;

    if (rule->family == AF_UNSPEC)
        return true;
    if (rule->family != peer->family)
        return false;
    if (memcmp(rule->bytes, peer->bytes, whole) != 0)
        return false;
    return !rest || (uint8_t)(peer->bytes[whole] & (0xff00 >> rest)) == rule->bytes[whole];
}

bool access_allowed(const struct access_rules *rules, const struct peer *peer)
{
    for (const struct access_rule *rule = rules->first; rule; rule = rule->next)
        if (matches(rule, peer))
            return rule->allow;
    return true;
}
