/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: builds the http block: levels, their sections, and the steps of locations. It leads from the
 *   directive tables to the finished struct http_main. A level is one of http { }, server { }, location { }
 *   or a block such as if { }. Its settings begin as a copy of those around it. Then its directives are
 *   applied, then the blocks in it are built, then it is finished: every module's `finish` is called in the
 *   modules' order. The http level is not finished: it has no requests.
 * Lifetime: struct http_build and struct http_scope: while the block is read. Locations: in the
 *   generation's pool.
 * Threads: one at a time. Errors: 0 or a negative errno, said in struct conf.
 */
#ifndef HTTP_CONFIG_BUILD_H
#define HTTP_CONFIG_BUILD_H

#include "http/config.h"
#include "http/module.h"
#include "http/route/locations.h"

struct http_listening; /* listen.h */

/* A step that `finish` asked for. */
struct http_step_wish {
    struct http_step_wish *next;
    struct http_step step;
};

struct http_log_wish {
    struct http_log_wish *next;
    struct http_log_step step;
};

/* A location that the start announces, in the order of asking. */
struct http_announced {
    struct http_announced *next;
    const struct http_location *location;
    const char *what;
};

struct http_build {
    struct conf *conf;
    struct http_main *main;
    struct conf_modules modules; /* http_modules, then the reading settings, then those outside of http */
    struct http_listening *listening; /* addresses, in file order */
    struct http_server **servers_end;
    struct http_announced *announced, **announced_end;
    /* while a level is finished: in the order of asking */
    struct http_step_wish *wishes[HTTP_PHASES], **wishes_end[HTTP_PHASES];
    struct http_filter filters[HTTP_FILTERS]; /* without `run`: not asked for */
    struct http_log_wish *log_wishes, **log_wishes_end;
};

/* A block met at a level: it is built when the level's own directives are all set. */
struct http_block_list {
    struct http_block_list *next;
    const struct conf_node *node;
    const struct http_location **inner; /* null: a server or a location; else where an inner block goes */
    uint32_t context;                   /* of the block's directives */
};

/* The level that directives are applied to: setting->scope of every directive in http { }. */
struct http_scope {
    struct http_build *build;
    struct http_server *server;     /* NULL in http */
    struct http_reading *reading;   /* NULL in a location */
    struct http_location *location; /* of the level */
    struct http_block_list *blocks; /* server or location blocks */
    bool listens;                   /* a `listen` stood here */
};

static inline struct http_scope *http_scope_of(const struct conf_setting *setting)
{
    return setting->scope;
}

/* A location with every module's defaults, or with a copy of the settings of `from`. NULL: noted in conf. */
struct http_location *http_location_defaults(struct http_build *build);
struct http_location *http_location_copy(struct http_build *build, const struct http_location *from);

/* Applies a level's directives; its blocks are then on scope->blocks. */
int http_level_apply(struct http_scope *scope, const struct conf_node *children, uint32_t context);

/* Calls the modules' `finish` and lays out the steps that they add; not if something is wrong already. */
int http_level_finish(struct http_build *build, struct http_location *location);

/* The `set` of server, and of location: put the node on scope->blocks. */
int http_set_server(struct conf_setting *setting);
int http_set_location(struct conf_setting *setting);

/* The same for a block with settings of its own in a location, such as `if`. *inner is set once the level is
 * built. `context`: of the directives in it. */
int http_set_inner_block(struct conf_setting *setting, uint32_t context, const struct http_location **inner);

/* ---- location_blocks.c ---- */

/* The directives of the level are set: builds its blocks, into *locations, and finishes it. `outer` is the
 * location that these blocks stand in; null on the server's level. */
int http_location_blocks(struct http_scope *scope, const struct http_location *outer,
                         const struct http_locations **locations);

#endif
