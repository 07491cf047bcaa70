/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: files that logs are written to. One per path, shared by every generation that names the path;
 *   reopening after USR1.
 * Lifetime: counted; log_file_get opens or counts up, log_file_put counts down and closes at zero. A
 *   generation puts its files when no thread uses it any more. The descriptor's number never changes while
 *   the file lives.
 * Threads: get, put and reopen_all: the main thread alone. log_file_write: every thread that holds a
 *   reference.
 * Errors: get returns NULL and a negative errno. A write that fails loses its lines: they are counted, and
 *   logged once a minute on the calling thread's error log, not per line.
 */
#ifndef SERVER_LOG_LOG_FILE_H
#define SERVER_LOG_LOG_FILE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/log/log_sink.h"

struct log_file {
    /* set once */
    struct log_target to; /* the error log writes to it without knowing the rest */
    const char *path;     /* absolute, or "stderr" */
    unsigned id;          /* small and dense; given to another file once this one is gone */

    /* the main thread's */
    unsigned references;
    struct log_file *next; /* in the registry */

    atomic_int gzip; /* the main thread writes: 1 … 9: each write becomes a gzip member; 0: as it is */

    /* every writer's */
    _Atomic int64_t complained_at; /* seconds (CLOCK_MONOTONIC) of the last complaint; 0 never */
    _Atomic uint64_t said_lines;   /* lost lines that the last complaint knew of */
};

/* `path` is copied. NULL: *error is a negative errno (what open(2) said, or -ENOMEM). */
__attribute__((warn_unused_result)) struct log_file *log_file_get(const char *path, int *error);
void log_file_put(struct log_file *file);

/* For USR1: opens every path anew and gives the new file the old one's descriptor number, so that threads can
 * write all the time. `uid`, `gid`: the new files' owner when started as root for another user; (uid_t)-1
 * leaves it. A path that cannot be opened keeps its old file, which is logged. Returns how many could not. */
unsigned log_file_reopen_all(uid_t uid, gid_t gid);

/* How often log_file_reopen_all was called: a module that keeps log files open itself compares it before it
 * writes. Every thread. */
unsigned log_file_reopens(void);

/* Hands every open file to the user that the workers will run as (before privileges are dropped); failures
 * are logged. */
void log_file_chown_all(uid_t uid, gid_t gid);

/* Whole lines. */
void log_file_write(struct log_file *file, const char *bytes, size_t length);

/* Counts a line that could not be formatted (no memory for a buffer), as log_file_write counts lost ones. */
void log_file_lost(struct log_file *file, uint64_t lines, int error);

#endif
