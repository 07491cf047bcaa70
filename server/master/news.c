/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor waits. */
#include "server/master/news.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "server/log/log.h"

enum { PAUSE = 100 /* ms */ };

void news_failed(struct news *news, const struct log *log, int error, const char *call)
{
    if (!news->complained)
        log_write(log, LOG_LEVEL_ALERT, error, "%s of the supervisor failed, it is tried again every %d ms",
                  call, PAUSE);
    news->pause = news->complained = true;
}

void news_wait(struct news *news, const struct log *log, int signals, int channel, int most)
{
    struct pollfd ends[] = {{.fd = signals, .events = POLLIN}, {.fd = channel, .events = POLLIN}};
    const struct timespec pause = {.tv_nsec = PAUSE * 1000 * 1000};

    if (!news->pause) {
        if (poll(ends, 2, most) >= 0)
            news->complained = false;
        else if (errno != EINTR)
            news_failed(news, log, -errno, "poll()");
    }
    if (news->pause)
        nanosleep(&pause, NULL);
    news->pause = false;
}
