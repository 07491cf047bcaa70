/* SPDX-License-Identifier: BSD-2-Clause */
/* alloc_work: the two workloads of alloc_trace.h, for any allocator.
 *
 * Purpose. An allocator is a table of functions; the loops are inlined into one function an allocator, and
 * the table with them, so that each is called as its users call it: inline if it is inline, else directly.
 * Lifetime: one measurement. Threads: as many as the workload says. Errors: an allocation that fails ends the
 * program.
 */
#ifndef TESTS_BENCH_ALLOC_WORK_H
#define TESTS_BENCH_ALLOC_WORK_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/alloc_trace.h"

#define BENCH_INLINE static inline __attribute__((always_inline))

struct bench_ops {
    void *(*alloc)(void *state, size_t size);
    void (*free)(void *state, void *object, size_t size); /* null: all go with the reset */
    void (*reset)(void *state);                           /* null: each is freed */
    void (*enter)(void *state), (*leave)(void *state);    /* of a thread; null: nothing to do */
};

struct bench_row {
    const char *workload, *allocator;
    unsigned threads;
    double (*run)(void); /* ns per allocation, or per pair */
    bool is_malloc;      /* measured again with other allocators in malloc's place */
};

extern const struct bench_row bench_ours[], bench_plain[], bench_apr[],
    bench_cxx[]; /* end with an empty row */

static inline double bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

BENCH_INLINE char *bench_alloc(const struct bench_ops *ops, void *state, size_t size)
{
    char *object = ops->alloc(state, size);

    if (object == NULL)
        abort();
    *(volatile char *)object = 1;
    return object;
}

/* ns per allocation, the end of all included. */
BENCH_INLINE double bench_request(const struct bench_ops *ops, void *state, unsigned requests)
{
    static size_t sizes[REQUEST_KINDS][REQUEST_ALLOCATIONS];
    double start;

    trace_requests(sizes);
    start = bench_now_ns();
    for (unsigned request = 0; request < requests; request++) {
        const size_t *size = sizes[request % REQUEST_KINDS];
        char *objects[REQUEST_ALLOCATIONS];

        for (int i = 0; i < REQUEST_ALLOCATIONS; i++)
            objects[i] = bench_alloc(ops, state, size[i]);
        for (int i = 0; ops->free != NULL && i < REQUEST_ALLOCATIONS; i++)
            ops->free(state, objects[i], size[i]);
        if (ops->reset != NULL)
            ops->reset(state);
    }
    return (bench_now_ns() - start) / requests / REQUEST_ALLOCATIONS;
}

/* Objects on their way from one thread to the other, in order. What is put shows at each BENCH_SHOWN-th. */
enum { BENCH_RING = 2 * CHURN_LIVE, BENCH_SHOWN = 16 };

struct bench_object {
    void *object;
    size_t size;
};

struct bench_ring {
    _Atomic unsigned put __attribute__((aligned(128)));
    _Atomic unsigned taken __attribute__((aligned(128)));
    struct bench_object objects[BENCH_RING] __attribute__((aligned(128)));
};

struct bench_churn {
    void *state;
    unsigned pairs;
    uint32_t seed;
    struct bench_ring *in, *out; /* what the other made and this one frees, and back; null: own frees */
    pthread_barrier_t *start;
    double ns;
};

/* Waits until the other thread has moved `index` up to `until`; returns where it is. */
BENCH_INLINE unsigned bench_wait(_Atomic unsigned *index, unsigned until)
{
    unsigned seen;

    for (unsigned spins = 1; (int)((seen = atomic_load_explicit(index, memory_order_acquire)) - until) < 0;
         spins++) {
        if (spins % 1000 == 0)
            sched_yield();
    }
    return seen;
}

BENCH_INLINE void bench_churn_own(const struct bench_ops *ops, struct bench_churn *job)
{
    struct bench_object live[CHURN_LIVE];
    uint32_t seed = job->seed;

    for (int i = 0; i < CHURN_LIVE; i++) {
        live[i].size = trace_churn_size(&seed);
        live[i].object = bench_alloc(ops, job->state, live[i].size);
    }
    for (unsigned i = 0; i < job->pairs; i++) {
        struct bench_object *oldest = &live[i % CHURN_LIVE];

        ops->free(job->state, oldest->object, oldest->size);
        oldest->size = trace_churn_size(&seed);
        oldest->object = bench_alloc(ops, job->state, oldest->size);
    }
    for (int i = 0; i < CHURN_LIVE; i++)
        ops->free(job->state, live[i].object, live[i].size);
}

BENCH_INLINE void bench_churn_cross(const struct bench_ops *ops, struct bench_churn *job)
{
    unsigned seen = 0, room = BENCH_RING, taken = 0;
    uint32_t seed = job->seed;

    for (unsigned put = 0; put < job->pairs + CHURN_LIVE; put++) {
        struct bench_object *object;

        if (put >= CHURN_LIVE) {
            if (seen == taken)
                seen = bench_wait(&job->in->put, taken + BENCH_SHOWN);
            object = &job->in->objects[taken % BENCH_RING];
            ops->free(job->state, object->object, object->size);
            if (++taken % BENCH_SHOWN == 0)
                atomic_store_explicit(&job->in->taken, taken, memory_order_release);
        }
        if (put == room)
            room = bench_wait(&job->out->taken, put + BENCH_SHOWN - BENCH_RING) + BENCH_RING;
        object = &job->out->objects[put % BENCH_RING];
        object->size = trace_churn_size(&seed);
        object->object = bench_alloc(ops, job->state, object->size);
        if ((put + 1) % BENCH_SHOWN == 0)
            atomic_store_explicit(&job->out->put, put + 1, memory_order_release);
    }
    for (; taken < job->pairs + CHURN_LIVE; taken++) {
        struct bench_object *object = &job->in->objects[taken % BENCH_RING];

        bench_wait(&job->in->put, taken + 1);
        ops->free(job->state, object->object, object->size);
    }
}

BENCH_INLINE void *bench_churn_thread(const struct bench_ops *ops, struct bench_churn *job)
{
    double start;

    if (ops->enter != NULL)
        ops->enter(job->state);
    pthread_barrier_wait(job->start);
    start = bench_now_ns();
    if (job->in == NULL)
        bench_churn_own(ops, job);
    else
        bench_churn_cross(ops, job);
    job->ns = bench_now_ns() - start;
    if (ops->leave != NULL)
        ops->leave(job->state);
    return NULL;
}

/* ns per pair, of the slower thread. `thread` calls bench_churn_thread; `pairs` a multiple of BENCH_SHOWN. */
double bench_churn(void *(*thread)(void *job), void *state, unsigned threads, bool cross, unsigned pairs);

#endif
