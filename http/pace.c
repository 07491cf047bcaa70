/* SPDX-License-Identifier: BSD-2-Clause */
/* limit_rate: how much of an answer may be sent now, and the timer for the rest; tcp_nodelay. */
#include "http/pace.h"

#include <errno.h>
#include <ev.h>

#include "conf/units.h"
#include "http/request.h"
#include "http/text/template.h"
#include "server/log/log.h"
#include "server/process/crash.h"

#define PACE_TICK .05 /* seconds: a slow rate must not wake up for every byte */

struct http_pace {
    struct ev_timer timer; /* runs while the answer may not go on */
    struct ev_loop *loop;
    struct connection *connection;
    double began;  /* seconds (timeouts_now) */
    double rate;   /* bytes a second */
    uint64_t free; /* bytes before the limit begins */
    uint64_t sent; /* bytes so far */
    size_t share;  /* bytes that may be sent at once, as last returned */
};

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct http_pace *pace = timer->data;

    (void)loop;
    (void)events;
    crash_subject = pace->connection;
    if (!pace->connection->closed)
        pace->connection->binding->protocol->ready(pace->connection, EV_WRITE);
}

static void stop(void *data)
{
    struct http_pace *pace = data;

    ev_timer_stop(pace->loop, &pace->timer);
}

void http_pace_set(struct http_request *request, const char *text)
{
    size_t bytes;

    if (!conf_parse_size(text, &bytes)) {
        http_log(request, LOG_LEVEL_ERROR, 0, "invalid size \"%s\" of $limit_rate", text);
        return;
    }
    request->route.limit_rate = bytes;
    request->route.limit_rate_set = true;
    request->connection->tuned = true;
}

/* As in nginx, an invalid size is no limit. An empty one (a map without a default) is not logged. */
static int amount_of(struct http_request *request, const struct http_amount *amount, size_t *bytes)
{
    struct http_text text;

    *bytes = amount->bytes;
    if (!amount->text)
        return 0;
    *bytes = 0;
    if (!http_template_write(amount->text, request, &text))
        return -ENOMEM;
    if (text.length && !conf_parse_size(text.bytes, bytes))
        http_log(request, LOG_LEVEL_ERROR, 0, "invalid size \"%s\"", text.bytes);
    return 0;
}

size_t http_pace_rate(const struct http_request *request)
{
    if (request->pace)
        return (size_t)request->pace->rate;
    if (request->route.limit_rate_set)
        return request->route.limit_rate;
    return request->location && !request->location->core.limit_rate.text
               ? request->location->core.limit_rate.bytes
               : 0;
}

int http_pace_begin(struct http_request *request)
{
    const struct http_core *core = &request->location->core;
    struct connection *base = &request->connection->base;
    struct http_pace *pace;
    size_t rate = request->route.limit_rate, free = 0;

    connection_nodelay(base, core->tcp_nodelay);
    request->connection->tuned = base->delays;
    if (!request->route.limit_rate_set && amount_of(request, &core->limit_rate, &rate))
        return -ENOMEM;
    if (!rate)
        return 0;
    if (amount_of(request, &core->limit_rate_after, &free))
        return -ENOMEM;
    pace = pool_calloc(request->pool, sizeof *pace, "limit_rate");
    if (!pace || !pool_cleanup_add(request->pool, stop, pace))
        return -ENOMEM;
    pace->connection = base;
    pace->loop = pace->connection->worker->loop;
    pace->began = timeouts_now(&pace->connection->worker->timeouts);
    pace->rate = (double)rate;
    pace->free = free;
    ev_timer_init(&pace->timer, on_timer, 0., 0.);
    pace->timer.data = pace;
    request->pace = pace;
    return 0;
}

bool http_pace_waits(const struct http_request *request)
{
    return request && request->pace && ev_is_active(&request->pace->timer);
}

/* Waits until one more byte may be sent, at least a tick. */
static void wait(struct http_pace *pace, double allowed)
{
    double seconds = (1. - allowed) / pace->rate;

    ev_timer_set(&pace->timer, seconds > PACE_TICK ? seconds : PACE_TICK, 0.);
    ev_timer_start(pace->loop, &pace->timer);
}

static double allowed_now(const struct http_pace *pace)
{
    return pace->rate * (timeouts_now(&pace->connection->worker->timeouts) - pace->began + 1.) +
           (double)pace->free - (double)pace->sent;
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
