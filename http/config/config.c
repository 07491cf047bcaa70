/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocks http, server and location: each makes its level as build.h says. */
#include "http/config.h"

#include <errno.h>
#include <string.h>

#include "http/config/build.h"
#include "http/config/core_directives.h"
#include "http/config/listen.h"
#include "http/route/locations.h"
#include "http/route/server_names.h"
#include "http/text/named.h"
#include "http/text/request_id.h"
#include "pool/pool.h"
#include "server/generation.h"

/* ---- location ---- */

/* nginx's rules for what may stand in what. */
static int check_nesting(struct conf *conf, const struct conf_node *node,
                         const struct http_location *location, const struct http_location *outer)
{
    const char *name = location->name.bytes, *around = outer->name.bytes;

    if (outer->kind == HTTP_LOCATION_EXACT)
        return conf_fail(conf, node, "location \"%s\" cannot be inside the exact location \"%s\"", name,
                         around);
    if (location->kind == HTTP_LOCATION_NAMED)
        return 0; /* refused with its own sentence */
    if (outer->kind == HTTP_LOCATION_NAMED)
        return conf_fail(conf, node, "location \"%s\" cannot be inside the named location \"%s\"", name,
                         around);
    if (location->kind != HTTP_LOCATION_REGEX && strncmp(name, around, outer->name.length))
        return conf_fail(conf, node, "location \"%s\" is outside location \"%s\"", name, around);
    return 0;
}

static int build_locations(struct http_scope *scope, const struct http_location *outer,
                           const struct http_locations **locations);

/* As deep as the configuration's blocks, which conf/ bounds. */
static int build_location(struct http_scope *around, const struct http_location *outer,
                          const struct conf_node *node, const struct http_location **built)
{
    struct http_build *build = around->build;
    struct http_location *location = http_location_copy(build, around->location);
    struct http_scope scope = {
        .build = build, .main = around->main, .server = around->server, .location = location};
    int result;

    if (!location)
        return -ENOMEM;
    location->outer = outer;
    result = http_location_parse(build->conf, node, location);
    if (!result && outer)
        result = check_nesting(build->conf, node, location, outer);
    result = conf_keep(build->conf, result);
    if (!result)
        result = http_level_apply(&scope, node->children, CONF_LOCATION);
    if (!result)
        result = build_locations(&scope, location, &location->locations);
    if (!result)
        result = http_level_finish(build, location);
    *built = location;
    return result;
}

/* A block such as `if`: the settings around it, then its own. Its location is that of which it is a part. */
static int build_inner(struct http_scope *around, const struct http_location *outer,
                       const struct http_block_list *block)
{
    struct http_build *build = around->build;
    struct http_location *location = http_location_copy(build, around->location);
    struct http_scope scope = {
        .build = build, .main = around->main, .server = around->server, .location = location};
    int result;

    if (!location)
        return -ENOMEM;
    location->kind = HTTP_LOCATION_INNER;
    location->name = around->location->name;
    location->outer = outer;
    *block->inner = location;
    result = http_level_apply(&scope, block->node->children, block->context);
    if (!result)
        result = build_locations(&scope, outer, &location->locations);
    return result ? result : http_level_finish(build, location);
}

/* Named ones are found by nobody but those who name them. */
static int add_named(struct conf *conf, struct http_server *server, const struct http_location *outer,
                     struct http_location_list *item)
{
    struct http_location_list **end = &server->named;

    if (outer)
        return conf_fail(conf, item->node, "named location \"%s\" can be on the server level only",
                         item->location->name.bytes);
    for (; *end; end = &(*end)->next)
        if (!strcmp((*end)->location->name.bytes, item->location->name.bytes))
            return conf_fail(conf, item->node, "duplicate location \"%s\"", item->location->name.bytes);
    *end = item;
    return 0;
}

static int build_locations(struct http_scope *scope, const struct http_location *outer,
                           const struct http_locations **locations)
{
    struct conf *conf = scope->build->conf;
    struct http_location_list *first = NULL, **end = &first;

    for (const struct http_block_list *block = scope->blocks; block; block = block->next) {
        struct http_location_list *item;
        int result;

        if (block->inner) {
            result = build_inner(scope, outer, block);
            if (result)
                return result;
            continue;
        }
        item = pool_calloc(conf->pool, sizeof *item, "location");
        if (!item)
            return conf_fail_memory(conf);
        item->node = block->node;
        result = build_location(scope, outer, block->node, &item->location);
        if (!result && item->location->kind == HTTP_LOCATION_NAMED) {
            result = conf_keep(conf, add_named(conf, scope->server, outer, item));
            item = NULL;
        }
        if (result)
            return result;
        if (!item)
            continue;
        *end = item;
        end = &item->next;
    }
    return conf_is_wrong(conf) ? 0 : conf_keep(conf, http_locations_build(conf, first, locations));
}

/* ---- server ---- */

/* nginx: without server_name the name is "". $server_name is the first as it was written, but for the dot of
 * .name. */
static int settle_names(struct conf *conf, const struct conf_node *node, struct http_server *server)
{
    if (!server->names)
        server->names = http_server_name_parse(conf, node, "");
    if (!server->names)
        return -ENOMEM;
    server->name = server->names->configured + (server->names->form == HTTP_NAME_DOTTED);
    return 0;
}

static int build_server(struct http_scope *around, const struct conf_node *node)
{
    struct http_build *build = around->build;
    struct http_server *server = pool_calloc(build->conf->pool, sizeof *server, "server");
    struct http_location *outside = http_location_copy(build, around->location);
    struct http_scope scope = {.build = build, .main = around->main, .server = server, .location = outside};
    int result;

    if (!server || !outside)
        return conf_fail_memory(build->conf);
    *server = (struct http_server){.main = around->main,
                                   .reading = *around->reading,
                                   .outside = outside,
                                   .file = node->file,
                                   .line = node->line};
    outside->server = server;
    scope.reading = &server->reading;
    *build->servers_end = server;
    build->servers_end = &server->next;
    result = http_level_apply(&scope, node->children, CONF_SERVER);
    if (!result)
        result = settle_names(build->conf, node, server);
    if (!result && !scope.listens && !conf_is_wrong(build->conf))
        result = http_listen_default(build, node, server);
    if (!result)
        result = build_locations(&scope, NULL, &server->locations);
    return result ? result : http_level_finish(build, outside);
}

/* ---- http ---- */

/* The modules' tables, that of the reading settings behind them, then those of the main context: so a
 * directive that belongs there is "not allowed here" rather than unknown. */
static int gather_tables(struct http_build *build, const struct conf_modules *outside)
{
    static const struct conf_module none = {"", NULL, 0};
    const unsigned count = HTTP_MODULES + 1 + outside->count;
    const struct conf_module **tables = pool_array(build->conf->pool, count, sizeof *tables, "modules");

    if (!tables)
        return conf_fail_memory(build->conf);
    for (unsigned i = 0; i < HTTP_MODULES; i++)
        tables[i] = http_modules[i] ? &http_modules[i]->conf : &none;
    tables[HTTP_MODULES] = &http_reading_module;
    memcpy(&tables[HTTP_MODULES + 1], outside->modules, outside->count * sizeof *tables);
    build->modules = (struct conf_modules){tables, count};
    return 0;
}

static int build_http(struct http_build *build, const struct conf_node *node)
{
    struct http_reading reading;
    struct http_scope scope = {.build = build, .main = build->main, .reading = &reading};
    int result;

    http_reading_defaults(&reading);
    scope.location = http_location_defaults(build);
    if (!scope.location)
        return -ENOMEM;
    /* NULL where the main context has no error_log: its default is opened when all is read. */
    scope.location->core.error_log = build->main->generation->settings.log;
    result = http_request_id_seed(build->conf);
    if (!result)
        result = http_level_apply(&scope, node->children, CONF_HTTP);
    for (const struct http_block_list *block = scope.blocks; block && !result; block = block->next)
        result = build_server(&scope, block->node);
    if (result || conf_is_wrong(build->conf))
        return result;
    result = http_listen_finish(build);
    return result ? result : http_named_settle(build->conf, build->main);
}

static int set_http(struct conf_setting *setting)
{
    struct http_build build = {.conf = setting->conf};
    int result;

    build.main = pool_calloc(setting->conf->pool, sizeof *build.main, "http");
    if (!build.main)
        return -ENOMEM;
    build.main->generation = generation_of(setting->conf);
    build.main->conf = setting->conf;
    build.servers_end = &build.main->servers;
    result = gather_tables(&build, setting->modules);
    return result ? result : build_http(&build, setting->node);
}

static const struct conf_directive directives[] = {
    {"http", CONF_MAIN, 0, 0, CONF_BLOCK, set_http, 0, NULL, NULL,
     "The HTTP server: its settings and its servers."},
};

const struct conf_module http_block = {"http", directives, sizeof directives / sizeof *directives};
