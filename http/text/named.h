/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: variables that the configuration makes: by set, map, and named groups of regular expressions. Each
 *   has a number, by which a request keeps its value once it has one. A name may be used before its
 *   definition is read. Groups of server_name and location are kept when the location is left; until then
 *   they are matched again when one is asked for (route/captures.h).
 * Lifetime: in conf->pool. Values: in the request's pool.
 * Threads: using, making, settling: while a configuration is read. Getting, keeping: the request's worker.
 * Errors: nginx's sentences in struct conf; keeping: false, no memory.
 */
#ifndef HTTP_TEXT_NAMED_H
#define HTTP_TEXT_NAMED_H

#include "http/text/variables_table.h"

struct http_named {
    struct http_named *next;
    const struct conf *conf;      /* that it belongs to */
    const struct conf_node *node; /* that named it first */
    const char *name;             /* without the dollar */
    unsigned number;              /* from 0 on */
    bool made;                    /* defined by set, map or a group of rewrite */
    bool uncached;                /* `get` is called each time */
    bool captured;                /* a group of a location or server_name has the name */
    /* Null, or, for a name of a family ($arg_x): its getter if it is not defined otherwise. */
    enum http_found (*family)(struct http_request *request, const struct http_variable *variable,
                              struct http_text *value);
    /* Null, or: its value as long as none was kept. */
    enum http_found (*get)(struct http_request *request, const struct http_named *named,
                           struct http_text *value);
    const void *data; /* for `get` */
};

/* The variable of that name. NULL: no memory, noted in conf. */
struct http_named *http_named_use(struct conf *conf, const struct conf_node *node, struct http_text name);

/* At the end of the http block: every name that was used since the last call must have been made. 0 or
 * -EINVAL (`unknown "x" variable`). */
int http_named_settle(struct conf *conf, struct http_main *main) __attribute__((warn_unused_result));

/* Sets its value for the rest of the request; `value` lives as long and is not null. False: no memory. */
bool http_named_keep(struct http_request *request, const struct http_named *named, struct http_text value)
    __attribute__((warn_unused_result));

/* Before the location changes: as in nginx, the values of its groups stay for the rest of the request, until
 * another expression with a group of that name matches. */
__attribute__((noinline)) void http_named_keep_captures(struct http_request *request);

#endif
