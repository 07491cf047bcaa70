/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers by the number of their file, and when they are flushed. */
#include "server/log/log_buffer.h"

#include "pool/annotate.h"
#include "pool/holds.h"
#include "pool/sizeclass.h"

#include <errno.h>
#include <string.h>

void log_buffers_init(struct log_buffers *buffers, struct sizeclass *classes)
{
    memset(buffers, 0, sizeof *buffers);
    buffers->classes = classes;
    buffers->next_due = INT64_MAX;
}

UNGUARDED static void write_out(struct log_buffer *buffer)
{
    if (buffer->used > 0)
        log_file_write(buffer->file, buffer->bytes, buffer->used);
    buffer->used = 0;
    buffer->due = 0;
}

static void give_back(struct log_buffers *buffers, struct log_buffer *buffer)
{
    if (buffer->file)
        holds_give(buffer->file, buffers, "lines in a worker's buffer");
    if (buffer->bytes)
        sizeclass_put(buffers->classes, buffer->bytes, buffer->capacity);
    memset(buffer, 0, sizeof *buffer);
}

void log_buffers_flush(struct log_buffers *buffers)
{
    for (unsigned i = 0; i < buffers->count; i++) {
        write_out(&buffers->entries[i]);
        give_back(buffers, &buffers->entries[i]);
    }
    buffers->fresh = 0;
    buffers->next_due = INT64_MAX;
}

void log_buffers_deinit(struct log_buffers *buffers)
{
    log_buffers_flush(buffers);
    if (buffers->entries)
        sizeclass_put(buffers->classes, buffers->entries, buffers->count * sizeof *buffers->entries);
    buffers->entries = NULL;
    buffers->count = 0;
}

/* `id` is dense, so the array is as long as there are files. */
static bool grow_entries(struct log_buffers *buffers, unsigned id)
{
    size_t count = (size_t)id + 1, old = buffers->count * sizeof *buffers->entries;
    struct log_buffer *entries = sizeclass_get(buffers->classes, count * sizeof *entries, NULL);

    if (!entries)
        return false;
    memset(entries, 0, count * sizeof *entries);
    if (old > 0) {
        memcpy(entries, buffers->entries, old);
        sizeclass_put(buffers->classes, buffers->entries, old);
    }
    buffers->entries = entries;
    buffers->count = (unsigned)count;
    return true;
}

char *log_buffers_reserve_slow(struct log_buffers *buffers, struct log_file *file, size_t buffer_size,
                               int64_t flush_ms, size_t line_max)
{
    size_t size = buffer_size > 0 ? buffer_size : LOG_BUFFER_SIZE;
    struct log_buffer *buffer;

    if (file->id >= buffers->count && !grow_entries(buffers, file->id)) {
        log_file_lost(file, 1, ENOMEM);
        return NULL;
    }
    buffer = &buffers->entries[file->id];
    if (buffer->file)
        write_out(buffer);
    if (buffer->file == file && buffer->capacity >= line_max)
        return buffer->bytes;
    give_back(buffers, buffer);
    buffer->bytes = sizeclass_get(buffers->classes, size > line_max ? size : line_max, &buffer->capacity);
    if (!buffer->bytes) {
        memset(buffer, 0, sizeof *buffer);
        log_file_lost(file, 1, ENOMEM);
        return NULL;
    }
    holds_take(file, buffers, "lines in a worker's buffer");
    buffer->file = file;
    buffer->wanted = buffer_size;
    buffer->flush_ms = buffer_size > 0 ? flush_ms : LOG_BUFFER_WAIT;
    return buffer->bytes;
}

/* Whether there are so many lines that one write should serve several turns. */
static bool are_many(struct log_buffers *buffers, int64_t now_ms)
{
    if (now_ms != buffers->counted) {
        buffers->before = now_ms == buffers->counted + 1 ? buffers->now : 0;
        buffers->now = 0;
        buffers->counted = now_ms;
    }
    buffers->now += buffers->fresh;
    buffers->fresh = 0;
    return buffers->now + buffers->before >= LOG_BUFFER_MANY;
}

void log_buffers_turn_slow(struct log_buffers *buffers, int64_t now_ms)
{
    bool many = are_many(buffers, now_ms);

    buffers->next_due = INT64_MAX;
    for (struct log_buffer *buffer = buffers->entries, *end = buffer + buffers->count; buffer < end;
         buffer++) {
        if (buffer->used == 0)
            continue;
        if ((buffer->wanted == 0 && !many) || (buffer->due != 0 && now_ms >= buffer->due)) {
            write_out(buffer);
            continue;
        }
        if (buffer->flush_ms == 0)
            continue;
        if (buffer->due == 0)
            buffer->due = now_ms + buffer->flush_ms;
        if (buffer->due < buffers->next_due)
            buffers->next_due = buffer->due;
    }
}
