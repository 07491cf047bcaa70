/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/hash.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

uint64_t hash_seed;

static void make_seed(void)
{
    struct timespec now;

    if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) == (ssize_t)sizeof hash_seed)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    hash_seed = ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&now;
}

void hash_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_seed);
}
