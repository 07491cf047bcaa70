/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an HTTP connection is about, for who looks at it: log lines and snapshots.
 *
 * Purpose: `state` and `describe` of http_protocol (server/protocol.h says what they return).
 * Lifetime: nothing is kept. Threads: the connection's worker. Errors: none.
 */
#ifndef HTTP_DESCRIBE_H
#define HTTP_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "server/protocol.h"

enum connection_state http_connection_state(const struct connection *connection);

/* Between two requests, silent since it came, or waiting for the peer to close after the last answer. */
bool http_connection_is_idle(const struct connection *connection);

/* ", server: …, request: …, host: …", as much as is known of the request. */
size_t http_connection_describe(const struct connection *connection, char *to, size_t size);

#endif
