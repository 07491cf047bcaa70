/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of timeouts, one for each duration. */
#include "server/loop/timeouts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "pool/sysmem.h"

enum { EXPIRED_PER_FIRING = 1000 }; /* then other events have their turn */

/* Seconds: so far that it is never reached, so near that a double still resolves a tenth of a microsecond.
 */
static const double ANCHOR = 1e9;

/* Seconds. A head this near counts as due: the timer fires at its deadline but for the rounding of the
 * anchor. */
static const double NEAR = 1e-5;

struct timeout_queue {
    struct timeout head; /* of a ring, in order of deadline; only prev and next are used */
    ev_timer timer;      /* active whenever the ring is not empty; no later than its first deadline */
    int64_t duration_ms;
    double seconds; /* the same */
    struct timeouts *owner;
    struct timeout_queue *next;
    struct timeout *cursor; /* of timeouts_oldest */
};

/* libev does not tell its monotonic time, but it tells what remains of a timer, from which it follows. */
void timeouts_read_clock(struct timeouts *timeouts)
{
    timeouts->now = timeouts->ends - ev_timer_remaining(timeouts->loop, &timeouts->anchor);
}

static void on_anchor(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

void timeouts_init(struct timeouts *timeouts, struct ev_loop *loop, void (*expired)(struct timeout *))
{
    struct timespec now;

    memset(timeouts, 0, sizeof *timeouts);
    timeouts->loop = loop;
    timeouts->expired = expired;
    ev_now_update(loop);
    clock_gettime(CLOCK_MONOTONIC, &now);
    timeouts->ends = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + ANCHOR;
    ev_timer_init(&timeouts->anchor, on_anchor, ANCHOR, 0.);
    ev_timer_start(loop, &timeouts->anchor);
    ev_unref(loop);
}

static bool is_empty(const struct timeout_queue *queue)
{
    return queue->head.next == &queue->head;
}

void timeouts_deinit(struct timeouts *timeouts)
{
    while (timeouts->queues) {
        struct timeout_queue *queue = timeouts->queues;
        timeouts->queues = queue->next;
        while (!is_empty(queue))
            timeout_stop(queue->head.next);
        ev_timer_stop(timeouts->loop, &queue->timer);
        sysmem_free(SYSMEM_OF_LOOPS, queue, sizeof *queue);
    }
    timeouts->last = NULL;
    ev_ref(timeouts->loop);
    ev_timer_stop(timeouts->loop, &timeouts->anchor);
}

/* For when the timer is not active. */
static void arm(struct timeout_queue *queue, double now)
{
    double after = queue->head.next->deadline - now;

    ev_timer_set(&queue->timer, after > 0. ? after : 0., 0.);
    ev_timer_start(queue->owner->loop, &queue->timer);
}

/* Only so many expire at a time; the rest have their turn in the next. */
static void on_queue_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct timeout_queue *queue = timer->data;
    int64_t duration_ms = queue->duration_ms;
    double now;

    (void)loop;
    (void)events;
    timeouts_read_clock(queue->owner); /* by an outdated time a timer would fire for ever */
    now = queue->owner->now;
    for (unsigned i = 0; i < EXPIRED_PER_FIRING && !is_empty(queue); i++) {
        struct timeout *timeout = queue->head.next;

        if (timeout->deadline > now + NEAR)
            break;
        timeout_stop(timeout);
        queue->owner->expired(timeout);
        if (queue->duration_ms != duration_ms)
            return; /* it was empty and now has another duration, which armed it */
    }
    /* `expired` may have started one here and thereby armed the timer, which is then too late for heads that
     * are due. */
    ev_timer_stop(queue->owner->loop, &queue->timer);
    if (!is_empty(queue))
        arm(queue, now);
}

/* An empty queue of a duration that is no longer asked for (reloads change durations), or a new one. */
static struct timeout_queue *make_queue(struct timeouts *timeouts, int64_t duration_ms)
{
    struct timeout_queue *queue = timeouts->queues;
    bool was;

    while (queue && !is_empty(queue))
        queue = queue->next;
    if (!queue) {
        was = sysmem_use_spare(true); /* there are few, and whoever watches the server may need the first */
        queue = sysmem_calloc(SYSMEM_OF_LOOPS, sizeof *queue);
        (void)sysmem_use_spare(was);
        if (!queue)
            return NULL;
        queue->head.next = queue->head.prev = &queue->head;
        queue->owner = timeouts;
        ev_timer_init(&queue->timer, on_queue_due, 0., 0.);
        queue->timer.data = queue;
        queue->next = timeouts->queues;
        timeouts->queues = queue;
    }
    ev_timer_stop(timeouts->loop, &queue->timer);
    queue->duration_ms = duration_ms;
    queue->seconds = (double)duration_ms / 1000.;
    return queue;
}

static struct timeout_queue *find_queue(struct timeouts *timeouts, int64_t duration_ms)
{
    for (struct timeout_queue *queue = timeouts->queues; queue; queue = queue->next)
        if (queue->duration_ms == duration_ms)
            return queue;
    return make_queue(timeouts, duration_ms);
}

double timeout_began(const struct timeout *timeout)
{
    return timeout->deadline - timeout->queue->seconds;
}

/* At the end of the queue, which it is in or was in last. */
static void enqueue(struct timeout *timeout, double now)
{
    struct timeout_queue *queue = timeout->queue;
    struct timeout *last;

    timeout_stop(timeout);
    last = queue->head.prev;
    timeout->deadline = now + queue->seconds;
    timeout->next = &queue->head;
    timeout->prev = last;
    last->next = timeout;
    queue->head.prev = timeout;
}

/* It changes its queue, or there is no time yet, or no timer. */
__attribute__((noinline)) static int start_elsewhere(struct timeouts *timeouts, struct timeout *timeout,
                                                     int64_t duration_ms)
{
    struct timeout_queue *queue = timeouts->last;

    timeout_stop(timeout);
    if (!queue || queue->duration_ms != duration_ms)
        queue = find_queue(timeouts, duration_ms);
    if (!queue)
        return -ENOMEM;
    timeouts->last = timeout->queue = queue;
    enqueue(timeout, timeouts_now(timeouts));
    if (!ev_is_active(&queue->timer))
        arm(queue, timeouts_now(timeouts));
    return 0;
}

int timeout_start(struct timeouts *timeouts, struct timeout *timeout, int64_t duration_ms)
{
    struct timeout_queue *queue = timeout->queue;

    if (!queue || queue->duration_ms != duration_ms || timeouts->now == 0. || !ev_is_active(&queue->timer))
        return start_elsewhere(timeouts, timeout, duration_ms);
    enqueue(timeout, timeouts->now);
    return 0;
}

static double begun(const struct timeout_queue *queue)
{
    return queue->cursor->deadline - queue->seconds;
}

void timeouts_oldest(struct timeouts *timeouts, unsigned most, bool (*visit)(struct timeout *, void *),
                     void *data)
{
    for (struct timeout_queue *queue = timeouts->queues; queue; queue = queue->next)
        queue->cursor = queue->head.next;
    for (; most > 0; most--) {
        struct timeout_queue *oldest = NULL;
        struct timeout *timeout;

        for (struct timeout_queue *queue = timeouts->queues; queue; queue = queue->next)
            if (queue->cursor != &queue->head && (!oldest || begun(queue) < begun(oldest)))
                oldest = queue;
        if (!oldest)
            return;
        timeout = oldest->cursor;
        oldest->cursor = timeout->next;
        if (!visit(timeout, data))
            return;
    }
}
