/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables: $uri, $http_user_agent, $1 …
 *
 * Purpose: one table of names for everything that writes text about a request: templates (template.h) and
 *   log formats. A name is looked up once, while the configuration is read; what remains is a function to
 *   call. Values are never cached: they are spans of what is there already, or a few bytes that are
 *   cheaper to make again than to keep.
 * Lifetime: a struct http_variable lies in the generation's pool. A value points into the request, its
 *   pool or a literal, and lives until the request's reset.
 * Threads: finding: while a configuration is read. Getting: the request's worker.
 * Errors: finding: nginx's sentence in struct conf. Getting: HTTP_VALUE_NONE, also when memory is missing.
 */
#ifndef HTTP_TEXT_VARIABLES_H
#define HTTP_TEXT_VARIABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "http/request.h"

enum http_found {
    HTTP_VALUE_FOUND,
    HTTP_VALUE_NONE /* the value is empty; a log writes "-" */
};

enum { HTTP_PRINT_MAX = 48 /* bytes that a printed variable takes at most: an address */ };

struct http_variable {
    enum http_found (*get)(struct http_request *request, const struct http_variable *variable,
                           struct http_text *value);
    /* Null, or: writes the value straight to where it is wanted, at most HTTP_PRINT_MAX bytes that no log
     * escapes, and returns the byte after it. `get` does the same by way of the request's pool. */
    char *(*print)(struct http_request *request, char *to);
    const char
        *name; /* NUL-terminated: what the getter looks for ("x-one" of $http_x_one), or the name itself */
    uint32_t length;                /* of `name` */
    uint16_t number;                /* of a known field, or of a capture */
    const struct http_named *named; /* null, or: the configuration's own (named.h) */
};

/* Finds a variable by its name without the dollar. A name that is in no table may be made by something that
 * is read later: it is taken, and checked by http_named_settle. 0, or a negative errno: said in conf. */
int http_variable_find(struct conf *conf, const struct conf_node *node, struct http_text name,
                       struct http_variable *variable) __attribute__((warn_unused_result));

/* Whether the server has a variable of that name, which cannot be made then. Those of a family ($arg_NAME)
 * can, as in nginx, but for a few that it knows by name. */
bool http_variable_builtin(struct http_text name);

/* *value is empty and not null if nothing was found. */
static inline enum http_found http_variable_get(struct http_request *request,
                                                const struct http_variable *variable, struct http_text *value)
{
    return variable->get(request, variable, value);
}

#endif
