/* SPDX-License-Identifier: BSD-2-Clause */
/* limit_conn_zone and limit_conn: read, registered, resolved. */
#include "server/shared/limit_zones.h"

#include <string.h>

#include "conf/units.h"
#include "server/generation.h"
#include "server/log/log.h"

enum {
    ZONE_MIN = 32 * 1024, /* bytes: nginx's eight pages */
    RULE_MAX = 65535      /* as nginx */
};

const struct conf_enum limit_log_levels[] = {{"info", LOG_LEVEL_INFO},
                                             {"notice", LOG_LEVEL_NOTICE},
                                             {"warn", LOG_LEVEL_WARN},
                                             {"error", LOG_LEVEL_ERROR},
                                             {NULL, 0}};
const struct conf_range limit_statuses = {400, 599};

static const char text_key[] = "$remote_addr", binary_key[] = "$binary_remote_addr";

int limit_zone_name(const struct conf_setting *setting, const char *text, const char **name, size_t *bytes)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text || !conf_parse_size(colon + 1, bytes))
        return conf_fail(setting->conf, setting->node, "invalid zone size \"%s\"", text);
    if (*bytes < ZONE_MIN)
        return conf_fail(setting->conf, setting->node, "zone \"%s\" is too small", text);
    *name = pool_strndup(setting->conf->pool, text, (size_t)(colon - text), "limit zone");
    return *name ? 0 : conf_fail_memory(setting->conf);
}

static const struct limit_zone *find_zone(const struct limit_zone *list, const char *name)
{
    while (list && strcmp(list->name, name) != 0)
        list = list->next;
    return list;
}

static void close_zone(void *zone)
{
    client_zone_close(zone);
}

int limit_zone_read(struct conf_setting *setting, enum limit_use use, struct limit_zone **list,
                    struct limit_zone **added)
{
    struct conf *conf = setting->conf;
    const struct limit_zone *same;
    struct limit_zone *zone;
    const char *name = NULL, *text = setting->node->args[1];
    size_t bytes = 0;
    int result;

    if (strncmp(text, "zone=", 5) != 0)
        return conf_fail(conf, setting->node, "invalid parameter \"%s\"", text);
    result = limit_zone_name(setting, text + 5, &name, &bytes);
    if (result || !name)
        return result;
    same = find_zone(*list, name);
    if (same)
        return conf_fail(conf, setting->node, "%s \"%s\" is already bound to key \"%s\"", setting->node->name,
                         name, same->key);
    zone = pool_calloc(conf->pool, sizeof *zone, "limit zone");
    if (!zone)
        return conf_fail_memory(conf);
    *zone = (struct limit_zone){.next = *list, .name = name, .key = setting->node->args[0]};
    zone->zone = client_zone_open(generation_of(conf)->sgi, use, name, zone->key, bytes);
    if (!zone->zone)
        return conf_fail_memory(conf);
    if (!pool_cleanup_add(conf->pool, close_zone, zone->zone)) {
        client_zone_close(zone->zone);
        return conf_fail_memory(conf);
    }
    *list = *added = zone;
    return 0;
}

int limit_rule_read(struct conf_setting *setting, struct limit_rule **rules)
{
    const struct conf_node *node = setting->node;
    struct limit_rule **end = rules;
    int64_t number;

    if (setting->first)
        *rules = NULL;
    for (; *end; end = &(*end)->next)
        if (!strcmp((*end)->name, node->args[0]))
            return conf_setting_fail(setting, "is duplicate");
    if (!conf_parse_number(node->args[1], &number) || number == 0)
        return conf_fail(setting->conf, node, "invalid number of connections \"%s\"", node->args[1]);
    if (number > RULE_MAX)
        return conf_fail(setting->conf, node, "connection limit must be less %d", RULE_MAX + 1);
    *end = pool_calloc(setting->conf->pool, sizeof **end, "limit rule");
    if (!*end)
        return conf_fail_memory(setting->conf);
    **end = (struct limit_rule){.name = node->args[0], .number = (unsigned)number, .node = node};
    return 0;
}

int limit_rules_resolve(struct conf *conf, struct limit_rule *rules, const struct limit_zone *zones)
{
    for (; rules; rules = rules->next) {
        rules->zone = find_zone(zones, rules->name);
        if (!rules->zone)
            return conf_fail(conf, rules->node, "unknown limit_conn_zone \"%s\"", rules->name);
    }
    return 0;
}

bool limit_key_is_peer(const char *key)
{
    return !strcmp(key, binary_key) || !strcmp(key, text_key);
}

size_t limit_key_of_peer(const char *key, const struct peer *peer, char out[PEER_TEXT_MAX])
{
    size_t length = peer->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

    if (peer->family == AF_UNIX || !strcmp(key, text_key))
        return peer_format(peer, out);
    memcpy(out, peer->bytes, length);
    return length;
}

enum client_verdict limit_enter(const struct limit_rule *rule, const void *key, size_t length,
                                struct limit_hold *hold)
{
    hold->zone = rule->zone->zone;
    return client_zone_enter(hold->zone, key, length, client_hash(key, length), rule->number, &hold->node);
}

void limit_leave(const struct limit_hold *hold)
{
    client_zone_leave(hold->zone, hold->node);
}
