/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: variables by their names: $uri, $http_user_agent, $1 …. One table of names serves everything that
 *   writes text about a request: templates (template.h) and log formats. A name is looked up once, when the
 *   configuration is read, and becomes a function to call.
 * Lifetime: a struct http_variable lies where the caller wants it, its name in the generation's pool.
 * Threads: while a configuration is read.
 * Errors: nginx's sentence in struct conf.
 */
#ifndef HTTP_TEXT_VARIABLES_H
#define HTTP_TEXT_VARIABLES_H

#include "http/text/variables_table.h"

/* Finds a variable by its name without the dollar. A name that is in no table may be defined later: it is
 * accepted, and checked by http_named_settle. 0, or a negative errno: noted in conf. */
int http_variable_find(struct conf *conf, const struct conf_node *node, struct http_text name,
                       struct http_variable *variable) __attribute__((warn_unused_result));

/* For what makes a variable (set, map, a group of rewrite); `text` has its dollar. NULL: noted in conf: not a
 * name, or one of the server's own, which cannot be defined. Names of a family ($arg_NAME) can, as in nginx,
 * except a few that it defines itself. */
struct http_named *http_variable_make(struct conf *conf, const struct conf_node *node, const char *text);

/* One table after another by `index` from 0: the server's own, then the modules' in the order of
 * http_modules. Null after the last. */
const struct http_variable_row *http_variable_table(size_t index);

#endif
