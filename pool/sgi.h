/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: small objects born in one thread and freed in another (source document 0, section 2). Level 2
 *   serves 1..128 bytes from sixteen free lists (8, 16 ... 128), filled twenty objects at a time from a
 *   reserve; level 1 passes larger sizes to the system. When the system refuses, left-overs and larger free
 *   objects are used up before the out-of-memory handler is asked. Over the locked lists stand magazines: an
 *   attached thread has two per class, of twenty objects, and takes no lock before both are empty (or full);
 *   then it swaps a whole one with the depot of the class, so that what another thread freed comes back in
 *   batches, O(1) under the lock. Shared objects that fit 128 bytes (level 2): a node of the table of client
 *   addresses (64..96 bytes), the struct of an open-file cache entry, a message between threads (up to 64).
 *   The path of an open file has its own size and is often level 1. Sizes whose multiple of 8 is one of 16
 *   are aligned to 16, the others to 8. Size 0 is served as 1.
 * Lifetime: one for the process; objects die with it. Memory comes in 64 KiB spans. A trim collects what has
 *   lain unused since the trim before; a span whose objects are then all free is set aside, and unmapped by
 *   the next trim unless it was wanted: an idle allocator holds nothing after three trims, a busy one makes
 *   no system call for it. However many threads ask, with sgi_trim_due there is one trim a second.
 * Threads: any may allocate and free; an attached one mostly without a lock. It detaches before it ends;
 *   otherwise its magazines stay unusable until destroy. No lock is held across a system call.
 * Errors: NULL when the system refuses and the handler gave up (or there is none); nothing is changed then.
 *   In poison mode each object bears a tag: a double free, a wrong size, a foreign pointer and a write after
 *   free end the process with a line on stderr. In passthrough mode every call goes to the system.
 */
#ifndef POOL_SGI_H
#define POOL_SGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/annotate.h"
#include "pool/fault.h"
#include "pool/sgi_stats.h"

enum {
    SGI_CLASSES = 16,
    SGI_GRANULE = 8,     /* bytes between two classes */
    SGI_SMALL_MAX = 128, /* bytes; above it level 1 */
    SGI_BATCH = 20,      /* objects: a refill, and a magazine */
    SGI_SPAN = 64 * 1024,
    SGI_TRIM_MS = 1000,   /* the least between two trims of sgi_trim_due */
    SGI_HANDLER_TRIES = 8 /* times the handler is asked for one request */
};

struct sgi;

/* Frees memory somewhere and says whether trying again makes sense. `wanted`: bytes. Called without any lock
 * held, by the thread that is in need; it may call sgi_free and sgi_trim, but allocates nothing from here. */
typedef bool (*sgi_oom_handler)(size_t wanted);

struct sgi_magazine {
    uint32_t count;    /* objects in it, 0..capacity */
    uint32_t capacity; /* SGI_BATCH; 0 in the placeholder before the first */
    struct sgi_magazine *next;
    void *objects[SGI_BATCH];
};

/* What a thread has of its own; no other thread reads it. */
struct sgi_thread {
    struct sgi *fast;  /* the inline path serves this allocator; null: all calls are slow */
    struct sgi *owner; /* attached to; null: not */
    struct {
        struct sgi_magazine *loaded, *previous; /* never null; previous is full or empty */
    } classes[SGI_CLASSES];
};

struct sgi *sgi_create(void);      /* or NULL */
void sgi_destroy(struct sgi *sgi); /* no thread is attached any more */

/* Returns the one before; null: none. Process-wide, any thread. */
sgi_oom_handler sgi_set_oom_handler(sgi_oom_handler handler);

int sgi_thread_attach(struct sgi *sgi);  /* 0, -ENOMEM, -EBUSY (attached already: one allocator a thread) */
void sgi_thread_detach(struct sgi *sgi); /* the magazines come back; nothing happens if not attached to it */

static inline void *sgi_alloc(struct sgi *sgi, size_t size);
static inline void sgi_free(struct sgi *sgi, void *object, size_t size); /* object may be null */
/* NULL leaves the object as it was. Contents are kept up to the smaller size; object null: an allocation. */
void *sgi_realloc(struct sgi *sgi, void *object, size_t old_size, size_t new_size);

/* Returns the bytes given back to the system. To be called about once a second by any thread; a second one
 * at the same time does nothing. What threads hold in magazines counts as in use. */
size_t sgi_trim(struct sgi *sgi);
/* The same for threads that each ask once a second: does nothing if another did less than SGI_TRIM_MS ago.
 * `now_ms`: of one monotonic clock, the same for all. */
size_t sgi_trim_due(struct sgi *sgi, int64_t now_ms);

void *sgi_alloc_slow(struct sgi *sgi, size_t size);
void sgi_free_slow(struct sgi *sgi, void *object, size_t size);

extern __thread struct sgi_thread *sgi_this_thread __attribute__((tls_model("initial-exec")));

static inline void *sgi_alloc(struct sgi *sgi, size_t size)
{
    struct sgi_thread *thread = sgi_this_thread;

    if (fault_fires(FAULT_SGI))
        return NULL;
    if (__builtin_expect(thread->fast == sgi && size - 1 < SGI_SMALL_MAX, 1)) {
        struct sgi_magazine *magazine = thread->classes[(size - 1) / SGI_GRANULE].loaded;
        uint32_t count = magazine->count;

        if (__builtin_expect(count != 0, 1)) {
            magazine->count = --count;
            annotate_usable(magazine->objects[count], size);
            return magazine->objects[count];
        }
    }
    return sgi_alloc_slow(sgi, size);
}

static inline void sgi_free(struct sgi *sgi, void *object, size_t size)
{
    struct sgi_thread *thread = sgi_this_thread;

    if (__builtin_expect(thread->fast == sgi && object && size - 1 < SGI_SMALL_MAX, 1)) {
        struct sgi_magazine *magazine = thread->classes[(size - 1) / SGI_GRANULE].loaded;
        uint32_t count = magazine->count;

        if (__builtin_expect(count < magazine->capacity, 1)) {
            annotate_unusable(object, (size + SGI_GRANULE - 1) & ~(size_t)(SGI_GRANULE - 1));
            magazine->objects[count] = object;
            magazine->count = count + 1;
            return;
        }
    }
    sgi_free_slow(sgi, object, size);
}

#endif
