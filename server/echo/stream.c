/* SPDX-License-Identifier: BSD-2-Clause */
/* The stream block: how it is read, and which clients its servers let in. */
#include "server/echo/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/set.h"
#include "server/echo/echo.h"
#include "server/shared/access_rules.h"
#include "server/shared/limit_zones.h"

enum {
    STREAM_POOL = 512,
    STREAM_BLOCK = 4096 /* bytes of an echo connection's first block, and of its others */
};

#define FIELD(name) offsetof(struct stream_server, name)

/* One `server { }`, or the level around it, from which it inherits. */
struct stream_server {
    struct echo_settings echo;  /* first: binding->data */
    struct limit_rule *limits;  /* limit_conn, in file order; null: none */
    struct access_rules access; /* allow, deny */
    struct limit_zone *zones;   /* of the whole block */
    bool does_echo;
    unsigned listens; /* addresses so far */
};

static const struct conf_range buffer_range = {512, 1 << 20};
static const struct conf_range at_least_one = {1, -1};

/* ---- admission ---- */

static void leave_limit(void *hold)
{
    limit_leave(hold);
}

/* limit_conn: false if the client has too many connections already, or there is no memory to count it. */
static bool enter_limit(struct connection *connection, const struct limit_rule *rule)
{
    struct limit_hold *hold = pool_alloc(connection->pool, sizeof *hold, "limit_conn");
    char key[PEER_TEXT_MAX];

    if (!hold)
        return false;
    if (limit_enter(rule, key, limit_key_of_peer(rule->zone->key, &connection->peer, key), hold) !=
        CLIENT_OK) {
        connection_log(connection, NULL, LOG_LEVEL_ERROR, 0, "limiting connections by zone \"%s\"",
                       rule->name);
        return false;
    }
    if (pool_cleanup_add(connection->pool, leave_limit, hold))
        return true;
    limit_leave(hold);
    return false;
}

/* Whether a client that has connected may stay: allow and deny, then limit_conn. */
static bool admit(struct connection *connection)
{
    const struct stream_server *server = connection->binding->data;

    if (!access_allowed(&server->access, &connection->peer)) {
        connection_log(connection, NULL, LOG_LEVEL_ERROR, 0, "access forbidden by rule");
        return false;
    }
    for (const struct limit_rule *rule = server->limits; rule; rule = rule->next)
        if (!enter_limit(connection, rule))
            return false;
    return true;
}

/* ---- the block ---- */

/* A `listen` that is being read. */
struct one_listen {
    const struct conf_setting *setting;
    int backlog;
};

static int parse_backlog(const struct conf_setting *setting, const char *text, int *backlog)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < -1 || value > 65535)
        return conf_setting_invalid(setting, text, "a backlog of -1 to 65535");
    *backlog = (int)value;
    return 0;
}

/* Each address that `listen` names is bound on its own. */
static int take_address(void *data, const struct listen_address *address)
{
    const struct one_listen *one = data;
    struct generation *generation = generation_of(one->setting->conf);
    struct stream_server *server = one->setting->section;
    const struct conf_node *node = one->setting->node;
    struct binding *binding;

    if (!listen_address_port(address) && address->socket.ss_family != AF_UNIX)
        return conf_fail(one->setting->conf, node, "no port in \"%s\" of the \"listen\" directive",
                         node->args[0]);
    if (generation_find(generation, address))
        return conf_fail(one->setting->conf, node, "duplicate \"%s\" address and port pair", address->text);
    binding = generation_bind(generation, address, &echo_protocol, node);
    if (!binding)
        return conf_fail_memory(one->setting->conf);
    binding->data = server;
    binding->backlog = one->backlog;
    binding->pools =
        (struct pool_options){.first_size = STREAM_POOL, .block_size = STREAM_BLOCK, .name = "connection"};
    server->listens++;
    return 0;
}

static int set_listen(struct conf_setting *setting)
{
    const struct conf_node *node = setting->node;
    struct one_listen one = {setting, -1};
    const char *why;
    int result;

    for (unsigned i = 1; i < node->arg_count; i++) {
        if (!strncmp(node->args[i], "backlog=", 8)) {
            if (parse_backlog(setting, node->args[i] + 8, &one.backlog))
                return -EINVAL;
        } else if (strcmp(node->args[i], "reuseport")) {
            return conf_fail(setting->conf, node, "the invalid \"%s\" parameter of the \"listen\" directive",
                             node->args[i]);
        }
    }
    result = listen_addresses_parse(node->args[0], 0, take_address, &one, &why);
    return result && why ? conf_fail(setting->conf, node, "%s in \"%s\" of the \"listen\" directive", why,
                                     node->args[0])
                         : result;
}

static int set_zone(struct conf_setting *setting)
{
    struct stream_server *stream = setting->section;
    struct limit_zone *zone;
    int result = limit_zone_read(setting, LIMIT_STREAM, &stream->zones, &zone);

    if (!result && !limit_key_is_peer(zone->key))
        return conf_setting_invalid(setting, zone->key, "$remote_addr or $binary_remote_addr");
    return result;
}

static int set_limit(struct conf_setting *setting)
{
    return limit_rule_read(setting, &((struct stream_server *)setting->section)->limits);
}

/* Each level has its own scope. */
static int set_access(struct conf_setting *setting)
{
    struct stream_server *server = setting->section;

    return access_rule_read(setting, &server->access, server);
}

static int set_echo(struct conf_setting *setting)
{
    ((struct stream_server *)setting->section)->does_echo = true;
    return 0;
}

/* Every module's fields are in the one struct stream_server that is the scope. */
static void *section(void *scope, unsigned module)
{
    (void)module;
    return scope;
}

static int set_server(struct conf_setting *setting)
{
    struct stream_server *server = pool_alloc(setting->conf->pool, sizeof *server, "stream server");
    int result;

    if (!server)
        return conf_fail_memory(setting->conf);
    *server = *(const struct stream_server *)setting->scope;
    result = conf_apply_children(setting, CONF_STREAM_SERVER, server);
    if (!result && conf_is_wrong(setting->conf))
        return 0;
    if (!result)
        result = limit_rules_resolve(setting->conf, server->limits, server->zones);
    if (result)
        return result;
    if (!server->listens)
        return conf_fail(setting->conf, setting->node, "no \"listen\" is defined for server");
    if (!server->does_echo)
        return conf_fail(setting->conf, setting->node, "no handler for server, \"echo\" is expected");
    return 0;
}

static const struct conf_directive inner[] = {
    {"server", CONF_STREAM, .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_REPEAT, .set = set_server,
     "A server that does not speak HTTP."},
    {"listen", CONF_STREAM_SERVER, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .set = set_listen,
     "`listen ADDRESS:PORT | PORT | unix:PATH [backlog=NUMBER] [reuseport];` Where it listens: at all "
     "addresses of a name, at all ports of a range (`8080-8083`). `reuseport` is always on."},
    {"echo", CONF_STREAM_SERVER, .flags = CONF_NO_ARGS | CONF_OURS, .set = set_echo,
     "Sends back what is received."},
    {"limit_conn_zone", CONF_STREAM, .args = {2, 2}, .flags = CONF_REPEAT, .set = set_zone,
     "`limit_conn_zone KEY zone=NAME:SIZE;` A zone that counts connections by `$remote_addr` or "
     "`$binary_remote_addr`."},
    {"limit_conn", CONF_STREAM | CONF_STREAM_SERVER, .args = {2, 2}, .flags = CONF_REPEAT, .set = set_limit,
     "`limit_conn ZONE NUMBER;` Connections above the number are closed at once."},
    {"allow", CONF_STREAM | CONF_STREAM_SERVER, .flags = CONF_REPEAT, .set = set_access,
     "`allow ADDRESS | NETWORK | unix: | all;` Lets in an address or a network (`10.0.0.0/8`). The first "
     "rule that matches decides."},
    {"deny", CONF_STREAM | CONF_STREAM_SERVER, .flags = CONF_REPEAT, .set = set_access,
     "`deny ADDRESS | NETWORK | unix: | all;` Closes connections of an address or a network at once."},
    {"echo_timeout", CONF_STREAM | CONF_STREAM_SERVER, .flags = CONF_OURS, .offset = FIELD(echo.timeout),
     .extra = &at_least_one, .preset = "60s", .set = conf_set_msec,
     "How long a connection may stay without progress before it is closed."},
    {"echo_buffer_size", CONF_STREAM | CONF_STREAM_SERVER, .flags = CONF_OURS,
     .offset = FIELD(echo.buffer_size), .extra = &buffer_range, .preset = "16k", .set = conf_set_size,
     "The size of a connection's buffers; about twice as much may be received and not yet sent."},
};

const struct conf_module stream_module = {"stream", inner, sizeof inner / sizeof *inner};

static int set_stream(struct conf_setting *setting)
{
    static const struct conf_module *const modules[] = {&stream_module};
    static const struct conf_modules all = {modules, sizeof modules / sizeof *modules};
    struct stream_server defaults = {.echo = {.admit = admit}};
    int result = conf_set_presets(setting->conf, &stream_module, &defaults);

    return result ? result
                  : conf_apply(setting->conf, setting->node->children, CONF_STREAM, &all, section, &defaults);
}

static const struct conf_directive outer[] = {
    {"stream", CONF_MAIN, .flags = CONF_NO_ARGS | CONF_BLOCK, .set = set_stream,
     "Servers that do not speak HTTP."},
};

const struct conf_module stream_block = {"stream", outer, sizeof outer / sizeof *outer};
