/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: at which addresses a server answers. It gathers the servers of each address, decides its default
 *   server, builds its table of names, and sets the pools of its connections. A request is read under the
 *   default server's settings, since its Host is not known yet.
 * Lifetime: in the generation's pool.
 * Threads: one at a time. Errors: 0 or a negative errno, said in struct conf.
 */
#ifndef HTTP_CONFIG_LISTEN_H
#define HTTP_CONFIG_LISTEN_H

#include "http/config/build.h"

/* The setter of `listen`. */
int http_set_listen(struct conf_setting *setting);

/* For a server without `listen`: *:80, or *:8000 if the user is not root. `node` is its block. */
int http_listen_default(struct http_build *build, const struct conf_node *node, struct http_server *server);

/* All servers are read. */
int http_listen_finish(struct http_build *build);

#endif
