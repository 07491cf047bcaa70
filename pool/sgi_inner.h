/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: shared by the files of sgi; nobody else includes it. sgi.c decides between the levels;
 *   sgi_level1.c is the system with the handler; sgi_magazine.c is what a thread has of its own; sgi_depot.c
 *   holds the whole magazines between them; sgi_central.c holds the locked lists and the reserve; sgi_trim.c
 *   gives back; sgi_tag.c has the checks of poison mode. `index` is the number of a class.
 * Lifetime: see sgi.h.
 * Threads: two kinds of lock, never held together and never across a system call: one over the lists, one
 *   over the depot of a class. A name in _locked wants the lists' lock held.
 * Errors: NULL, 0 or false is "no memory".
 */
#ifndef POOL_SGI_INNER_H
#define POOL_SGI_INNER_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "pool/mode.h"
#include "pool/sgi.h"

enum {
    SGI_LINE = 64,      /* what two threads must not share */
    SGI_GROW_SPANS = 4, /* at most, at a time: 256 KiB */
};

struct sgi_lock {
    pthread_mutex_t mutex;
    struct sgi_lock_stats stats; /* under the mutex */
};

/* A free object on a list: its first word is the link. */
struct sgi_object {
    struct sgi_object *next;
};

/* At the start of each span; the objects follow, and before them in poison mode a tag for every granule of
 * the span. */
struct sgi_span {
    struct sgi_span *next, *previous; /* in one of the three rings of struct sgi */
    size_t free_bytes;                /* on the lists or in the reserve; all of them: the span is whole */
    uint64_t aside_since;             /* when set aside: the number of the trim */
    _Atomic uint8_t *tags;            /* SGI_SPAN / SGI_GRANULE of them; null: not in poison mode */
    bool dying;                       /* a trim is taking its objects off the lists */
};

_Static_assert(sizeof(struct sgi_span) <= SGI_LINE, "a span's header takes one line");

struct sgi_depot {
    alignas(SGI_LINE) struct sgi_lock lock;
    struct sgi_magazine *full, *empty; /* stacks */
    size_t full_count, empty_count;
    size_t full_low, empty_low; /* the fewest since the last trim: so many are not needed */
};

struct sgi {
    enum pool_mode mode; /* set once */
    size_t usable;       /* set once: bytes for objects in a span */

    alignas(SGI_LINE) struct sgi_lock lock; /* over what follows */
    struct sgi_object *lists[SGI_CLASSES];
    size_t list_counts[SGI_CLASSES]; /* objects on each */
    uint64_t refills[SGI_CLASSES], drains[SGI_CLASSES];
    char *start_free, *end_free; /* the reserve, all in one span */
    /* Heads of rings: spans partly out; spans all on the lists or in the reserve; spans without objects. */
    struct sgi_span in_use, whole, aside;
    size_t heap_bytes;  /* spans mapped, all of each */
    size_t free_bytes;  /* sum over the spans in use and whole */
    size_t aside_bytes; /* usable bytes of the spans aside */
    uint64_t spans_mapped, spans_unmapped, scavenged;
    uint64_t trims;
    bool trimming; /* one at a time */
    unsigned threads;

    struct sgi_depot depots[SGI_CLASSES];

    _Atomic int64_t trim_due;                /* ms: before it sgi_trim_due does nothing */
    _Atomic size_t large_count, large_bytes; /* level 1; relaxed */
};

static inline unsigned sgi_class(size_t size) /* 1..128 */
{
    return (unsigned)((size - 1) / SGI_GRANULE);
}

static inline size_t sgi_class_size(unsigned index)
{
    return ((size_t)index + 1) * SGI_GRANULE;
}

static inline struct sgi_span *sgi_span_of(void *object)
{
    char *byte = object;

    return (struct sgi_span *)(void *)(byte - ((uintptr_t)byte & (SGI_SPAN - 1)));
}

/* sgi.c: tries the lock first, so that waiting is counted and an uncontended call reads no clock. */
void sgi_lock_take(struct sgi_lock *lock);
void sgi_lock_drop(struct sgi_lock *lock);

/* sgi_level1.c. `attempt` counts from 0. */
void *sgi_level1_alloc(struct sgi *sgi, size_t size);
void sgi_level1_free(struct sgi *sgi, void *object, size_t size);
void *sgi_level1_realloc(struct sgi *sgi, void *object, size_t old_size, size_t new_size);
bool sgi_ask_handler(size_t wanted, unsigned attempt);
uint64_t sgi_handler_runs(void);

/* sgi_central.c. take: how many of `wanted` (up to SGI_BATCH) were had, 0 if memory is out. */
void sgi_rings_init(struct sgi *sgi);
unsigned sgi_central_take(struct sgi *sgi, unsigned index, void **objects, unsigned wanted);
void sgi_central_give(struct sgi *sgi, unsigned index, void *const *objects, unsigned count);
void sgi_ring_move_locked(struct sgi_span *ring, struct sgi_span *span);
void sgi_span_unmap(struct sgi_span *span);

/* sgi_depot.c. A magazine from outside is full or empty as the name says. */
struct sgi_magazine *sgi_depot_get_full(struct sgi_depot *depot, struct sgi_magazine *empty);
struct sgi_magazine *sgi_depot_get_empty(struct sgi_depot *depot, struct sgi_magazine *full);
void sgi_depot_put_full(struct sgi_depot *depot, struct sgi_magazine *full);
void sgi_depot_put_empty(struct sgi_depot *depot, struct sgi_magazine *empty);
bool sgi_depot_drain(struct sgi *sgi, unsigned index); /* all onto the lists; whether there was any */
void sgi_depot_trim(struct sgi *sgi, unsigned index);
void sgi_depot_clear(struct sgi_depot *depot); /* at destroy */

/* sgi_magazine.c: the calling thread's. */
void *sgi_magazine_get(struct sgi_thread *thread, unsigned index);
void sgi_magazine_put(struct sgi_thread *thread, unsigned index, void *object);
void sgi_magazine_destroy(struct sgi_magazine *magazine);

/* sgi_tag.c: poison mode. A defect ends the process. */
void sgi_tag_alloc(struct sgi *sgi, void *object, size_t size);
void sgi_tag_free(struct sgi *sgi, void *object, size_t size);

#endif
