/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes and their spans: get, put, trim. */
#include "pool/sizeclass.h"

#include <errno.h>
#include <string.h>

#include "pool/annotate.h"
#include "pool/mode.h"
#include "pool/sizeclass_arena.h"
#include "pool/sysmem.h"

/* Why everything takes the slow call. */
enum {
    HOOK_CHECK = 1,    /* owner, double free, wrong size, fill */
    HOOK_ANNOTATE = 2, /* ASan or valgrind is told */
};

/* Powers of two, halves between them where pages divide well, and runs in four steps a doubling: rounding
 * loses at most a quarter above 4 KiB, half below. */
const uint32_t sizeclass_sizes[SIZECLASS_CLASSES] = {
    16,   32,   48,    64,    96,    128,   192,   256,   384,   512,   768,   1024, 2048,
    4096, 8192, 12288, 16384, 20480, 24576, 28672, 32768, 40960, 49152, 57344, 65536};

#define TWICE(c)   c, c
#define FOUR(c)    TWICE(c), TWICE(c)
#define EIGHT(c)   FOUR(c), FOUR(c)
#define SIXTEEN(c) EIGHT(c), EIGHT(c)

const uint8_t sizeclass_small[SIZECLASS_SMALL_MAX / 16 + 1] = {
    0,        0,        1,           2,           3,           TWICE(4),    TWICE(5),    FOUR(6),    FOUR(7),
    EIGHT(8), EIGHT(9), SIXTEEN(10), SIXTEEN(11), SIXTEEN(12), SIXTEEN(12), SIXTEEN(12), SIXTEEN(12)};

const uint8_t sizeclass_runs[SIZECLASS_MAX / SIZECLASS_PAGE + 1] = {
    13, 13, 14, 15, 16, 17, 18, 19, 20, TWICE(21), TWICE(22), TWICE(23), TWICE(24)};

/* ---- rings of spans ---- */

static void ring_init(struct sizeclass_span *head)
{
    *head = (struct sizeclass_span){.next = head, .prev = head};
}

static void ring_remove(struct sizeclass_span *span)
{
    span->next->prev = span->prev;
    span->prev->next = span->next;
    span->listed = false;
}

static void ring_push(struct sizeclass_span *head, struct sizeclass_span *span)
{
    span->next = head->next;
    span->prev = head;
    head->next->prev = span;
    head->next = span;
    span->listed = true;
}

/* ---- lifetime ---- */

static _Atomic uint64_t sizeclass_lost_objects;

uint64_t sizeclass_lost(void)
{
    return atomic_load(&sizeclass_lost_objects);
}

struct sizeclass *sizeclass_create(void)
{
    struct sizeclass *classes = sysmem_calloc(SYSMEM_OF_POOLS, sizeof *classes);

    if (!classes)
        return NULL;
    for (int i = 0; i < SIZECLASS_CLASSES; i++) {
        ring_init(&classes->each[i].partial);
        ring_init(&classes->each[i].empty);
    }
    classes->window_began = -1;
    if (pool_mode() == POOL_POISON)
        classes->hooks |= HOOK_CHECK;
#ifdef TIDEPOOL_DEBUG
    classes->hooks |= HOOK_CHECK;
#endif
    if (mode_watched)
        classes->hooks |= HOOK_ANNOTATE;
#ifdef ANNOTATE_ASAN
    classes->hooks |= HOOK_CHECK;
    classes->quarantine = sysmem_calloc(SYSMEM_OF_POOLS, sizeof *classes->quarantine);
    if (!classes->quarantine) {
        sysmem_free(SYSMEM_OF_POOLS, classes, sizeof *classes);
        return NULL;
    }
#endif
    mode_sizeclasses(+1);
    return classes;
}

void sizeclass_destroy(struct sizeclass *classes)
{
    struct sizeclass_stats stats;

    if (!classes)
        return;
    sizeclass_stats(classes, &stats);
    atomic_fetch_add(&sizeclass_lost_objects, stats.live_objects);
    arena_destroy_all(classes);
#ifdef ANNOTATE_ASAN
    sysmem_free(SYSMEM_OF_POOLS, classes->quarantine, sizeof *classes->quarantine);
#endif
    sysmem_free(SYSMEM_OF_POOLS, classes, sizeof *classes);
    mode_sizeclasses(-1);
}

void sizeclass_adopt(struct sizeclass *classes)
{
    classes->owner = mode_thread();
}

size_t sizeclass_round(size_t size)
{
    return size <= SIZECLASS_MAX ? sizeclass_sizes[sizeclass_index(size)] : size;
}

/* ---- checks and annotations ---- */

static void sizeclass_check_owner(struct sizeclass *classes)
{
    if (classes->owner == 0)
        classes->owner = mode_thread();
    else if (classes->owner != mode_thread())
        mode_defect("a sizeclass is used by a thread that does not own it", NULL, classes);
}

static void sizeclass_check_get(struct sizeclass *classes, void *object, size_t capacity)
{
    uint8_t bit, *byte = arena_live_byte(object, &bit);

    sizeclass_check_owner(classes);
    arena_of(object)->has_live_bits = 1;
    *byte |= bit;
    if (pool_mode() == POOL_POISON)
        memset(object, POOL_FILL_FRESH, capacity);
}

static void sizeclass_check_put(struct sizeclass *classes, void *object, size_t size)
{
    uint8_t bit, *byte;

    sizeclass_check_owner(classes);
    if (arena_of(object)->owner != classes)
        mode_defect("an object is given back to a sizeclass that it is not from", NULL, object);
    byte = arena_live_byte(object, &bit);
    if ((*byte & bit) == 0)
        mode_defect("double free of a sizeclass object, or a pointer into one", NULL, object);
    if (sizeclass_span_of(object)->index != sizeclass_index(size))
        mode_defect("a sizeclass object is given back with a wrong size", NULL, object);
    *byte = (uint8_t)(*byte & ~bit);
    if (pool_mode() == POOL_POISON) {
        annotate_usable_deep(object, sizeclass_round(size)); /* its user may have closed parts of it */
        memset(object, POOL_FILL_FREED, sizeclass_round(size));
    }
}

/* ---- objects that come back ---- */

static void sizeclass_moved(struct sizeclass *classes, struct sizeclass_span *span)
{
    struct sizeclass_class *one = &classes->each[span->index];

    if (span->used == 0) {
        if (span->listed)
            ring_remove(span);
        ring_push(&one->empty, span);
        one->empties++;
        classes->empties++;
    } else if (!span->listed) {
        ring_push(&one->partial, span);
    }
}

static void sizeclass_put_now(struct sizeclass *classes, void *object)
{
    struct sizeclass_span *span = sizeclass_span_of(object);

    if ((classes->hooks & HOOK_ANNOTATE) != 0)
        annotate_usable_deep(object, sizeof(void *));
    *(void **)object = span->free;
    span->free = object;
    if ((classes->hooks & HOOK_ANNOTATE) != 0)
        annotate_unusable_deep(object, sizeclass_sizes[span->index]);
    if (--span->used == 0 || !span->listed)
        sizeclass_moved(classes, span);
}

/* Gives the objects at hand back to their spans. */
static void sizeclass_flush(struct sizeclass *classes)
{
    for (int i = 0; i < SIZECLASS_CLASSES; i++) {
        void *object;

        while ((object = sizeclass_pop(classes, (unsigned)i)))
            sizeclass_put_now(classes, object);
    }
}

/* ---- get ---- */

static uint32_t span_capacity(const struct sizeclass_span *span)
{
    return (uint32_t)span->pages * SIZECLASS_PAGE / sizeclass_sizes[span->index];
}

/* Empty spans of other classes give their pages up before the system is asked for more. */
static void sizeclass_release_empties(struct sizeclass *classes, struct sizeclass_class *one, uint32_t count)
{
    for (; count > 0 && one->empties > 0; count--) {
        struct sizeclass_span *oldest = one->empty.prev;

        ring_remove(oldest);
        one->empties--;
        classes->empties--;
        arena_put(classes, oldest);
    }
    if (one->empties_low > one->empties)
        one->empties_low = one->empties;
}

static void sizeclass_release_all(struct sizeclass *classes)
{
    sizeclass_flush(classes);
    for (int i = 0; i < SIZECLASS_CLASSES; i++)
        sizeclass_release_empties(classes, &classes->each[i], UINT32_MAX);
}

static struct sizeclass_span *sizeclass_new_span(struct sizeclass *classes, unsigned index)
{
    uint32_t size = sizeclass_sizes[index];
    unsigned pages = size <= SIZECLASS_PAGE ? 1 : size / SIZECLASS_PAGE;
    struct sizeclass_span *span = arena_get(classes, pages, classes->empties == 0);

    if (!span) {
        sizeclass_release_all(classes);
        span = arena_get(classes, pages, true);
    }
    if (!span)
        return NULL;
    span->index = (uint8_t)index;
    span->owned = true;
    ring_push(&classes->each[index].partial, span);
    return span;
}

/* A span at the head of the partial ring that has an object to give. */
static struct sizeclass_span *sizeclass_find_span(struct sizeclass *classes, unsigned index)
{
    struct sizeclass_class *one = &classes->each[index];

    while (one->partial.next != &one->partial) {
        struct sizeclass_span *span = one->partial.next;

        if (span->free || span->carved < span_capacity(span))
            return span;
        ring_remove(span); /* full: sizeclass_moved() puts it back */
    }
    if (one->empties > 0) {
        struct sizeclass_span *span = one->empty.next;

        ring_remove(span);
        classes->empties--;
        if (--one->empties < one->empties_low)
            one->empties_low = one->empties;
        ring_push(&one->partial, span);
        return span;
    }
    return sizeclass_new_span(classes, index);
}

static void *sizeclass_large_try(struct sizeclass *classes, size_t size)
{
    void *p = arena_affords(classes, size) ? sysmem_alloc(SYSMEM_OF_POOLS, size) : NULL;

    if (p)
        classes->held += size;
    return p;
}

/* Above the largest class: the system's. */
static void *sizeclass_large_get(struct sizeclass *classes, size_t size)
{
    void *p = sizeclass_large_try(classes, size);

    if (!p && (errno == ENOBUFS || errno == EDQUOT)) {
        sizeclass_reclaim(classes);
        p = sizeclass_large_try(classes, size);
    }
    return p;
}

void *sizeclass_get_slow(struct sizeclass *classes, size_t size, size_t *capacity)
{
    size_t rounded = sizeclass_round(size);
    struct sizeclass_span *span;
    void *object;

    if (fault_fires(FAULT_SIZECLASS)) {
        errno = ENOMEM;
        return NULL;
    }
    if (capacity)
        *capacity = rounded;
    if (size > SIZECLASS_MAX)
        return sizeclass_large_get(classes, size);
    span = sizeclass_find_span(classes, sizeclass_index(size));
    if (!span)
        return NULL;
    object = span->free;
    if (object) {
        if ((classes->hooks & HOOK_ANNOTATE) != 0) {
            annotate_usable(object, sizeof(void *));
            annotate_defined(object, sizeof(void *));
        }
        span->free = *(void **)object;
    } else {
        object = arena_pages_of(span) + (size_t)span->carved++ * rounded;
    }
    if ((classes->hooks & HOOK_ANNOTATE) != 0)
        annotate_usable_deep(object, rounded);
    span->used++;
    if ((classes->hooks & HOOK_CHECK) != 0)
        sizeclass_check_get(classes, object, rounded);
    return object;
}

/* ---- put ---- */

void sizeclass_put_slow(struct sizeclass *classes, void *p, size_t size)
{
    if (size > SIZECLASS_MAX) {
        classes->held -= size;
        sysmem_free(SYSMEM_OF_POOLS, p, size);
        return;
    }
    if ((classes->hooks & HOOK_CHECK) != 0)
        sizeclass_check_put(classes, p, size);
#ifdef ANNOTATE_ASAN
    struct sizeclass_quarantine *waiting = classes->quarantine;

    annotate_unusable_deep(p, sizeclass_round(size));
    waiting->objects[(waiting->first + waiting->count++) % QUARANTINE_OBJECTS] = p;
    waiting->bytes += sizeclass_round(size);
    while (waiting->count == QUARANTINE_OBJECTS || waiting->bytes > QUARANTINE_BYTES) {
        p = waiting->objects[waiting->first];
        waiting->first = (waiting->first + 1) % QUARANTINE_OBJECTS;
        waiting->count--;
        waiting->bytes -= sizeclass_sizes[sizeclass_span_of(p)->index];
        sizeclass_put_now(classes, p);
    }
#else
    sizeclass_put_now(classes, p);
#endif
}

/* ---- trim ---- */

bool sizeclass_trim(struct sizeclass *classes, int64_t now_ms)
{
    if (classes->window_began >= 0 && now_ms - classes->window_began < SIZECLASS_WINDOW_MS)
        return classes->empties > 0 || classes->returned;
    sizeclass_flush(classes);
    for (int i = 0; i < SIZECLASS_CLASSES; i++) {
        struct sizeclass_class *one = &classes->each[i];

        if (classes->window_began >= 0)
            sizeclass_release_empties(classes, one, one->empties_low);
        one->empties_low = one->empties;
    }
    classes->window_began = now_ms;
    arena_purge(classes, SIZECLASS_PURGE_LEAST);
    return classes->empties > 0;
}

void sizeclass_reclaim(struct sizeclass *classes)
{
    sizeclass_release_all(classes);
    if (classes->dirty)
        arena_purge(classes, 1);
}
