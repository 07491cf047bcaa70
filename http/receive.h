/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: receives a connection's bytes: into one block at a time (client_header_buffer_size); a head that
 *   outgrows it goes on in larger ones (large_client_header_buffers) while the earlier stay where fields
 *   point into them; bodies use larger blocks, again and again.
 * Lifetime: blocks are taken from the connection's pool and outlive resets; those that hold parts of a
 *   head go back with the request, the current one when the connection is idle.
 * Threads: the connection's worker.
 * Errors: false, or the HTTP status to answer with.
 */
#ifndef HTTP_RECEIVE_H
#define HTTP_RECEIVE_H

#include "http/connection.h"

enum { HTTP_RECEIVE_FIELDS_MAX = 1024 /* fields of a head */ };

enum http_received {
    HTTP_RECEIVED,        /* input.end says how far; perhaps nothing came */
    HTTP_RECEIVE_NO_ROOM, /* no memory: nothing was read */
    HTTP_RECEIVE_CLOSED   /* the connection is closed */
};

/* One read from the socket. */
enum http_received http_receive(struct http_connection *connection);

/* Makes room behind input.end. False: no memory. */
bool http_receive_room(struct http_connection *connection);

/* The block is full in the middle of a head: continues in a larger one. 0, 414, 431 or 503. */
int http_receive_grow_head(struct http_connection *connection);

/* Doubles the array of fields, up to the most. False: there are too many, or no memory. */
bool http_receive_grow_fields(struct http_request *request);

/* The request ends: gives back the blocks that held its head, but for the current one. */
void http_receive_drop_kept(struct http_request *request);

/* The connection is idle: gives the current block back. */
static inline void http_receive_release(struct http_connection *connection)
{
    if (!connection->input.bytes)
        return;
    pool_put(connection->base.pool, connection->input.bytes);
    connection->input = (struct http_input){0};
}

#endif
