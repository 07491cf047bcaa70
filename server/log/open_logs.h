/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: log files that stay open while they are written to often, shared by all threads. This is
 *   open_log_file_cache: each line names its file, which is kept open from its min_uses-th use on.
 * Lifetime: a struct open_log does not change and is counted: each get has its put, and with the last
 *   reference its descriptor is closed, even if the cache dropped it long ago. Destroy a
 *   cache when no get can come any more.
 * Threads: every function but create and destroy, from every thread. One lock, for lists alone: under it
 *   nothing is allocated, freed, opened, stat'ed or closed.
 * Errors: get returns a negative errno: that of open(2), or -ENOMEM; *log is then NULL.
 */
#ifndef SERVER_LOG_OPEN_LOGS_H
#define SERVER_LOG_OPEN_LOGS_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct sgi;
struct log_sink;
struct open_logs;

struct open_log {
    int fd;                /* O_WRONLY | O_APPEND */
    struct log_sink *sink; /* what it is written by (log_sink.h) */
    dev_t device;
    ino_t inode;
    struct sgi *sgi; /* where its memory came from */
    atomic_uint references;
};

struct open_logs_limits {
    int64_t max;         /* files kept, >= 1; the one used least lately goes first */
    int64_t min_uses;    /* >= 1 */
    int64_t inactive_ms; /* unused for so long: counted anew, and closed */
    int64_t valid_ms;    /* how long a name is trusted */
};

/* NULL: no memory. */
struct open_logs *open_logs_create(struct sgi *sgi, const struct open_logs_limits *limits);
void open_logs_destroy(struct open_logs *logs);

/* The file of an absolute path; it is made if it is not there. `now` in ms, of any clock that does not go
 * back. `logs` may be null: opened for this once. */
int open_logs_get(struct sgi *sgi, struct open_logs *logs, const char *path, int64_t now,
                  struct open_log **log) __attribute__((warn_unused_result));
void open_log_put(struct open_log *log);

#endif
