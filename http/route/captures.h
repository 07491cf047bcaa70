/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: named groups of regular expressions as variables: `server_name ~^(?<site>.+)\.example\.net$` makes
 *   $site. Tells whether a name is one, and its value in a request. Nothing is kept while the request stays
 *   in its location: since most requests never ask, the value is found by matching again. The location's
 *   expression comes first, then those of the locations around it, then values kept from earlier locations
 *   (text/named.h), then the server's expression.
 * Lifetime: values are spans of the path that the location was found by, and of request->host.
 * Threads: http_capture_known: while a configuration is read; the others: the request's worker.
 * Errors: none; without a match the value is empty.
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
 * value then, which may be empty. A later rewrite of the path does not change it. */
bool http_capture_of_location(const struct http_request *request, const char *name, struct http_text *value);

/* The same for the server_name that chose the server. */
bool http_capture_of_server(const struct http_request *request, const char *name, struct http_text *value);

#endif
