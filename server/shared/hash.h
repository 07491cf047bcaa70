/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the keyed hash of the tables that threads share. Strangers choose the bytes; each process has its
 *   own seed, so that nobody can prepare keys that share a bucket.
 * Lifetime: whatever creates a table calls hash_init, any number of times, before the first hash.
 * Threads: any.
 * Errors: none (without getrandom(2) the bytes that the kernel gives a new process are the seed).
 */
#ifndef SERVER_SHARED_HASH_H
#define SERVER_SHARED_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

void hash_init(void);

extern uint64_t hash_seed;

/* Multiply and fold, eight bytes at a time, as wyhash does. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(const void *bytes, size_t length)
{
    const char *at = bytes;
    uint64_t hash = hash_seed ^ length, word;

    for (; length >= 8; length -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = hash_fold(hash ^ word, 0x9e3779b97f4a7c15ULL);
    }
    word = 0;
    memcpy(&word, at, length);
    hash = hash_fold(hash ^ word, 0xd6e8feb86659fd93ULL);
    return hash_fold(hash ^ hash_seed, 0xa0761d6478bd642fULL);
}

#endif
