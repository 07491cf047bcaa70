/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the error log, with lines in nginx's form, "2026/11/21 03:26:00 [error] PID#TID: message (2: No
 *   such file or directory)". Several error_log lines at one level are a chain; each link has its own level.
 * Lifetime: a struct log belongs to its maker (a generation's pool) and must outlive its use; it borrows its
 *   file, which log_file_get gave.
 * Threads: every thread may call log_write. Lines are whole, also beside other logs that go to the same place
 *   (log_sink.h).
 * Errors: none: a line that cannot be written is lost. Nothing is allocated, errno is kept.
 */
#ifndef SERVER_LOG_LOG_H
#define SERVER_LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct log_target;

enum { LOG_LINE_MAX = 2048 }; /* bytes of a line with its newline; a longer one is cut */

enum log_level {
    LOG_LEVEL_STDERR,
    LOG_LEVEL_EMERG,
    LOG_LEVEL_ALERT,
    LOG_LEVEL_CRIT,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_KEPT =
        16 /* added to a level: the line is also among those of recent.h, whatever the log leaves out */
};

extern const char *const log_level_names[];

struct log {
    enum log_level level;      /* lines of this level and of those more severe are written */
    struct log_target *target; /* a log_file's. NULL: stderr, in the short form "tidepool: [emerg] message" */
    const struct log *next;    /* NULL at the end */
};

/* Whether a line of this level would be written anywhere: the guard before costly arguments. `log` is not
 * NULL. */
static inline bool log_enabled(const struct log *log, enum log_level level);

/* `error` is an errno, which is appended with its text, or 0. Control bytes of the message are written as
 * \xHH. */
__attribute__((format(printf, 4, 5))) void log_write(const struct log *log, enum log_level level, int error,
                                                     const char *format, ...);

/* The level at which the errno of a connection's system call is logged; positive or negative. */
enum log_level log_level_of_errno(int error);

/* The log until a configuration is read: stderr, notice and more severe, in the short form. */
const struct log *log_before_config(void);

/* While it is on (from the start until the process has become a daemon, or serves), lines of level warn and
 * more severe go to stderr in the short form too, unless the chain has stderr in it. Main thread, before
 * threads. */
void log_set_stderr_copy(bool on);

/* The log of the calling thread, for events outside every connection (a full disk, a failed allocation). It
 * is log_before_config() until set; NULL sets it back. A worker sets it anew before it lets go of a
 * generation. */
void log_thread_set(const struct log *log);
const struct log *log_thread(void);

bool log_stderr_copy_wanted(enum log_level level);

static inline bool log_enabled(const struct log *log, enum log_level level)
{
    for (const struct log *link = log; link; link = link->next) {
        if (level <= link->level)
            return true;
    }
    if (level & LOG_KEPT)
        return true;
    return level <= LOG_LEVEL_WARN && log_stderr_copy_wanted(level);
}

#endif
