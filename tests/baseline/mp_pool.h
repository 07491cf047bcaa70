/* SPDX-License-Identifier: BSD-2-Clause */
/* mp_pool: the plain teaching pool of source document 3, kept with its defects, to be measured
 * and to show what the project's pool does otherwise. Not for use.
 *
 * Lifetime: create, destroy. Threads: one. Errors: NULL. The unset `next` of the printed create could not
 * stay: nothing would run.
 */
#ifndef TESTS_BASELINE_MP_POOL_H
#define TESTS_BASELINE_MP_POOL_H

#include <stddef.h>

enum { MP_ALIGNMENT = 16, MP_PAGE = 4096, MP_MISSES = 5, MP_LARGE_LOOKS = 5 };

struct mp_large {
    struct mp_large *next;
    void *alloc; /* null: freed, to be used again */
};

struct mp_node {
    unsigned char *last, *end;
    struct mp_node *next;
    unsigned failed; /* times it was passed over */
};

struct mp_pool {
    size_t max; /* bytes of the largest request served from a block */
    struct mp_node *current;
    struct mp_large *large;
    struct mp_node head[];
};

struct mp_pool *mp_create(size_t size); /* bytes for clients in a block */
void mp_destroy(struct mp_pool *pool);
void mp_reset(struct mp_pool *pool);
void *mp_alloc(struct mp_pool *pool, size_t size);  /* aligned */
void *mp_nalloc(struct mp_pool *pool, size_t size); /* not */
void *mp_calloc(struct mp_pool *pool, size_t size);
void mp_free(struct mp_pool *pool, void *p); /* a large one; else nothing happens */

#endif
