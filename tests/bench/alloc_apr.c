/* SPDX-License-Identifier: BSD-2-Clause */
/* Apache's pools, if they are installed. */
#include "tests/bench/alloc_work.h"

#ifdef BENCH_APR
#include <apr_general.h>
#include <apr_pools.h>

enum { REQUESTS = 32000 };

static void *apr_alloc(void *state, size_t size)
{
    return apr_palloc(state, size);
}

static void apr_reset(void *state)
{
    apr_pool_clear(state);
}

static double apr_request(void)
{
    static const struct bench_ops ops = {.alloc = apr_alloc, .reset = apr_reset};
    apr_pool_t *pool;
    double ns;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        abort();
    ns = bench_request(&ops, pool, REQUESTS);
    apr_pool_destroy(pool);
    apr_terminate();
    return ns;
}

const struct bench_row bench_apr[] = {{"REQUEST", "APR", 1, apr_request, false},
                                      {NULL, NULL, 0, NULL, false}};
#else
const struct bench_row bench_apr[] = {{NULL, "APR", 0, NULL, false}, {NULL, NULL, 0, NULL, false}};
#endif
