/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a connection has still to send: a queue of bytes and file ranges that is sent with as few
 *   system calls as possible. Adjacent bytes go in one call, and bytes before a file that is joined to them
 *   carry MSG_MORE, as do the last ones before the connection's end, which leaves in their segment.
 * Lifetime: part of struct connection. Blocks are taken whole from the connection's pool (pool_take), so
 *   they survive the resets between requests, and go back as soon as they are sent. A file range holds its
 *   own reference on the file, dropped through `release`.
 * Threads: the connection's worker only.
 * Errors: NULL or -ENOMEM when the pool refuses (pool_failure tells why); OUTPUT_ERROR with errno when the
 *   peer is gone.
 */
#ifndef SERVER_OUTPUT_H
#define SERVER_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pool/pool.h"

/* A range of an open file that follows the bytes of a block. */
struct output_file {
    int fd;                  /* read from; -1: none */
    bool joined;             /* its first bytes leave in one segment with those before it */
    off_t offset;            /* next byte to send */
    uint64_t left;           /* bytes still to send */
    void (*release)(void *); /* called once with `owner` when the range is sent or dropped; may be null */
    void *owner;
};

struct output_block {
    struct output_block *next;
    uint32_t start;          /* first unsent byte */
    uint32_t end;            /* where the next byte goes */
    uint32_t capacity;       /* bytes that fit in `bytes` */
    struct output_file file; /* sent after the bytes; the block takes no more bytes once it has one */
    char bytes[];
};

enum {
    OUTPUT_SHARE = 2 << 20 /* bytes one wake-up may send: one download cannot hold up the loop (nginx: 2m) */
};

struct output {
    struct output_block *head, *tail; /* both null: nothing to send */
    uint64_t unsent;                  /* bytes queued, files included */
    bool ends; /* the connection is shut as soon as all is out: the last bytes wait for that */
};

enum output_result {
    OUTPUT_DONE,  /* everything is out */
    OUTPUT_AGAIN, /* wait for the socket, or the share of this wake-up is used: watch for writability */
    OUTPUT_ERROR  /* the connection is lost; errno says why */
};

/* Room for at least `size` contiguous bytes at the end of the queue, or NULL. *room, if not null, is all
 * there is. */
static inline char *output_reserve(struct output *output, struct pool *pool, size_t size, size_t *room);

/* Says that `size` of the reserved bytes were written. */
static inline void output_commit(struct output *output, size_t size);

/* Copies `size` bytes to the end of the queue, in as many blocks as needed; 0 or -ENOMEM (what fitted stays).
 */
int output_copy(struct output *output, struct pool *pool, const char *bytes, size_t size);

/* Appends a file range of `size` > 0 bytes. On failure (-ENOMEM) `release` is not called: the caller keeps
 * the file. */
int output_add_file(struct output *output, struct pool *pool, const struct output_file *file);

/* Sends what it can to `fd`, at most `most` bytes; *sent (bytes) is added to. */
enum output_result output_send(struct output *output, struct pool *pool, int fd, size_t most, uint64_t *sent);

/* Whether `block` (what pool_take gave) is in the queue; then *bytes of it, its head included, are used. */
bool output_filled(const struct output *output, const void *block, size_t *bytes);

/* Drops what is queued and releases its files; the blocks go back to the pool. */
void output_discard(struct output *output, struct pool *pool);

/* ---- inline bodies ---- */

char *output_reserve_slow(struct output *output, struct pool *pool, size_t size, size_t *room);

static inline char *output_reserve(struct output *output, struct pool *pool, size_t size, size_t *room)
{
    struct output_block *tail = output->tail;

    if (!tail || tail->file.fd >= 0 || tail->capacity - tail->end < size)
        return output_reserve_slow(output, pool, size, room);
    if (room)
        *room = tail->capacity - tail->end;
    return tail->bytes + tail->end;
}

static inline void output_commit(struct output *output, size_t size)
{
    output->tail->end += (uint32_t)size;
    output->unsent += size;
}

#endif
