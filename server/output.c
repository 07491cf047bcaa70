/* SPDX-License-Identifier: BSD-2-Clause */
/* The output queue: filled, sent with as few calls as possible, discarded. */
#include "server/output.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pool/annotate.h"
#include "server/loop/socket_calls.h"

enum {
    OUTPUT_FIRST =
        3072, /* bytes of an answer's first block: 16 small pipelined answers fit, in a 4 KiB class */
    OUTPUT_MORE = 15 * 1024, /* bytes of the blocks after it: a 16 KiB class with room for the headers */
    OUTPUT_VECTORS = 32      /* blocks gathered into one call */
};

UNGUARDED static struct output_block *append_block(struct output *output, struct pool *pool, size_t size)
{
    size_t usual = output->tail ? OUTPUT_MORE : OUTPUT_FIRST, capacity;
    struct output_block *block;

    if (size < usual)
        size = usual;
    if (size > UINT32_MAX - sizeof *block)
        return NULL;
    block = pool_take(pool, sizeof *block + size, &capacity, "output");
    if (!block)
        return NULL;
    block->next = NULL;
    block->start = block->end = 0;
    block->capacity = (uint32_t)(capacity - sizeof *block);
    block->file.fd = -1;
    block->file.left = 0;
    if (output->tail)
        output->tail->next = block;
    else
        output->head = block;
    output->tail = block;
    return block;
}

char *output_reserve_slow(struct output *output, struct pool *pool, size_t size, size_t *room)
{
    struct output_block *block = append_block(output, pool, size);

    if (!block)
        return NULL;
    if (room)
        *room = block->capacity;
    return block->bytes;
}

int output_copy(struct output *output, struct pool *pool, const char *bytes, size_t size)
{
    while (size) {
        size_t room;
        char *to = output_reserve(output, pool, 1, &room);

        if (!to)
            return -ENOMEM;
        if (room > size)
            room = size;
        memcpy(to, bytes, room);
        output_commit(output, room);
        bytes += room;
        size -= room;
    }
    return 0;
}

int output_add_file(struct output *output, struct pool *pool, const struct output_file *file)
{
    struct output_block *tail = output->tail;

    if (!tail || tail->file.fd >= 0)
        tail = append_block(output, pool, 0);
    if (!tail)
        return -ENOMEM;
    tail->file = *file;
    output->unsent += file->left;
    return 0;
}

static void drop_head(struct output *output, struct pool *pool)
{
    struct output_block *block = output->head;

    output->head = block->next;
    if (!output->head)
        output->tail = NULL;
    if (block->file.fd >= 0 && block->file.release)
        block->file.release(block->file.owner);
    pool_put(pool, block);
}

/* MSG_MORE if what follows `block` should leave in one segment with it: a file, or the connection's end. */
static int flags_of(const struct output *output, const struct output_block *block)
{
    bool waits = block->file.fd >= 0 ? block->file.joined : output->ends && !block->next;

    return MSG_NOSIGNAL | (waits ? MSG_MORE : 0);
}

/* The bytes of several blocks. Out of line: an answer in one block, as most are, needs none of these arrays.
 */
__attribute__((noinline)) static ssize_t send_blocks(const struct output *output, int fd, size_t share)
{
    struct iovec vectors[OUTPUT_VECTORS];
    struct msghdr message = {.msg_iov = vectors};
    const struct output_block *block = output->head, *last;

    do {
        vectors[message.msg_iovlen].iov_base = (void *)(uintptr_t)(block->bytes + block->start);
        vectors[message.msg_iovlen++].iov_len = block->end - block->start;
        share -= block->end - block->start;
        last = block;
        block = block->next;
    } while (block && last->file.fd < 0 && block->end - block->start <= share &&
             message.msg_iovlen < OUTPUT_VECTORS);
    return sendmsg(fd, &message, flags_of(output, last));
}

/* Sends the bytes at the head of the queue: those of one block by send, of several by sendmsg. */
static ssize_t send_bytes(const struct output *output, int fd, size_t share)
{
    const struct output_block *block = output->head;
    size_t size = block->end - block->start;

    if (block->next && block->file.fd < 0 && size < share)
        return send_blocks(output, fd, share);
    return socket_send(fd, block->bytes + block->start, size < share ? size : share, flags_of(output, block));
}

/* Takes `sent` bytes off the front of the queue's bytes and drops the blocks that are wholly out. */
static void consume(struct output *output, struct pool *pool, size_t sent)
{
    output->unsent -= sent;
    while (output->head) {
        struct output_block *block = output->head;
        size_t here = block->end - block->start;

        if (here > sent) {
            block->start += (uint32_t)sent;
            return;
        }
        sent -= here;
        block->start = block->end;
        if (block->file.fd >= 0)
            return;
        drop_head(output, pool);
    }
}

/* If a file has become shorter than was promised, the connection is cut: ESTALE.
 */
static ssize_t send_file(struct output_file *file, int fd, size_t share)
{
    size_t size = file->left < share ? (size_t)file->left : share;
    ssize_t sent = sendfile(fd, file->fd, &file->offset, size);

    if (sent > 0)
        file->left -= (uint64_t)sent;
    if (sent == 0) {
        errno = ESTALE;
        return -1;
    }
    return sent;
}

enum output_result output_send(struct output *output, struct pool *pool, int fd, size_t share,
                               uint64_t *total)
{
    while (output->head) {
        struct output_block *block = output->head;
        bool bytes = block->end > block->start;
        ssize_t sent;

        if (!bytes && block->file.fd < 0) {
            drop_head(output, pool);
            continue;
        }
        if (!share)
            return OUTPUT_AGAIN;
        sent = bytes ? send_bytes(output, fd, share) : send_file(&block->file, fd, share);
        if (sent < 0) {
            if (errno == EINTR)
                continue;
            return errno == EAGAIN || errno == EWOULDBLOCK ? OUTPUT_AGAIN : OUTPUT_ERROR;
        }
        *total += (uint64_t)sent;
        share = (size_t)sent < share ? share - (size_t)sent : 0;
        if (bytes) {
            consume(output, pool, (size_t)sent);
            continue;
        }
        output->unsent -= (uint64_t)sent;
        if (!block->file.left)
            drop_head(output, pool);
    }
    return OUTPUT_DONE;
}

bool output_filled(const struct output *output, const void *block, size_t *bytes)
{
    for (const struct output_block *at = output->head; at; at = at->next)
        if (at == block) {
            *bytes = sizeof *at + at->end;
            return true;
        }
    return false;
}

void output_discard(struct output *output, struct pool *pool)
{
    while (output->head)
        drop_head(output, pool);
    output->unsent = 0;
}
