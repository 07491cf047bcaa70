/* SPDX-License-Identifier: BSD-2-Clause */
/* The http block from the outside in: http, then each server; location_blocks.c goes on from there. */
#include "http/config.h"

#include <errno.h>
#include <string.h>

#include "http/config/build.h"
#include "http/config/core_directives.h"
#include "http/config/listen.h"
#include "http/route/server_names.h"
#include "http/text/named.h"
#include "http/text/request_id.h"
#include "pool/pool.h"
#include "server/generation.h"

static int gather_tables(struct http_build *build, const struct conf_modules *outside);
static int build_http(struct http_build *build, const struct conf_node *node);
static int build_server(struct http_scope *around, const struct conf_node *node);

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
    build.announced_end = &build.announced;
    result = gather_tables(&build, setting->modules);
    return result ? result : build_http(&build, setting->node);
}

static const struct conf_directive directives[] = {
    {"http", CONF_MAIN, .flags = CONF_NO_ARGS | CONF_BLOCK, .set = set_http,
     "The HTTP server: its settings and its servers."},
};

const struct conf_module http_block = {"http", directives, sizeof directives / sizeof *directives};

/* The modules' tables, then that of the reading settings, then those of the main context. With the last, a
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

/* Addresses and the configuration's variables are settled at the end: later servers may add to both. */
static int build_http(struct http_build *build, const struct conf_node *node)
{
    struct http_reading reading;
    struct http_scope scope = {
        .build = build, .reading = &reading, .location = http_location_defaults(build)};
    int result;

    if (!scope.location || http_reading_defaults(build->conf, &reading))
        return -ENOMEM;
    /* NULL if the main context has no error_log: the default is opened when all is read. */
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

/* As in nginx, without server_name the name is "". $server_name is the first name as it was written, without
 * the dot of .name. */
static int settle_names(struct conf *conf, const struct conf_node *node, struct http_server *server)
{
    if (!server->names)
        server->names = http_server_name_parse(conf, node, "");
    if (!server->names)
        return -ENOMEM;
    server->name = server->names->configured + (server->names->form == HTTP_NAME_DOTTED);
    return 0;
}

/* Its own settings are the location `outside`, for requests that no location takes. */
static int build_server(struct http_scope *around, const struct conf_node *node)
{
    struct http_build *build = around->build;
    struct http_server *server = pool_calloc(build->conf->pool, sizeof *server, "server");
    struct http_location *outside = http_location_copy(build, around->location);
    struct http_scope scope = {.build = build, .server = server, .location = outside};
    int result;

    if (!server || !outside)
        return conf_fail_memory(build->conf);
    *server = (struct http_server){.main = build->main,
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
    return result ? result : http_location_blocks(&scope, NULL, &server->locations);
}
