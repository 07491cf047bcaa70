/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the error log: put together on the stack, escaped, written. */
#include "server/log/log.h"

#include "pool/holds.h"
#include "server/log/clock.h"
#include "server/log/log_head.h"
#include "server/log/log_line.h"
#include "server/log/log_sink.h"
#include "server/log/log_text.h"
#include "server/log/recent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const log_level_names[] = {"",     "emerg",  "alert", "crit", "error",
                                       "warn", "notice", "info",  "debug"};

static const struct log before_config = {.level = LOG_LEVEL_NOTICE};
static atomic_bool stderr_copy;
static __thread const struct log *this_thread;

const struct log *log_before_config(void)
{
    return &before_config;
}

void log_set_stderr_copy(bool on)
{
    atomic_store_explicit(&stderr_copy, on, memory_order_relaxed);
}

bool log_stderr_copy_wanted(enum log_level level)
{
    return level <= LOG_LEVEL_WARN && atomic_load_explicit(&stderr_copy, memory_order_relaxed);
}

void log_thread_set(const struct log *log)
{
    if (this_thread)
        holds_give(this_thread, &this_thread, "log_thread() of a thread");
    if (log)
        holds_take(log, &this_thread, "log_thread() of a thread");
    this_thread = log;
}

const struct log *log_thread(void)
{
    return this_thread ? this_thread : &before_config;
}

enum log_level log_level_of_errno(int error)
{
    switch (error < 0 ? -error : error) {
    /* The peer, or the way to it. */
    case ECONNRESET:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EPIPE:
    case ENOTCONN:
    case ETIMEDOUT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EPROTO:
        return LOG_LEVEL_INFO;
    /* This machine lacks something. */
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
        return LOG_LEVEL_CRIT;
    /* Our own mistake: a wrong descriptor or argument. */
    case EBADF:
    case EFAULT:
    case ENOTSOCK:
        return LOG_LEVEL_ALERT;
    default:
        return LOG_LEVEL_ERROR;
    }
}

static void write_line(struct log_target *target, struct log_line *line)
{
    int error;

    line->bytes[line->length++] = '\n';
    if (target)
        log_sink_say(target, line->bytes, line->length);
    else
        log_sink_write(log_sink_stderr(), STDERR_FILENO, line->bytes, line->length, true, &error);
}

static const char *date_now(void)
{
    static _Thread_local struct {
        int64_t second;
        char text[20];
    } last;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (last.second != now.tv_sec)
        clock_format_error(last.second = now.tv_sec, last.text);
    return last.text;
}

/* `target`: NULL for stderr, in the short form. */
static void write_to(struct log_target *target, enum log_level level, const char *message, size_t length)
{
    char bytes[LOG_LINE_MAX];
    struct log_line line = {bytes, 0, LOG_LINE_MAX - 1};

    line.length =
        log_head_print(bytes, sizeof bytes, level, target ? date_now() : NULL, log_head_is_journal(target));
    log_line_text(&line, message, length);
    write_line(target, &line);
}

static void write_chain(const struct log *log, enum log_level level, const char *message, size_t length)
{
    bool on_stderr = false;

    for (const struct log *link = log; link; link = link->next) {
        if (level > link->level)
            continue;
        write_to(link->target, level, message, length);
        on_stderr |= !link->target || link->target->fd == STDERR_FILENO;
    }
    if (!on_stderr && log_stderr_copy_wanted(level))
        write_to(NULL, level, message, length);
}

/* " (2: No such file or directory)". */
static void put_error(struct log_line *line, int error)
{
    char text[128], reason[160];

    log_line_text(
        line, reason,
        log_text_print(reason, sizeof reason, " (%d: %s)", error, strerror_r(error, text, sizeof text)));
}

void log_write(const struct log *log, enum log_level level, int error, const char *format, ...)
{
    char bytes[LOG_LINE_MAX], message[LOG_LINE_MAX];
    struct log_line line = {bytes, 0, LOG_LINE_MAX - 1};
    bool kept = level & LOG_KEPT;
    int saved = errno;
    size_t size;
    va_list arguments;

    level = (enum log_level)(level & (LOG_KEPT - 1));
    if (!kept && !log_enabled(log, level))
        return;
    va_start(arguments, format);
    size = log_text_vprint(message, sizeof message, format, arguments);
    va_end(arguments);
    log_line_escaped(&line, message, size);
    if (error != 0)
        put_error(&line, error < 0 ? -error : error);
    if (kept)
        recent_add(level, line.bytes, line.length);
    write_chain(log, level, line.bytes, line.length);
    errno = saved;
}
