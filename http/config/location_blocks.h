/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the blocks in a server or a location. Makes a location of each `location` and each block such as
 *   `if`, and the search of a level of all its locations (route/locations.h).
 * Lifetime: in the generation's pool.
 * Threads: one at a time. Errors: 0 or a negative errno, said in struct conf.
 */
#ifndef HTTP_CONFIG_LOCATION_BLOCKS_H
#define HTTP_CONFIG_LOCATION_BLOCKS_H

#include "http/config/build.h"

/* The directives of the level are set: builds its blocks, into *locations, and finishes it. `outer` is the
 * location that these blocks stand in; null on the server's level. */
int http_location_blocks(struct http_scope *scope, const struct http_location *outer,
                         const struct http_locations **locations);

#endif
