/* SPDX-License-Identifier: BSD-2-Clause */
/* libstdc++'s __pool_alloc, if there is a C++ compiler. */
#include "tests/bench/alloc_work.h"

#ifdef BENCH_CXX
void *cxx_pool_alloc(size_t size);
void cxx_pool_free(void *object, size_t size);

enum { PAIRS = 400000 };

static void *cxx_alloc(void *state, size_t size)
{
    (void)state;
    return cxx_pool_alloc(size);
}

static void cxx_free(void *state, void *object, size_t size)
{
    (void)state;
    cxx_pool_free(object, size);
}

static void *cxx_thread(void *job)
{
    static const struct bench_ops ops = {.alloc = cxx_alloc, .free = cxx_free};

    return bench_churn_thread(&ops, job);
}

static double cxx_one(void)
{
    return bench_churn(cxx_thread, NULL, 1, false, PAIRS);
}

static double cxx_two(void)
{
    return bench_churn(cxx_thread, NULL, 2, false, PAIRS / 4);
}

static double cxx_cross(void)
{
    return bench_churn(cxx_thread, NULL, 2, true, PAIRS / 4);
}

const struct bench_row bench_cxx[] = {{"CHURN", "__pool_alloc", 1, cxx_one, false},
                                      {"CHURN", "__pool_alloc", 2, cxx_two, false},
                                      {"CHURN-CROSS", "__pool_alloc", 2, cxx_cross, false},
                                      {NULL, NULL, 0, NULL, false}};
#else
const struct bench_row bench_cxx[] = {{NULL, "__pool_alloc", 0, NULL, false}, {NULL, NULL, 0, NULL, false}};
#endif
