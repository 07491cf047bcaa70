/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: counts what a worker has done; any thread can read it at any time.
 * Lifetime: part of struct worker.
 * Threads: one writer, the worker; any thread may read and sum. Relaxed: a sum may be slightly off, but is
 *   never torn.
 * Errors: none.
 */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
    _Atomic uint64_t accepted;    /* connections taken from a listener or from another worker */
    _Atomic uint64_t closed;      /* connections ended or handed on; accepted - closed are open */
    _Atomic uint64_t requests;    /* requests begun */
    _Atomic uint64_t received;    /* bytes read from connections */
    _Atomic uint64_t sent;        /* bytes written to connections */
    _Atomic uint64_t refused;     /* accepted and closed at once: no memory or no descriptor */
    _Atomic uint64_t reading;     /* HTTP connections that wait for the rest of a head */
    _Atomic uint64_t writing;     /* HTTP connections that wait within a request or its answer */
    _Atomic uint64_t over_budget; /* requests answered 503 or cut because a byte budget was reached */
};

/* Adds to a counter of the calling worker. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, now + amount, memory_order_relaxed);
}

static inline uint64_t counter_read(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
