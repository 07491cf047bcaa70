/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/pace.h"

#include <errno.h>
#include <ev.h>

#include "http/request.h"

enum { PACE_TICK_MS = 50 /* no shorter than that: a slow rate is not a wake-up for every byte */ };

struct http_pace {
    struct ev_timer timer; /* runs while the answer may not go on */
    struct ev_loop *loop;
    struct connection *connection;
    double began;  /* seconds (ev_now) */
    double rate;   /* bytes a second */
    uint64_t free; /* bytes before it holds */
    uint64_t sent; /* bytes so far */
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

enum output_result http_pace_send(struct http_connection *connection)
{
    struct http_pace *pace = connection->request->pace;
    uint64_t before = connection->base.output.unsent;
    double allowed =
        pace->rate * (ev_now(pace->loop) - pace->began + 1.) + (double)pace->free - (double)pace->sent;
    enum output_result result = OUTPUT_AGAIN;
    double wait;

    ev_timer_stop(pace->loop, &pace->timer);
    if (allowed >= 1.) {
        size_t most = allowed < (double)SIZE_MAX / 2 ? (size_t)allowed : SIZE_MAX;

        result = connection_send_most(&connection->base, most);
        pace->sent += before - connection->base.output.unsent;
        if (result != OUTPUT_AGAIN || before - connection->base.output.unsent < most)
            return result;
        allowed -= (double)most;
    }
    wait = (1. - allowed) / pace->rate;
    if (wait < PACE_TICK_MS / 1000.)
        wait = PACE_TICK_MS / 1000.;
    ev_timer_set(&pace->timer, wait, 0.);
    ev_timer_start(pace->loop, &pace->timer);
    return result;
}
