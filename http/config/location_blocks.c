/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks are built after the directives around them, each in turn with the blocks in it. */
#include "http/config/build.h"

#include <errno.h>
#include <string.h>

#include "http/route/locations.h"
#include "pool/pool.h"

/* nginx's rules for the nesting of locations. */
static int check_nesting(struct conf *conf, const struct conf_node *node,
                         const struct http_location *location, const struct http_location *outer)
{
    const char *name = location->name.bytes, *around = outer->name.bytes;

    if (outer->kind == HTTP_LOCATION_EXACT)
        return conf_fail(conf, node, "location \"%s\" cannot be inside the exact location \"%s\"", name,
                         around);
    if (location->kind == HTTP_LOCATION_NAMED)
        return 0; /* add_named refuses it */
    if (outer->kind == HTTP_LOCATION_NAMED)
        return conf_fail(conf, node, "location \"%s\" cannot be inside the named location \"%s\"", name,
                         around);
    if (location->kind != HTTP_LOCATION_REGEX && strncmp(name, around, outer->name.length))
        return conf_fail(conf, node, "location \"%s\" is outside location \"%s\"", name, around);
    return 0;
}

/* Kind and name of a new location. A block such as `if` has the name of its location. */
static int name_location(struct http_scope *around, const struct http_block_list *block,
                         struct http_location *location)
{
    struct conf *conf = around->build->conf;
    int result;

    if (block->inner) {
        location->kind = HTTP_LOCATION_INNER;
        location->name = around->location->name;
        return 0;
    }
    result = http_location_parse(conf, block->node, location);
    if (!result && location->outer)
        result = check_nesting(conf, block->node, location, location->outer);
    return conf_keep(conf, result);
}

/* As deep as the configuration's blocks, which conf/ bounds. */
static int build_block(struct http_scope *around, const struct http_location *outer,
                       const struct http_block_list *block, const struct http_location **built)
{
    struct http_build *build = around->build;
    struct http_location *location = http_location_copy(build, around->location);
    struct http_scope scope = {.build = build, .server = around->server, .location = location};
    int result;

    if (!location)
        return -ENOMEM;
    *built = location;
    location->outer = outer;
    result = name_location(around, block, location);
    if (!result)
        result = http_level_apply(&scope, block->node->children, block->context);
    return result ? result
                  : http_location_blocks(&scope, block->inner ? outer : location, &location->locations);
}

/* A named location is not searched: only a directive that names it leads there. */
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

int http_location_blocks(struct http_scope *scope, const struct http_location *outer,
                         const struct http_locations **locations)
{
    struct conf *conf = scope->build->conf;
    struct http_location_list *first = NULL, **end = &first, *item;
    int result = 0;

    for (const struct http_block_list *block = scope->blocks; block && !result; block = block->next) {
        if (block->inner) {
            result = build_block(scope, outer, block, block->inner);
            continue;
        }
        item = pool_calloc(conf->pool, sizeof *item, "location");
        if (!item)
            return conf_fail_memory(conf);
        item->node = block->node;
        result = build_block(scope, outer, block, &item->location);
        if (!result && item->location->kind == HTTP_LOCATION_NAMED) {
            result = conf_keep(conf, add_named(conf, scope->server, outer, item));
        } else {
            *end = item;
            end = &item->next;
        }
    }
    if (!result && !conf_is_wrong(conf))
        result = conf_keep(conf, http_locations_build(conf, first, locations));
    return result ? result : http_level_finish(scope->build, scope->location);
}
