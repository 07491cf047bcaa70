/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the request of a connection, for log lines and followers: `describe` of http_protocol
 *   (server/protocol.h says what it returns), and what followers hear.
 * Lifetime: nothing is kept. Threads: the connection's worker. Errors: none.
 */
#ifndef HTTP_DESCRIBE_H
#define HTTP_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "server/protocol.h"

/* ", server: …, request: …, host: …", as much as is known of the request. */
size_t http_connection_describe(const struct connection *connection, char *to, size_t size);

/* The input buffer and a body that is held. */
bool http_connection_filled(const struct connection *connection, const void *piece, size_t *bytes);

/* The request's pool is followed: a request has begun (server/watcher.h). */
struct http_request;
void http_note_request(struct http_request *request);

#endif
