/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the struct behind pool/sizeclass.h and the two bodies that are inlined. Included by sizeclass.h
 *   alone. A class keeps the last few objects that came back at hand: a request takes and returns one or two
 *   blocks of the same classes, and a span that holds a single object would otherwise go from list to list
 *   each time.
 * Lifetime: see sizeclass.h.
 * Threads: the owner.
 * Errors: NULL, from the slow call alone.
 */
#ifndef POOL_SIZECLASS_INLINE_H
#define POOL_SIZECLASS_INLINE_H

#include "pool/sizeclass.h"

struct sizeclass {
    struct sizeclass_class each[SIZECLASS_CLASSES];
    void *cache[SIZECLASS_CLASSES];     /* of each, those given back last, linked through their first word */
    uint32_t cached[SIZECLASS_CLASSES]; /* how many; their spans count them as out */
    unsigned hooks;                     /* not 0: checks or annotations; everything takes the slow call */
    uint32_t arena_count;
    uint32_t spare_out;             /* objects of the spare that are out */
    struct sizeclass_arena *arenas; /* ring; those with free pages come first */
    uint32_t empties;               /* empty spans of all classes */
    bool dirty;                     /* some free pages may be resident */
    bool returned;                  /* pages have become free since the last purge */
    int64_t window_began;           /* of trim; -1: not yet */
    size_t budget;                  /* bytes; 0: no limit */
    size_t held;                    /* bytes charged: arena_charge() */
    uint32_t owner;                 /* mode_thread(); 0: nobody yet */
    bool above_budget;              /* it is the spare of another */
    struct sizeclass *spare;
    struct sizeclass_quarantine *quarantine; /* ASan builds only */
};

extern const uint8_t sizeclass_small[SIZECLASS_SMALL_MAX / 16 + 1]; /* (size + 15) / 16 → class */
extern const uint8_t sizeclass_runs[SIZECLASS_MAX / SIZECLASS_PAGE + 1];
extern const uint32_t sizeclass_sizes[SIZECLASS_CLASSES];
void *sizeclass_get_slow(struct sizeclass *classes, size_t size, size_t *capacity);
void sizeclass_put_slow(struct sizeclass *classes, void *p, size_t size);
struct sizeclass *sizeclass_giver_slow(struct sizeclass *classes, void *p,
                                       size_t size); /* counts it as back */

static inline unsigned sizeclass_index(size_t size) /* of at most SIZECLASS_MAX bytes */
{
    return size <= SIZECLASS_SMALL_MAX ? sizeclass_small[(size + 15) / 16]
                                       : sizeclass_runs[(size + SIZECLASS_PAGE - 1) / SIZECLASS_PAGE];
}

static inline void sizeclass_set_budget(struct sizeclass *classes, size_t bytes)
{
    classes->budget = bytes;
}

static inline size_t sizeclass_held(const struct sizeclass *classes)
{
    return classes->held;
}

static inline void sizeclass_set_spare(struct sizeclass *classes, struct sizeclass *spare)
{
    classes->spare = spare;
    if (spare)
        spare->above_budget = true;
}

static inline struct sizeclass *sizeclass_giver(struct sizeclass *classes, void *p, size_t size)
{
    return __builtin_expect(classes->spare_out != 0, 0) ? sizeclass_giver_slow(classes, p, size) : classes;
}

static inline struct sizeclass_span *sizeclass_span_of(void *p)
{
    size_t offset = (uintptr_t)p & (SIZECLASS_ARENA - 1);

    return (struct sizeclass_span *)(void *)((char *)p - offset) + 1 + offset / SIZECLASS_PAGE;
}

/* An object of the class that is at hand, or NULL. */
static inline void *sizeclass_pop(struct sizeclass *classes, unsigned index)
{
    void *object = classes->cache[index];

    if (!object)
        return NULL;
    classes->cache[index] = *(void **)object;
    classes->cached[index]--;
    return object;
}

/* Keeps an object of the class at hand. False: there are enough. */
static inline bool sizeclass_push(struct sizeclass *classes, unsigned index, void *object)
{
    if (__builtin_expect(classes->cached[index] == SIZECLASS_CACHE, 0))
        return false;
    *(void **)object = classes->cache[index];
    classes->cache[index] = object;
    classes->cached[index]++;
    return true;
}

/* One of the objects at hand. NULL: there is none, so call the slow one. */
static inline void *sizeclass_get_cached(struct sizeclass *classes, size_t size, size_t *capacity)
{
    unsigned index;

    if (__builtin_expect(size > SIZECLASS_MAX || classes->hooks != 0, 0))
        return NULL;
    if (atomic_load_explicit(&fault_armed[FAULT_SIZECLASS], memory_order_relaxed))
        return NULL;
    index = sizeclass_index(size);
    if (capacity)
        *capacity = sizeclass_sizes[index];
    return sizeclass_pop(classes, index);
}

static inline void *sizeclass_get(struct sizeclass *classes, size_t size, size_t *capacity)
{
    void *object = sizeclass_get_cached(classes, size, capacity);

    return object ? object : sizeclass_get_slow(classes, size, capacity);
}

static inline void sizeclass_put(struct sizeclass *classes, void *p, size_t size)
{
    if (__builtin_expect(size > SIZECLASS_MAX || classes->hooks != 0, 0) ||
        !sizeclass_push(classes, sizeclass_index(size), p))
        sizeclass_put_slow(classes, p, size);
}

#endif
