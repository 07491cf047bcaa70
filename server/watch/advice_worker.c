/* SPDX-License-Identifier: BSD-2-Clause */
/* Advice where it meets the server: all workers' marks, and the size that one of them follows. */
#include "server/advice.h"
#include "server/worker.h"

/* The first address whose connections have requests: the one that is advised on. */
static const struct binding *advised(const struct generation *generation)
{
    const struct binding *binding = generation->bindings;

    while (binding && !binding->measured)
        binding = binding->next;
    return binding;
}

static bool any_automatic(const struct generation *generation)
{
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        if (binding->automatic)
            return true;
    return false;
}

void advice_of(const struct worker *worker, struct advice *advice)
{
    const struct generation *generation = worker->tenure->generation;
    const struct binding *binding = advised(generation);
    struct advice_facts facts = {.passthrough = pool_mode() == POOL_PASSTHROUGH};

    for (unsigned i = 0; i < generation->worker_count; i++) {
        const struct worker *other = generation->shares[i].worker;

        marks_collect(&other->marks.requests, &facts.requests);
        marks_collect(&other->marks.connections, &facts.connections);
        /* In this order: a connection that ends in between must not make it negative. */
        facts.open -= counter_read(&other->counters.closed);
        facts.open += counter_read(&other->counters.accepted);
    }
    if (binding) {
        facts.automatic = binding->automatic;
        facts.first_size = sizeclass_round(binding->pools.first_size);
        facts.block_size =
            binding->automatic ? worker->auto_size.block_size : sizeclass_round(binding->pools.block_size);
        facts.pinned_bytes = POOL_HEADER_MAX + (binding->protocol->connection_size + 15) / 16 * 16;
    }
    advice_make(&facts, advice);
}

void advice_second(struct worker *worker, int64_t now_ms)
{
    struct auto_size *size = &worker->auto_size;
    size_t before = size->block_size, p99;

    if (!worker->tenure || !any_automatic(worker->tenure->generation))
        return;
    if (auto_size_step(size, &worker->marks.requests, now_ms, &p99))
        log_write(
            worker->tenure->generation->settings.log, LOG_LEVEL_NOTICE, 0,
            "request_pool_size auto: %zu instead of %zu bytes, 99 %% of the last requests needed at most "
            "%zu",
            size->block_size, before, p99);
}
