/* SPDX-License-Identifier: BSD-2-Clause */
/* The mode, and how many pools and sizeclasses have it built in. */
#include "pool/mode.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "pool/annotate.h"

const char *const pool_mode_names[] = {"normal", "poison", "passthrough"};
_Atomic int mode_now = POOL_NORMAL;
_Thread_local uint32_t mode_thread_own;
static _Atomic int mode_pool_count, mode_sizeclass_count;
static _Atomic uint32_t mode_thread_count;

bool mode_watched;

__attribute__((constructor)) static void mode_look_for_watchers(void)
{
#if defined(ANNOTATE_ASAN)
    mode_watched = true;
#elif defined(ANNOTATE_VALGRIND)
    /* Only memcheck reads annotations; other tools, above all callgrind, should count the ordinary path. */
    char byte = 0, known = 0;

    mode_watched = VALGRIND_GET_VBITS(&byte, &known, 1) == 1;
#endif
}

int pool_mode_set(enum pool_mode mode)
{
    if (mode != POOL_NORMAL && mode != POOL_POISON && mode != POOL_PASSTHROUGH)
        return -EINVAL;
    if (atomic_load(&mode_pool_count) != 0 || atomic_load(&mode_sizeclass_count) != 0)
        return -EBUSY;
    atomic_store(&mode_now, (int)mode);
    return 0;
}

size_t pool_live(void)
{
    return (size_t)atomic_load(&mode_pool_count);
}

void mode_pools(int change)
{
    atomic_fetch_add_explicit(&mode_pool_count, change, memory_order_relaxed);
}

void mode_sizeclasses(int change)
{
    atomic_fetch_add_explicit(&mode_sizeclass_count, change, memory_order_relaxed);
}

uint32_t mode_thread(void)
{
    if (__builtin_expect(mode_thread_own == 0, 0))
        mode_thread_own = atomic_fetch_add(&mode_thread_count, 1) + 1;
    return mode_thread_own;
}

void mode_defect(const char *what, const char *purpose, const void *at)
{
    fprintf(stderr, "tidepool: %s at %p%s%s\n", what, at, purpose ? ", purpose: " : "",
            purpose ? purpose : "");
    abort();
}
