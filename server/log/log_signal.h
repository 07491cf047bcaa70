/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a line of the error log from a handler of a signal, which may have come at any point of the
 *   thread: by system calls alone, without the turn that other lines wait for (log_sink.h). Up to PIPE_BUF
 *   bytes the kernel keeps it apart from them.
 * Lifetime: the places hold while the log does.
 * Threads: any.
 * Errors: none: a line that cannot be written within a second is lost.
 */
#ifndef SERVER_LOG_LOG_SIGNAL_H
#define SERVER_LOG_LOG_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "server/log/log.h"

enum {
    LOG_SIGNAL_PLACES = 8, /* of a chain with more links, the first */
    LOG_SIGNAL_ROOM = 80   /* bytes in front of a message: for the time, the level and the thread */
};

/* Where a line goes. Found before the line is made, so that it can be written whatever happens then. */
struct log_signal_places {
    unsigned count;
    struct {
        int fd;
        bool is_short;   /* "tidepool: [alert] message" */
        bool is_journal; /* log_head.h */
    } at[LOG_SIGNAL_PLACES];
};

/* Where log_write would write it; if that is nowhere: stderr. */
void log_signal_find(const struct log *log, enum log_level level, struct log_signal_places *places);

/* LOG_SIGNAL_ROOM bytes in front of `message`, and one behind it, may be written. */
void log_signal_write(const struct log_signal_places *places, enum log_level level, char *message,
                      size_t length);

#endif
