/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: sends one turn's share of the output (OUTPUT_SHARE, or what limit_rate allows), from the queue and
 *   from a body's pump. Then it ends the request whose answer has been sent, and the connection if that was
 *   its last.
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

/* The request of this connection is over: runs its log steps and gives its memory back. `idle`: no byte of
 * another one has arrived. */
void http_request_end(struct http_connection *connection, bool idle);

#endif
