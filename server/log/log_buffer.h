/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a worker's buffers for the lines of its access logs, one per file. A line is written straight into
 *   the buffer (reserve, format, commit). Without buffer= all lines of a loop turn leave in one write at its
 *   end, and while there are many, those of all turns of a millisecond. With it, when the next line does not
 *   fit or flush= is due. A line is never split over two writes.
 * Lifetime: embedded in the worker. Buffers are taken from the worker's sizeclass with the first line and
 *   stay until log_buffers_flush or deinit. Files are borrowed: flush before letting go of the generation
 *   that holds them.
 * Threads: the owner's.
 * Errors: reserve returns NULL when memory is short; the line is then lost and has been counted at the file.
 */
#ifndef SERVER_LOG_LOG_BUFFER_H
#define SERVER_LOG_LOG_BUFFER_H

#include "server/log/log_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sizeclass;

/* Of files without buffer=. */
enum {
    LOG_BUFFER_SIZE = 16 * 1024, /* holds some 80 lines, a millisecond's worth */
    LOG_BUFFER_WAIT = 1,         /* ms that a line may wait, when there are many */
    LOG_BUFFER_MANY = 32,        /* lines in a millisecond and the one before; a client that sends one
                                    request after the other has hardly so many */
};

struct log_buffer {
    struct log_file *file; /* NULL: unused */
    char *bytes;
    size_t used, capacity; /* bytes; used <= capacity */
    size_t wanted;         /* buffer_size as configured; 0: leaves at the end of the turn, unless many do */
    int64_t flush_ms;      /* 0: only when full */
    int64_t due;           /* ms, of the worker's clock; 0: nothing is due */
};

struct log_buffers {
    struct sizeclass *classes;
    struct log_buffer *entries; /* by log_file.id */
    unsigned count;             /* of entries */
    unsigned fresh;             /* lines committed since the last turn */
    int64_t next_due;           /* ms; INT64_MAX: nothing waits for its time */
    /* Lines of all files, by the turns that had any. */
    int64_t counted;      /* ms: the one that they are counted in, … */
    unsigned now, before; /* … those of it, and of the one before */
};

void log_buffers_init(struct log_buffers *buffers, struct sizeclass *classes);
/* Writes what is left and gives all memory back. */
void log_buffers_deinit(struct log_buffers *buffers);

/* Room for a line of at most `line_max` bytes. `buffer_size`: 0, or buffer= in bytes; `flush_ms`: 0, or
 * flush=; both count when the file's buffer is made (the configuration checks that all uses of a file
 * agree). */
static inline char *log_buffers_reserve(struct log_buffers *buffers, struct log_file *file,
                                        size_t buffer_size, int64_t flush_ms, size_t line_max);

/* The room that is left in the file's buffer, *room bytes: less than any line if there is none yet. It may be
 * committed as if it had been reserved. */
static inline char *log_buffers_rest(struct log_buffers *buffers, const struct log_file *file, size_t *room);

/* Ends the line that the last reserve for this file began; `written` <= its line_max, newline included. */
static inline void log_buffers_commit(struct log_buffers *buffers, struct log_file *file, size_t written);

/* At the end of every loop turn. `now_ms`: one clock, always positive, that does not go back. */
static inline void log_buffers_turn(struct log_buffers *buffers, int64_t now_ms);

/* Writes everything and forgets the files. */
void log_buffers_flush(struct log_buffers *buffers);

/* When log_buffers_turn must be called though nothing else happens: ms, or INT64_MAX. Set by
 * log_buffers_turn. */
static inline int64_t log_buffers_due(const struct log_buffers *buffers);

char *log_buffers_reserve_slow(struct log_buffers *buffers, struct log_file *file, size_t buffer_size,
                               int64_t flush_ms, size_t line_max);
void log_buffers_turn_slow(struct log_buffers *buffers, int64_t now_ms);

static inline char *log_buffers_reserve(struct log_buffers *buffers, struct log_file *file,
                                        size_t buffer_size, int64_t flush_ms, size_t line_max)
{
    if (file->id < buffers->count) {
        struct log_buffer *buffer = &buffers->entries[file->id];

        if (buffer->file == file && buffer->capacity - buffer->used >= line_max)
            return buffer->bytes + buffer->used;
    }
    return log_buffers_reserve_slow(buffers, file, buffer_size, flush_ms, line_max);
}

static inline char *log_buffers_rest(struct log_buffers *buffers, const struct log_file *file, size_t *room)
{
    struct log_buffer *buffer = file->id < buffers->count ? &buffers->entries[file->id] : NULL;

    if (!buffer || buffer->file != file) {
        *room = 0;
        return NULL;
    }
    *room = buffer->capacity - buffer->used;
    return buffer->bytes + buffer->used;
}

static inline void log_buffers_commit(struct log_buffers *buffers, struct log_file *file, size_t written)
{
    buffers->entries[file->id].used += written;
    buffers->fresh++;
}

static inline void log_buffers_turn(struct log_buffers *buffers, int64_t now_ms)
{
    if (buffers->fresh || now_ms >= buffers->next_due)
        log_buffers_turn_slow(buffers, now_ms);
}

static inline int64_t log_buffers_due(const struct log_buffers *buffers)
{
    return buffers->next_due;
}

#endif
