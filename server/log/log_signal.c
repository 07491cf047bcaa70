/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of the error log from a handler of a signal. */
#include "server/log/log_signal.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/log/clock.h"
#include "server/log/log_head.h"
#include "server/log/log_sink.h"
#include "server/log/log_text.h"

enum { PATIENCE = 1000 /* ms that a full pipe or a stopped terminal is waited for */ };

/* `target` is NULL for stderr in the short form. */
static void add(struct log_signal_places *places, const struct log_target *target)
{
    places->at[places->count].fd = target ? target->fd : STDERR_FILENO;
    places->at[places->count].is_short = !target;
    places->at[places->count].is_journal = log_head_is_journal(target);
    places->count++;
}

void log_signal_find(const struct log *log, enum log_level level, struct log_signal_places *places)
{
    bool on_stderr = false;

    places->count = 0;
    for (const struct log *link = log; link && places->count < LOG_SIGNAL_PLACES - 1; link = link->next) {
        if (level > link->level)
            continue;
        add(places, link->target);
        on_stderr |= places->at[places->count - 1].fd == STDERR_FILENO;
    }
    if (!places->count || (!on_stderr && log_stderr_copy_wanted(level)))
        add(places, NULL);
}

/* In one piece, unless the kernel takes only a part. A pipe that can be written to has room for PIPE_BUF
 * bytes. */
static void log_signal_put(int fd, const char *bytes, size_t length)
{
    struct pollfd place = {.fd = fd, .events = POLLOUT};

    while (length && poll(&place, 1, PATIENCE) > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written <= 0)
            return;
        bytes += written;
        length -= (size_t)written;
    }
}

/* Into the bytes before `message`; how many. */
static size_t put_head(char *message, enum log_level level, bool is_short, bool is_journal)
{
    char head[LOG_SIGNAL_ROOM], date[20];
    struct timespec now;
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_format_signal(now.tv_sec, date);
    length = log_head_print(head, sizeof head, level, is_short ? NULL : date, is_journal);
    memcpy(message - length, head, length);
    return length;
}

void log_signal_write(const struct log_signal_places *places, enum log_level level, char *message,
                      size_t length)
{
    message[length++] = '\n';
    for (unsigned i = 0; i < places->count; i++) {
        size_t before = put_head(message, level, places->at[i].is_short, places->at[i].is_journal);

        log_signal_put(places->at[i].fd, message - before, before + length);
    }
}
