/* SPDX-License-Identifier: BSD-2-Clause */
/* The size of blocks that follows what requests need. */
#include "server/auto_size.h"

#include "server/generation.h"
#include "server/log/log.h"

void auto_size_init(struct auto_size *size)
{
    *size = (struct auto_size){.block_size = AUTO_SIZE_BEGIN, .patience = AUTO_SIZE_PATIENCE};
}

size_t auto_size_of(size_t bytes)
{
    if (bytes > AUTO_SIZE_MOST - sizeof(struct pool_block))
        return AUTO_SIZE_MOST;
    bytes += sizeof(struct pool_block);
    return sizeclass_round(bytes > POOL_BLOCK_MIN ? bytes : POOL_BLOCK_MIN);
}

static bool maybe_grow(struct auto_size *size, size_t wanted)
{
    size->calm = 0;
    if (wanted == size->block_size)
        return false;
    if (size->shrank && size->patience < AUTO_SIZE_PATIENCE_MOST)
        size->patience *= 2;
    size->shrank = false;
    size->block_size = wanted;
    return true;
}

static bool maybe_shrink(struct auto_size *size, size_t wanted)
{
    if (!size->calm || wanted > size->calm_most)
        size->calm_most = wanted;
    if (++size->calm < size->patience)
        return false;
    size->calm = 0;
    size->shrank = true;
    size->block_size = size->calm_most;
    return true;
}

bool auto_size_step(struct auto_size *size, const struct marks_histogram *requests, int64_t now_ms,
                    size_t *p99)
{
    struct marks_sum now = {0}, window;
    size_t wanted;

    if (size->began_ms && now_ms - size->began_ms < AUTO_SIZE_WINDOW_MS)
        return false;
    marks_collect(requests, &now);
    marks_since(&now, &size->before, &window);
    if (size->began_ms && window.total < AUTO_SIZE_REQUESTS)
        return false;
    size->before = now;
    if (!size->began_ms) {
        size->began_ms = now_ms;
        return false;
    }
    size->began_ms = now_ms;
    *p99 = marks_quantile(&window, AUTO_SIZE_PER_MILLE);
    wanted = auto_size_of(*p99);
    return wanted >= size->block_size ? maybe_grow(size, wanted) : maybe_shrink(size, wanted);
}

static bool any_automatic(const struct generation *generation)
{
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        if (binding->automatic)
            return true;
    return false;
}

void auto_size_second(struct auto_size *size, const struct generation *generation,
                      const struct marks_histogram *requests, int64_t now_ms)
{
    size_t before = size->block_size, p99;

    if (any_automatic(generation) && auto_size_step(size, requests, now_ms, &p99))
        log_write(
            generation->settings.log, LOG_LEVEL_NOTICE, 0,
            "request_pool_size auto: %zu instead of %zu bytes, 99 %% of the last requests needed at most %zu",
            size->block_size, before, p99);
}
