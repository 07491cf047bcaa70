/* SPDX-License-Identifier: BSD-2-Clause */
/* What the project has, and the bare bump that nothing can beat. */
#include "pool/pool.h"
#include "pool/sgi.h"
#include "pool/sizeclass.h"
#include "tests/bench/alloc_work.h"

enum { REQUESTS = 32000, PAIRS = 400000, CONNECTION = 230 /* bytes before the pin */ };

static char bump_memory[64 * 1024];
static char *bump_next = bump_memory;

/* A call, not inlined, that moves a pointer and looks at nothing. */
static __attribute__((noinline)) void *bump(size_t size)
{
    char *object = bump_next;

    bump_next = object + ((size + 15) & ~(size_t)15);
    return object;
}

static void *bump_alloc(void *state, size_t size)
{
    (void)state;
    return bump(size);
}

static void bump_reset(void *state)
{
    (void)state;
    bump_next = bump_memory;
}

static double bump_request(void)
{
    static const struct bench_ops ops = {.alloc = bump_alloc, .reset = bump_reset};

    return bench_request(&ops, NULL, REQUESTS);
}

static void *pooled_alloc(void *state, size_t size)
{
    return pool_alloc(state, size, "bench");
}

static void pooled_reset(void *state)
{
    pool_reset(state);
}

/* As a connection has it: 512 bytes first, the connection before the pin, reset after each request. */
static double pooled_request(void)
{
    static const struct bench_ops ops = {.alloc = pooled_alloc, .reset = pooled_reset};
    struct pool_options options = {.first_size = 512, .block_size = 4096, .name = "bench"};
    struct pool *pool;
    double ns;

    options.classes = sizeclass_create();
    pool = pool_create(&options);
    if (pool == NULL || pool_alloc(pool, CONNECTION, "connection") == NULL)
        abort();
    pool_pin(pool);
    ns = bench_request(&ops, pool, REQUESTS);
    pool_destroy(pool);
    sizeclass_destroy(options.classes);
    return ns;
}

static void *classed_alloc(void *state, size_t size)
{
    return sizeclass_get(state, size, NULL);
}

static void classed_free(void *state, void *object, size_t size)
{
    sizeclass_put(state, object, size);
}

static double classed_request(void)
{
    static const struct bench_ops ops = {.alloc = classed_alloc, .free = classed_free};
    struct sizeclass *classes = sizeclass_create();
    double ns = bench_request(&ops, classes, REQUESTS);

    sizeclass_destroy(classes);
    return ns;
}

static void *shared_alloc(void *state, size_t size)
{
    return sgi_alloc(state, size);
}

static void shared_free(void *state, void *object, size_t size)
{
    sgi_free(state, object, size);
}

static void shared_enter(void *state)
{
    if (sgi_thread_attach(state) != 0)
        abort();
}

static void shared_leave(void *state)
{
    sgi_thread_detach(state);
}

static const struct bench_ops shared_ops = {
    .alloc = shared_alloc, .free = shared_free, .enter = shared_enter, .leave = shared_leave};

static void *shared_thread(void *job)
{
    return bench_churn_thread(&shared_ops, job);
}

static double shared_run(unsigned threads, bool cross)
{
    struct sgi *sgi = sgi_create();
    double ns = bench_churn(shared_thread, sgi, threads, cross, PAIRS);

    sgi_destroy(sgi);
    return ns;
}

static double shared_one(void)
{
    return shared_run(1, false);
}

static double shared_two(void)
{
    return shared_run(2, false);
}

static double shared_cross(void)
{
    return shared_run(2, true);
}

const struct bench_row bench_ours[] = {{"REQUEST", "bump", 1, bump_request, false},
                                       {"REQUEST", "pool", 1, pooled_request, false},
                                       {"REQUEST", "sizeclass", 1, classed_request, false},
                                       {"CHURN", "sgi", 1, shared_one, false},
                                       {"CHURN", "sgi", 2, shared_two, false},
                                       {"CHURN-CROSS", "sgi", 2, shared_cross, false},
                                       {NULL, NULL, 0, NULL, false}};
