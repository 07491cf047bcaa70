/* SPDX-License-Identifier: BSD-2-Clause */
/* The seed. */
#include "server/shared/hash.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/random.h>

uint64_t hash_seed;

static void make_seed(void)
{
    const char *random;

    if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) == (ssize_t)sizeof hash_seed)
        return;
    /* Right after the machine's start; but the kernel gives each process 16 random bytes. */
    random = (const char *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)
    if (random)
        memcpy(&hash_seed, random + 8, sizeof hash_seed);
}

void hash_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_seed);
}
