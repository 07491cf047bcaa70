/* SPDX-License-Identifier: BSD-2-Clause */
/* seed: random numbers for model tests, which can be run again: the seed is printed, and TIDEPOOL_SEED sets
 * it. */
#ifndef TESTS_UNIT_POOL_SEED_H
#define TESTS_UNIT_POOL_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t seed_start(const char *test)
{
    const char *text = getenv("TIDEPOOL_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed =
        text != NULL ? strtoull(text, NULL, 0) : (uint64_t)now.tv_nsec * 2654435761u + (uint64_t)now.tv_sec;
    printf("%s: TIDEPOOL_SEED=%llu\n", test, (unsigned long long)seed);
    return seed;
}

/* splitmix64 */
static inline uint64_t seed_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. below-1 */
static inline size_t seed_below(uint64_t *state, size_t below)
{
    return (size_t)(seed_next(state) % below);
}

#endif
