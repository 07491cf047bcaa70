/* SPDX-License-Identifier: BSD-2-Clause */
/* Named groups of regular expressions as variables: `server_name ~^(?<site>.+)\.example\.net$` makes $site.
 *
 * Purpose: says whether a name is one, and what it holds in a request. Nothing is kept per request: the
 *   value is found by matching again when somebody asks, since most requests never do. The location's
 *   expression comes before those of the locations around it, and these before the server's.
 * Lifetime: values are spans of request->path and request->host.
 * Threads: http_capture_known: while a configuration is read. http_capture_value: the request's worker.
 * Errors: none; what cannot be matched is empty.
 */
#ifndef HTTP_CAPTURES_H
#define HTTP_CAPTURES_H

#include <stdbool.h>

#include "http/config.h"
#include "http/protocol/head.h"

/* Whether a server_name or a location of the http block has a group of that name. Asked at the block's end,
 * where all are known (http_named_settle). */
bool http_capture_known(const struct http_main *main, const char *name);

/* Its value; empty if the expression that has it does not match this request. */
struct http_text http_capture_value(const struct http_request *request, const char *name);

#endif
