/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of minutes. */
#include "server/watch/history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "pool/sysmem.h"
#include "server/generation.h"
#include "server/log/recent.h"
#include "server/tenure.h"
#include "server/watch/census.h"
#include "server/watch/text.h"
#include "server/worker.h"

struct minute {
    uint32_t live_kib; /* 0: not known */
    uint32_t open;
    uint32_t requests; /* in the minute before */
    uint32_t reloads;  /* likewise */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct minute minutes[HISTORY_MINUTES]; /* under the lock, as is all that follows but `next` */
static int64_t newest;                         /* minutes since the epoch; 0: none was written down */
static int64_t oldest;
static struct history_figures last;
static _Atomic int64_t next; /* Unix seconds: the next minute to write */

void history_add(int64_t time, const struct history_figures *figures)
{
    int64_t now = time / 60;
    struct minute *minute = &minutes[now % HISTORY_MINUTES];

    pthread_mutex_lock(&lock);
    if (now > newest) {
        if (!newest || now - newest >= HISTORY_MINUTES) {
            memset(minutes, 0, sizeof minutes);
            oldest = now;
        } else {
            for (int64_t gap = newest + 1; gap < now; gap++)
                minutes[gap % HISTORY_MINUTES] = (struct minute){0};
        }
        minute->live_kib = (uint32_t)((figures->live_bytes + 1023) / 1024);
        minute->open = (uint32_t)figures->open;
        minute->requests = newest ? (uint32_t)(figures->requests - last.requests) : 0;
        minute->reloads = newest ? figures->generation - last.generation : 0;
        newest = now;
        last = *figures;
        if (newest - oldest >= HISTORY_MINUTES)
            oldest = newest - HISTORY_MINUTES + 1;
    }
    pthread_mutex_unlock(&lock);
}

void history_second(struct worker *worker)
{
    struct snapshot_counters counters;
    struct history_figures figures = {0};
    struct sysmem_stats memory;
    int64_t now = time(NULL), due = atomic_load_explicit(&next, memory_order_relaxed);

    if (now < due && now >= due - 60) /* a clock that is set back must not stop it */
        return;
    if (!worker->tenure || !atomic_compare_exchange_strong(&next, &due, now - now % 60 + 60))
        return;
    census_take_counters(&counters);
    sysmem_stats(&memory);
    figures.live_bytes = memory.live_bytes;
    figures.open = counters.accepted - counters.closed;
    figures.requests = counters.requests;
    figures.generation = worker->tenure->generation->number;
    history_add(now, &figures);
}

void history_put(struct text *text)
{
    json_put_open(text, NULL, '{');
    json_put_number(text, "step_seconds", 60);
    pthread_mutex_lock(&lock);
    json_put_number(text, "first", (uint64_t)oldest * 60);
    json_put_open(text, "minutes", '[');
    for (int64_t at = oldest; newest && at <= newest; at++) {
        const struct minute *minute = &minutes[at % HISTORY_MINUTES];

        json_put_open(text, NULL, '[');
        if (minute->live_kib) {
            json_put_number(text, NULL, (uint64_t)minute->live_kib * 1024);
            json_put_number(text, NULL, minute->open);
            json_put_number(text, NULL, minute->requests);
            json_put_number(text, NULL, minute->reloads);
        }
        json_put_close(text, ']');
    }
    pthread_mutex_unlock(&lock);
    json_put_close(text, ']');
    json_put_close(text, '}');
}

void history_put_events(struct text *text)
{
    struct recent_line line;

    json_put_open(text, "events", '[');
    for (unsigned i = 0; recent_get(i, &line) && !text->short_of_memory; i++) {
        json_put_open(text, NULL, '{');
        json_put_seconds(text, "time", line.time);
        json_put_text(text, "level", log_level_names[line.level]);
        json_put_number(text, "count", line.count);
        json_put_text(text, "text", line.text);
        json_put_close(text, '}');
    }
    json_put_close(text, ']');
}
