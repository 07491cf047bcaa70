/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: named groups of regular expressions as variables: `server_name ~^(?<site>.+)\.example\.net$` makes
 *   $site. Says whether a name is one, and what it holds in a request. Nothing is kept as long as the request
 *   stays in its location: the value is found by matching again when it is asked for, since most requests
 *   never ask. The location's expression comes before those of the locations around it, these before what a
 *   location before held (text/named.h), and that before the server's.
 * Lifetime: values are spans of the path that the location was found by, and of request->host.
 * Threads: http_capture_known: while a configuration is read; the others: the request's worker.
 * Errors: none; what cannot be matched is empty.
 */
#ifndef HTTP_ROUTE_CAPTURES_H
#define HTTP_ROUTE_CAPTURES_H

#include <stdbool.h>

#include "http/config.h"
#include "http/protocol/head.h"

/* Whether a server_name or a location of the http block has a group of that name. Asked at the block's end,
 * where all are known (http_named_settle). */
bool http_capture_known(const struct http_main *main, const char *name);

/* Whether an expression of the request's location, or of one around it, has such a group and matched; its
 * value then, which may be empty. What rewrite makes of the path afterwards changes nothing of it. */
bool http_capture_of_location(const struct http_request *request, const char *name, struct http_text *value);

/* The same for the server_name that chose the server. */
bool http_capture_of_server(const struct http_request *request, const char *name, struct http_text *value);

#endif
