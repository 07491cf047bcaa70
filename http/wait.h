/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a connection waits for, how long, and how it is counted meanwhile. One table of states in
 *   wait.c says what the socket is watched for, what a watcher calls the state and what a log line says; each
 *   state has its own timeout.
 * Lifetime: of the connection; connection->counted until http_count_as says idle.
 * Threads: the connection's worker.
 * Errors: no memory for a timeout closes the connection.
 */
#ifndef HTTP_WAIT_H
#define HTTP_WAIT_H

#include "http/connection.h"

/* What a connection that waits is counted as (server/counters.h). Requests that are answered in one turn are
 * never counted. */
enum http_counted { HTTP_COUNTED_IDLE, HTTP_COUNTED_READING, HTTP_COUNTED_WRITING };

/* Nothing can go on now, or there is `more` but other connections get their turn. The connection may be
 * closed. */
void http_wait(struct http_connection *connection, bool more);

/* The first wait of a connection that was just opened (struct protocol). What lies in its pool so far
 * outlives every reset. False: no memory for a timeout; the connection is closed. */
bool http_wait_opened(struct connection *connection);

/* Counts the connection as `now` from now on. */
void http_count_as(struct http_connection *connection, enum http_counted now);

/* The state that a watcher shows (struct protocol). */
enum connection_state http_connection_state(const struct connection *connection);

#endif
