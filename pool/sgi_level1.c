/* SPDX-License-Identifier: BSD-2-Clause */
/* Level 1: the system, and the handler that is asked when it refuses. */

#include "pool/sgi_inner.h"
#include "pool/sysmem.h"

static _Atomic(sgi_oom_handler) oom_handler;
static _Atomic uint64_t handler_runs;

sgi_oom_handler sgi_set_oom_handler(sgi_oom_handler handler)
{
    return atomic_exchange(&oom_handler, handler);
}

/* Bounded, where the original tries for ever (S7). */
bool sgi_ask_handler(size_t wanted, unsigned attempt)
{
    sgi_oom_handler handler = atomic_load(&oom_handler);

    if (!handler || attempt >= SGI_HANDLER_TRIES)
        return false;
    atomic_fetch_add_explicit(&handler_runs, 1, memory_order_relaxed);
    return handler(wanted);
}

uint64_t sgi_handler_runs(void)
{
    return atomic_load_explicit(&handler_runs, memory_order_relaxed);
}

static void count_large(struct sgi *sgi, size_t count, size_t bytes)
{
    atomic_fetch_add_explicit(&sgi->large_count, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&sgi->large_bytes, bytes, memory_order_relaxed);
}

void *sgi_level1_alloc(struct sgi *sgi, size_t size)
{
    unsigned attempt = 0;
    void *object;

    while (!(object = sysmem_alloc(SYSMEM_OF_SHARED, size))) {
        if (!sgi_ask_handler(size, attempt++))
            return NULL;
    }
    count_large(sgi, 1, size);
    return object;
}

void sgi_level1_free(struct sgi *sgi, void *object, size_t size)
{
    sysmem_free(SYSMEM_OF_SHARED, object, size);
    count_large(sgi, (size_t)-1, -size);
}

/* The original calls the bare realloc here, which bypasses its own handler. */
void *sgi_level1_realloc(struct sgi *sgi, void *object, size_t old_size, size_t new_size)
{
    unsigned attempt = 0;
    void *moved;

    while (!(moved = sysmem_realloc(SYSMEM_OF_SHARED, object, old_size, new_size))) {
        if (!sgi_ask_handler(new_size, attempt++))
            return NULL;
    }
    count_large(sgi, 0, new_size - old_size);
    return moved;
}
