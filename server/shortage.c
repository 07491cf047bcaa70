/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/shortage.h"

#include <errno.h>
#include <stdio.h>

#include "pool/sysmem.h"
#include "server/worker.h"

/* ---- words ---- */

const char *limit_text(char to[LIMIT_TEXT_MAX], const char *name, uint64_t limit, uint64_t used,
                       uint64_t asked, const char *unit, const char *what)
{
    snprintf(to, LIMIT_TEXT_MAX,
             "%s reached: %llu of %llu %s used, %llu more asked for%s%s%s; the directive to turn is %s", name,
             (unsigned long long)used, (unsigned long long)limit, unit, (unsigned long long)asked,
             what ? " \"" : "", what ? what : "", what ? "\"" : "", name);
    return to;
}

const char *shortage_text(char to[LIMIT_TEXT_MAX], const struct worker *worker, const struct pool *pool,
                          const struct pool_refusal *refusal)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    struct sysmem_stats system;
    struct pool_stats stats = {0};

    if (pool)
        pool_stats(pool, &stats);
    switch (refusal->why) {
    case POOL_FAILURE_BUDGET:
        return limit_text(to, "connection_pool_budget", stats.budget_bytes, stats.held_bytes, refusal->asked,
                          "bytes", refusal->purpose);
    case POOL_FAILURE_WORKER:
        return limit_text(to, "worker_memory_budget", settings->worker_memory_budget,
                          sizeclass_held(worker->classes), refusal->asked, "bytes", refusal->purpose);
    case POOL_FAILURE_TOTAL:
        sysmem_stats(&system);
        return limit_text(to, "memory_budget", settings->memory_budget, system.live_bytes, refusal->asked,
                          "bytes", refusal->purpose);
    case POOL_FAILURE_SYSTEM:
    case POOL_FAILURE_NONE:
        break;
    }
    snprintf(to, LIMIT_TEXT_MAX, "the system has no memory: %zu bytes used here, %zu more asked for \"%s\"",
             stats.held_bytes, refusal->asked, refusal->purpose ? refusal->purpose : "");
    return to;
}

/* ---- deeds ---- */

void shortage_note(struct worker *worker, enum pool_failure why)
{
    if (why == POOL_FAILURE_WORKER)
        worker->pressed = true;
    if (why == POOL_FAILURE_TOTAL)
        atomic_fetch_add_explicit(&worker->shared->pressure, 1, memory_order_relaxed);
}

bool shortage_is_new(struct worker *worker)
{
    unsigned pressure = atomic_load_explicit(&worker->shared->pressure, memory_order_relaxed);

    if (pressure == worker->pressure && !worker->pressed)
        return false;
    worker->pressure = pressure;
    worker->pressed = false;
    return true;
}

void shortage_refuse(struct worker *worker, const struct binding *binding, int fd, const struct peer *peer,
                     const struct pool_refusal *refusal)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    char text[LIMIT_TEXT_MAX], client[PEER_TEXT_MAX];

    peer_format(peer, client);
    log_write(settings->log, LOG_LEVEL_ERROR, 0, "%s while accepting, client: %s, listening on: %s",
              shortage_text(text, worker, NULL, refusal), client, binding->address.text);
    counter_add(&worker->counters.over_budget, 1);
    shortage_note(worker, refusal->why);
    if (binding->protocol->refused)
        binding->protocol->refused(fd);
}

struct shedding {
    unsigned closed;
};

static bool shed(struct timeout *timeout, void *data)
{
    struct shedding *shedding = data;
    struct connection *connection = connection_of_timeout(timeout);
    bool (*let_go)(struct connection *) = connection->binding->protocol->shed;

    if (let_go && let_go(connection))
        shedding->closed++;
    return shedding->closed < SHORTAGE_SHED;
}

void shortage_shed(struct worker *worker)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    struct shedding shedding = {0};
    struct sysmem_stats system;

    timeouts_oldest(&worker->timeouts, SHORTAGE_LOOK, shed, &shedding);
    if (!shedding.closed)
        return;
    sysmem_stats(&system);
    log_write(
        settings->log, LOG_LEVEL_WARN, 0,
        "memory is short (memory_budget: %llu of %zu bytes used, worker_memory_budget: %zu of %zu): %u idle "
        "connections are closed, longest idle first",
        (unsigned long long)system.live_bytes, settings->memory_budget, sizeclass_held(worker->classes),
        settings->worker_memory_budget, shedding.closed);
}
