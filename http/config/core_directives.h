/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the core directives of http { }: those of every location, and of reading requests. Two tables,
 *   since their fields lie in two structs: http_core in a location, http_reading in a server.
 * Lifetime: constant.
 * Threads: one at a time. Errors: those of conf/directive.h.
 */
#ifndef HTTP_CONFIG_CORE_DIRECTIVES_H
#define HTTP_CONFIG_CORE_DIRECTIVES_H

#include "http/config.h"
#include "http/module.h"

/* HTTP_MODULE_CORE: sections are struct http_core. Without any error_log the field is NULL: the default is
 * opened when all is read, and logging falls back to generation->settings.log. */
extern const struct http_module http_core_module;

/* server, location and the directives of server { } alone; sections are struct http_reading. */
extern const struct conf_module http_reading_module;

/* The settings of the http level before any directive. 0 or a negative errno. */
int http_reading_defaults(struct conf *conf, struct http_reading *reading);

/* Of the directives for the sizes of nginx's hash tables. */
extern const struct conf_ignored http_hash_size;

/* `types { }` in any context; setter of a const struct http_mime *. */
int http_set_types(struct conf_setting *setting);

/* The table without `types`: text/html html, image/gif gif, image/jpeg jpg. NULL: out of memory. */
const struct http_mime *http_default_types(struct pool *pool);

#endif
