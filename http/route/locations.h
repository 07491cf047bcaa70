/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: which location of a server takes a path: nginx's search. `=` that equals the path wins at once;
 *   else the longest prefix is remembered and, unless it is a ^~, regular expressions are tried in file
 *   order; nested locations are searched likewise before those beside their parent. Names are a sorted array
 *   in which each knows the longest other one that it begins with: a binary search, then steps up that chain.
 * Lifetime: in the generation's pool.
 * Threads: read-only once built.
 * Errors: building: -EINVAL or -ENOMEM, said in struct conf. Finding: NULL if an expression failed (regex.h).
 */
#ifndef HTTP_ROUTE_LOCATIONS_H
#define HTTP_ROUTE_LOCATIONS_H

#include "http/config.h"

/* The locations of one level while they are read, in file order. */
struct http_location_list {
    struct http_location_list *next;
    const struct http_location *location;
    const struct conf_node *node;
};

/* Refuses duplicates. *locations is NULL for an empty list. 0 or a negative errno. */
int http_locations_build(struct conf *conf, const struct http_location_list *first,
                         const struct http_locations **locations) __attribute__((warn_unused_result));

/* Whether `test(location, data)` is true of one of them, or of one nested in them. `locations` may be NULL.
 */
bool http_locations_any(const struct http_locations *locations,
                        bool (*test)(const struct http_location *location, const void *data),
                        const void *data);

/* Reads the arguments of `location` into kind, name and regex. 0 or a negative errno. */
int http_location_parse(struct conf *conf, const struct conf_node *node, struct http_location *location)
    __attribute__((warn_unused_result));

/* The location of request->path in request->server, or the server's `outside`. A regular expression that
 * decides sets the request's captures. The caller checks `internal`. NULL: answer 500.
 */
const struct http_location *http_find_location(struct http_request *request);

/* `name` with its @; NULL: there is none. */
const struct http_location *http_find_named(const struct http_server *server, struct http_text name);

#endif
