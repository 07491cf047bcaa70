/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/baseline/mp_pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct mp_pool *mp_create(size_t size)
{
    void *memory;
    struct mp_pool *pool;

    /* The pool's size twice over, once where the node's belongs. */
    if (posix_memalign(&memory, MP_ALIGNMENT, size + sizeof(struct mp_pool) + size) != 0)
        return NULL;
    pool = memory;
    pool->max = size < MP_PAGE ? size : MP_PAGE - 1;
    pool->current = pool->head;
    pool->large = NULL;
    pool->head->last = (unsigned char *)(pool->head + 1);
    pool->head->end = pool->head->last + size;
    pool->head->next = NULL;
    pool->head->failed = 0;
    return pool;
}

static void free_large(struct mp_pool *pool)
{
    for (struct mp_large *large = pool->large; large != NULL; large = large->next)
        free(large->alloc);
    pool->large = NULL;
}

void mp_destroy(struct mp_pool *pool)
{
    struct mp_node *node = pool->head->next;

    free_large(pool);
    while (node != NULL) {
        struct mp_node *next = node->next;

        free(node);
        node = next;
    }
    free(pool);
}

/* Forgets `current` and `failed`: blocks passed over before are passed over for ever. */
void mp_reset(struct mp_pool *pool)
{
    free_large(pool);
    for (struct mp_node *node = pool->head; node != NULL; node = node->next)
        node->last = (unsigned char *)(node + 1);
}

static unsigned char *align(unsigned char *p)
{
    return p + (-(uintptr_t)p & (MP_ALIGNMENT - 1));
}

/* One more block, the size of the first; who is passed over for the sixth time is never looked at again. */
static void *alloc_block(struct mp_pool *pool, size_t size)
{
    size_t bytes = (size_t)(pool->head->end - (unsigned char *)pool->head);
    struct mp_node *node, *last, *current = pool->current;
    unsigned char *start;
    void *memory;

    if (posix_memalign(&memory, MP_ALIGNMENT, bytes) != 0)
        return NULL;
    node = memory;
    node->end = (unsigned char *)node + bytes;
    node->next = NULL;
    node->failed = 0;
    start = align((unsigned char *)(node + 1));
    node->last = start + size;
    for (last = pool->current; last->next != NULL; last = last->next) {
        if (last->failed++ >= MP_MISSES)
            current = last->next;
    }
    last->next = node;
    pool->current = current;
    return start;
}

static void *alloc_large(struct mp_pool *pool, size_t size)
{
    void *alloc = malloc(size);
    struct mp_large *large;
    unsigned looks = 0;

    if (alloc == NULL)
        return NULL;
    for (large = pool->large; large != NULL && looks < MP_LARGE_LOOKS; large = large->next, looks++) {
        if (large->alloc == NULL) {
            large->alloc = alloc;
            return alloc;
        }
    }
    large = mp_alloc(pool, sizeof(*large));
    if (large == NULL) {
        free(alloc);
        return NULL;
    }
    large->alloc = alloc;
    large->next = pool->large;
    pool->large = large;
    return alloc;
}

void *mp_alloc(struct mp_pool *pool, size_t size)
{
    if (size > pool->max)
        return alloc_large(pool, size);
    for (struct mp_node *node = pool->current; node != NULL; node = node->next) {
        unsigned char *start = align(node->last);

        /* Wraps when aligning has stepped past the end (D3). */
        if ((size_t)(node->end - start) >= size) {
            node->last = start + size;
            return start;
        }
    }
    return alloc_block(pool, size);
}

void *mp_nalloc(struct mp_pool *pool, size_t size)
{
    if (size > pool->max)
        return alloc_large(pool, size);
    for (struct mp_node *node = pool->current; node != NULL; node = node->next) {
        unsigned char *start = node->last;

        if ((size_t)(node->end - start) >= size) {
            node->last = start + size;
            return start;
        }
    }
    return alloc_block(pool, size);
}

void *mp_calloc(struct mp_pool *pool, size_t size)
{
    void *p = mp_alloc(pool, size);

    if (p != NULL)
        memset(p, 0, size);
    return p;
}

void mp_free(struct mp_pool *pool, void *p)
{
    for (struct mp_large *large = pool->large; large != NULL; large = large->next) {
        if (large->alloc == p) {
            free(p);
            large->alloc = NULL;
            return;
        }
    }
}
