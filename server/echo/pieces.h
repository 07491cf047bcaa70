/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: pieces: what a connection has received and not yet sent, in order. A piece is what one receive
 *   brought, in a chunk of counted blocks (pool/refpool.h). It is freed when its last byte has been sent. The
 *   bytes of all are counted in the connection's output.unsent.
 * Lifetime: the struct is part of its connection; the blocks are taken from the connection's pool.
 * Threads: the connection's worker.
 * Errors: a connection that is lost, or without memory, is logged and closed (`closed`).
 */
#ifndef SERVER_ECHO_PIECES_H
#define SERVER_ECHO_PIECES_H

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct piece;
struct refpool;

struct pieces {
    struct connection *connection;
    struct refpool *blocks;
    size_t block_size;
    struct piece *first, *last;
    bool eof; /* the peer has shut its sending side */
};

/* False: no memory, the caller closes it. */
bool pieces_begin(struct pieces *pieces, struct connection *connection, size_t block_size);

/* One receive. True: all the room was filled, so there may be more. */
bool pieces_receive(struct pieces *pieces);

/* Sends until nothing is left or the socket is full. */
void pieces_send(struct pieces *pieces);

/* All is sent: the current block goes back too. */
void pieces_idle(struct pieces *pieces);

/* Whether `block` is one of its blocks; then *bytes of it are used. */
bool pieces_filled(const struct pieces *pieces, const void *block, size_t *bytes);

/* All blocks go back. */
void pieces_end(struct pieces *pieces);

#endif
