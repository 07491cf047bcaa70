/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc, whoever stands behind it, and the plain allocators of the source documents. */
#include "tests/baseline/chunk_list.h"
#include "tests/baseline/mp_pool.h"
#include "tests/baseline/textbook_sgi.h"
#include "tests/bench/alloc_work.h"

enum { REQUESTS = 32000, PAIRS = 400000, FEW_PAIRS = 16000 /* of the one that searches */ };

static void *plain_alloc(void *state, size_t size)
{
    (void)state;
    return malloc(size);
}

static void plain_free(void *state, void *object, size_t size)
{
    (void)state, (void)size;
    free(object);
}

static const struct bench_ops malloc_ops = {.alloc = plain_alloc, .free = plain_free};

static double malloc_request(void)
{
    return bench_request(&malloc_ops, NULL, REQUESTS);
}

static void *malloc_thread(void *job)
{
    return bench_churn_thread(&malloc_ops, job);
}

static double malloc_one(void)
{
    return bench_churn(malloc_thread, NULL, 1, false, PAIRS);
}

static double malloc_two(void)
{
    return bench_churn(malloc_thread, NULL, 2, false, PAIRS);
}

static double malloc_cross(void)
{
    return bench_churn(malloc_thread, NULL, 2, true, PAIRS);
}

static void *teaching_alloc(void *state, size_t size)
{
    return mp_alloc(state, size);
}

static void teaching_reset(void *state)
{
    mp_reset(state);
}

static double teaching_request(void)
{
    static const struct bench_ops ops = {.alloc = teaching_alloc, .reset = teaching_reset};
    struct mp_pool *pool = mp_create(MP_PAGE);
    double ns = bench_request(&ops, pool, REQUESTS);

    mp_destroy(pool);
    return ns;
}

static void *listed_alloc(void *state, size_t size)
{
    return chunk_list_alloc(*(struct chunk_list **)state, size);
}

static void listed_free(void *state, void *object, size_t size)
{
    (void)size;
    chunk_list_free(*(struct chunk_list **)state, object);
}

/* Chunks only get smaller: kept from one request to the next, the list would grow for ever. */
static void listed_reset(void *state)
{
    struct chunk_list **list = state;

    chunk_list_destroy(*list);
    *list = chunk_list_create();
}

static double listed_request(void)
{
    static const struct bench_ops ops = {.alloc = listed_alloc, .reset = listed_reset};
    struct chunk_list *list = chunk_list_create();
    double ns = bench_request(&ops, &list, REQUESTS / 4);

    chunk_list_destroy(list);
    return ns;
}

static void *listed_thread(void *job)
{
    static const struct bench_ops ops = {.alloc = listed_alloc, .free = listed_free};

    return bench_churn_thread(&ops, job);
}

static double listed_one(void)
{
    struct chunk_list *list = chunk_list_create();
    double ns = bench_churn(listed_thread, &list, 1, false, FEW_PAIRS);

    chunk_list_destroy(list);
    return ns;
}

static void *taught_alloc(void *state, size_t size)
{
    (void)state;
    return textbook_alloc(size);
}

static void taught_free(void *state, void *object, size_t size)
{
    (void)state;
    textbook_free(object, size);
}

static void *taught_thread(void *job)
{
    static const struct bench_ops ops = {.alloc = taught_alloc, .free = taught_free};

    return bench_churn_thread(&ops, job);
}

static double taught_one(void)
{
    return bench_churn(taught_thread, NULL, 1, false, PAIRS);
}

static double taught_two(void)
{
    return bench_churn(taught_thread, NULL, 2, false, PAIRS / 2);
}

static double taught_cross(void)
{
    return bench_churn(taught_thread, NULL, 2, true, PAIRS / 2);
}

const struct bench_row bench_plain[] = {{"REQUEST", "glibc", 1, malloc_request, true},
                                        {"CHURN", "glibc", 1, malloc_one, true},
                                        {"CHURN", "glibc", 2, malloc_two, true},
                                        {"CHURN-CROSS", "glibc", 2, malloc_cross, true},
                                        {"REQUEST", "mp_pool (D)", 1, teaching_request, false},
                                        {"REQUEST", "list of chunks (E1)", 1, listed_request, false},
                                        {"CHURN", "list of chunks (E1)", 1, listed_one, false},
                                        {"CHURN", "textbook SGI (B)", 1, taught_one, false},
                                        {"CHURN", "textbook SGI (B)", 2, taught_two, false},
                                        {"CHURN-CROSS", "textbook SGI (B)", 2, taught_cross, false},
                                        {NULL, NULL, 0, NULL, false}};
