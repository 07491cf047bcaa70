/* SPDX-License-Identifier: BSD-2-Clause */
/* A request waits: a timer in its pool. */
#include "http/modules/limit/delay.h"

#include <ev.h>

#include "http/connection.h"
#include "http/driver.h"
#include "http/limits.h"
#include "http/request.h"
#include "server/ev_memory.h"

struct delay {
    struct ev_timer timer;
    struct ev_loop *loop;
    struct http_request *request;
};

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct delay *delay = timer->data;

    (void)loop;
    (void)events;
    if (!delay->request->connection->base.closed)
        http_resume(delay->request, HTTP_OUTCOME_NEXT);
}

static void stop(void *data)
{
    struct delay *delay = data;

    ev_timer_stop(delay->loop, &delay->timer);
}

enum http_outcome http_delay(struct http_request *request, int64_t ms)
{
    struct delay *delay = pool_calloc(request->pool, sizeof *delay, "delay");

    if (!delay || !ev_memory_reserve(request->connection->base.io.fd) ||
        !pool_cleanup_add(request->pool, stop, delay))
        return http_no_memory(request);
    delay->request = request;
    delay->loop = request->connection->base.worker->loop;
    ev_timer_init(&delay->timer, on_timer, (double)ms / 1000., 0.);
    delay->timer.data = delay;
    ev_timer_start(delay->loop, &delay->timer);
    return HTTP_OUTCOME_TAKEN;
}
