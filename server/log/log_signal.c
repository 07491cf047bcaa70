/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of the error log from a handler of a signal. */
#include "server/log/log_signal.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/log/clock.h"
#include "server/log/log_sink.h"
#include "server/log/log_text.h"

enum { PATIENCE = 1000 /* ms that a full pipe or a stopped terminal is waited for */ };

static void add(struct log_signal_places *places, int fd, bool is_short)
{
    places->at[places->count].fd = fd;
    places->at[places->count].is_short = is_short;
    places->count++;
}

void log_signal_find(const struct log *log, enum log_level level, struct log_signal_places *places)
{
    bool on_stderr = false;

    places->count = 0;
    for (const struct log *link = log; link && places->count < LOG_SIGNAL_PLACES - 1; link = link->next) {
        if (level > link->level)
            continue;
        add(places, link->target ? link->target->fd : STDERR_FILENO, !link->target);
        on_stderr |= places->at[places->count - 1].fd == STDERR_FILENO;
    }
    if (!places->count || (!on_stderr && log_stderr_copy_wanted(level)))
        add(places, STDERR_FILENO, true);
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

void log_signal_write(const struct log_signal_places *places, enum log_level level, char *message,
                      size_t length)
{
    char head[LOG_SIGNAL_ROOM], date[20];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_format_signal(now.tv_sec, date);
    message[length++] = '\n';
    for (unsigned i = 0; i < places->count; i++) {
        size_t before = places->at[i].is_short
                            ? log_text_print(head, sizeof head, "tidepool: [%s] ", log_level_names[level])
                            : log_text_print(head, sizeof head, "%s [%s] %d#%d: ", date,
                                             log_level_names[level], (int)getpid(), (int)gettid());

        memcpy(message - before, head, before);
        log_signal_put(places->at[i].fd, message - before, before + length);
    }
}
