/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending: what is queued leaves, and what a body's pump has follows it.
 *
 * Purpose: one turn's share of the output (OUTPUT_SHARE, or what limit_rate lets pass), then the end of the
 *   request whose answer is out, and of the connection if that was its last.
 * Lifetime: those of the connection.
 * Threads: the connection's worker.
 * Errors: a socket that fails is logged with its severity, and the connection is closed.
 */
#ifndef HTTP_SEND_H
#define HTTP_SEND_H

#include "http/connection.h"

/* Sends what is queued, and as much of what a pump has as one turn may; *more: it has more. False: the
 * connection is closed. */
bool http_send(struct http_connection *connection, bool *more);

#endif
