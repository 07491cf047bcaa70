/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/pace.h"

#include <errno.h>
#include <ev.h>

#include "http/request.h"

#define PACE_TICK .05 /* seconds: a slow rate is not a wake-up for every byte */

struct http_pace {
    struct ev_timer timer; /* runs while the answer may not go on */
    struct ev_loop *loop;
    struct connection *connection;
    double began;  /* seconds (ev_now) */
    double rate;   /* bytes a second */
    uint64_t free; /* bytes before it holds */
    uint64_t sent; /* bytes so far */
    size_t share;  /* bytes that may leave at once, as last said */
};

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct http_pace *pace = timer->data;

    (void)loop;
    (void)events;
    if (!pace->connection->closed)
        pace->connection->binding->protocol->ready(pace->connection, EV_WRITE);
}

static void stop(void *data)
{
    struct http_pace *pace = data;

    ev_timer_stop(pace->loop, &pace->timer);
}

int http_pace_begin(struct http_request *request)
{
    const struct http_core *core = &request->location->core;
    struct http_pace *pace = pool_calloc(request->pool, sizeof *pace, "limit_rate");

    if (!pace || !pool_cleanup_add(request->pool, stop, pace))
        return -ENOMEM;
    pace->connection = &request->connection->base;
    pace->loop = pace->connection->worker->loop;
    pace->began = ev_now(pace->loop);
    pace->rate = (double)core->limit_rate;
    pace->free = core->limit_rate_after;
    ev_timer_init(&pace->timer, on_timer, 0., 0.);
    pace->timer.data = pace;
    request->pace = pace;
    return 0;
}

bool http_pace_waits(const struct http_request *request)
{
    return request && request->pace && ev_is_active(&request->pace->timer);
}

/* Waits until a byte more may leave, and not for less than a tick. */
static void wait(struct http_pace *pace, double allowed)
{
    double seconds = (1. - allowed) / pace->rate;

    ev_timer_set(&pace->timer, seconds > PACE_TICK ? seconds : PACE_TICK, 0.);
    ev_timer_start(pace->loop, &pace->timer);
}

static double allowed_now(const struct http_pace *pace)
{
    return pace->rate * (ev_now(pace->loop) - pace->began + 1.) + (double)pace->free - (double)pace->sent;
}

size_t http_pace_share(struct http_pace *pace)
{
    double allowed = allowed_now(pace);

    ev_timer_stop(pace->loop, &pace->timer);
    pace->share = 0;
    if (allowed < 1.)
        wait(pace, allowed);
    else
        pace->share = allowed < OUTPUT_SHARE ? (size_t)allowed : OUTPUT_SHARE;
    return pace->share;
}

void http_pace_sent(struct http_pace *pace, uint64_t sent, enum output_result result)
{
    pace->sent += sent;
    if (result == OUTPUT_AGAIN && sent == pace->share && allowed_now(pace) < 1.)
        wait(pace, allowed_now(pace));
}
