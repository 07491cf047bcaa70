/* SPDX-License-Identifier: BSD-2-Clause */
/* What a connection has received and not yet sent, on counted blocks. */
#include "server/echo/pieces.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pool/refpool.h"
#include "server/connection.h"
#include "server/shortage.h"
#include "server/worker.h"

enum {
    PIECES_VECTORS = 16, /* pieces gathered into one send */
    PIECES_ROOM = 512    /* bytes: with fewer left in a block, the next one is taken */
};

/* It stands at the front of the chunk that it lies in. */
struct piece {
    struct refpool_chunk chunk;
    struct piece *next;
    size_t start, end; /* unsent bytes, counted from `bytes` */
    char bytes[];
};

bool pieces_begin(struct pieces *pieces, struct connection *connection, size_t block_size)
{
    pieces->connection = connection;
    pieces->block_size = block_size;
    pieces->blocks = refpool_create(connection->pool, block_size);
    return pieces->blocks;
}

/* ---- in ---- */

/* Takes a piece: the room that the current block has left, or half a block. Null: no memory. */
static struct piece *take(struct pieces *pieces)
{
    size_t size = refpool_room(pieces->blocks);
    struct refpool_chunk chunk;
    struct piece *piece;

    if (size < PIECES_ROOM + sizeof *piece)
        size = pieces->block_size / 2;
    piece = refpool_alloc(pieces->blocks, size, &chunk);
    if (piece)
        *piece = (struct piece){.chunk = chunk, .end = size - sizeof *piece};
    return piece;
}

/* Keeps the first `got` bytes of the piece that was taken last; the others go back. */
static void append(struct pieces *pieces, struct piece *piece, size_t got)
{
    refpool_give_back(pieces->blocks, &piece->chunk, sizeof *piece + piece->end, sizeof *piece + got);
    piece->end = got;
    if (pieces->first)
        pieces->last->next = piece;
    else
        pieces->first = piece;
    pieces->last = piece;
    pieces->connection->output.unsent += got;
}

/* Frees the memory that it lies in. */
static void drop(struct pieces *pieces, const struct piece *piece)
{
    struct refpool_chunk chunk = piece->chunk;

    refpool_free(pieces->blocks, &chunk);
}

bool pieces_receive(struct pieces *pieces)
{
    struct piece *piece = take(pieces);
    size_t got, room;

    if (!piece) {
        shortage_tell(pieces->connection);
        connection_close(pieces->connection);
        return false;
    }
    room = piece->end;
    switch (connection_receive(pieces->connection, piece->bytes, room, &got)) {
    case CONNECTION_READ:
        append(pieces, piece, got);
        return got == room;
    case CONNECTION_EOF:
        pieces->eof = true;
        break;
    case CONNECTION_LOST:
        connection_lost(pieces->connection, NULL, "recv()");
        break;
    case CONNECTION_AGAIN:
        break;
    }
    drop(pieces, piece);
    return false;
}

/* ---- out ---- */

static ssize_t send_first(const struct pieces *pieces)
{
    struct iovec vectors[PIECES_VECTORS];
    struct msghdr message = {.msg_iov = vectors};

    for (struct piece *piece = pieces->first; piece && message.msg_iovlen < PIECES_VECTORS;
         piece = piece->next)
        vectors[message.msg_iovlen++] =
            (struct iovec){piece->bytes + piece->start, piece->end - piece->start};
    return sendmsg(pieces->connection->io.fd, &message, MSG_NOSIGNAL);
}

/* These bytes have left. */
static void sent(struct pieces *pieces, size_t bytes)
{
    struct piece *piece;

    counter_add(&pieces->connection->worker->counters.sent, bytes);
    pieces->connection->output.unsent -= bytes;
    while ((piece = pieces->first) && bytes >= piece->end - piece->start) {
        bytes -= piece->end - piece->start;
        pieces->first = piece->next;
        drop(pieces, piece);
    }
    if (piece)
        piece->start += bytes;
}

void pieces_send(struct pieces *pieces)
{
    while (pieces->first) {
        ssize_t bytes = send_first(pieces);

        if (bytes >= 0) {
            sent(pieces, (size_t)bytes);
        } else if (errno != EINTR) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                connection_lost(pieces->connection, NULL, "send()");
            return;
        }
    }
}

/* ---- blocks ---- */

void pieces_idle(struct pieces *pieces)
{
    refpool_idle(pieces->blocks);
}

bool pieces_filled(const struct pieces *pieces, const void *block, size_t *bytes)
{
    return refpool_filled(pieces->blocks, block, bytes);
}

void pieces_end(struct pieces *pieces)
{
    if (pieces->blocks)
        refpool_destroy(pieces->blocks);
}
