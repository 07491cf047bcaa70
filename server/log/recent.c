/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of the latest lines that were kept. */
#include "server/log/recent.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct recent_line lines[RECENT_LINES]; /* under the lock, as is `added` */
static unsigned added;

/* What happened: the text behind the connection's number, up to the figures and the client. */
static const char *head_of(const char *text, size_t *length)
{
    if (*text == '*')
        text += strcspn(text, " ");
    *length = strcspn(text, ":");
    return text;
}

static bool repeats(const struct recent_line *last, const struct recent_line *fresh)
{
    size_t length, other;
    const char *head = head_of(last->text, &length), *fresh_head = head_of(fresh->text, &other);

    return fresh->time - last->time < 1. && length == other && !memcmp(head, fresh_head, length);
}

void recent_add(unsigned level, const char *text, size_t length)
{
    struct recent_line *line, fresh = {.level = level};
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    fresh.time = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    memcpy(fresh.text, text, length < RECENT_TEXT ? length : RECENT_TEXT - 1);
    pthread_mutex_lock(&lock);
    if (!added || !repeats(&lines[(added - 1) % RECENT_LINES], &fresh))
        added++;
    else
        fresh.count = lines[(added - 1) % RECENT_LINES].count;
    fresh.count++;
    line = &lines[(added - 1) % RECENT_LINES];
    *line = fresh;
    pthread_mutex_unlock(&lock);
}

bool recent_get(unsigned n, struct recent_line *line)
{
    bool is;

    pthread_mutex_lock(&lock);
    is = n < RECENT_LINES && n < added;
    if (is)
        *line = lines[(added - 1 - n) % RECENT_LINES];
    pthread_mutex_unlock(&lock);
    return is;
}
