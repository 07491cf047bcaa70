/* SPDX-License-Identifier: BSD-2-Clause */
/* The allocator as a whole: its life, its lock, and which level a size goes to. */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "pool/sgi_inner.h"
#include "pool/sysmem.h"

static void sgi_lock_init(struct sgi_lock *lock)
{
    pthread_mutexattr_t attributes;

    memset(&lock->stats, 0, sizeof lock->stats);
    pthread_mutexattr_init(&attributes);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
    /* Work under the lock takes less time than falling asleep would. */
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
    pthread_mutex_init(&lock->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sgi_lock_take(struct sgi_lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex) != 0) {
        uint64_t since = now_ns();

        pthread_mutex_lock(&lock->mutex);
        lock->stats.contended++;
        lock->stats.wait_ns += now_ns() - since;
    }
    lock->stats.taken++;
}

void sgi_lock_drop(struct sgi_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

struct sgi *sgi_create(void)
{
    struct sgi *sgi = sysmem_memalign(SYSMEM_OF_SHARED, SGI_LINE, sizeof *sgi);
    size_t tags;

    if (!sgi)
        return NULL;
    memset(sgi, 0, sizeof *sgi);
    sgi->mode = pool_mode();
    tags = sgi->mode == POOL_POISON ? SGI_SPAN / SGI_GRANULE : 0;
    sgi->usable = SGI_SPAN - SGI_LINE - tags;
    sgi_lock_init(&sgi->lock);
    for (unsigned index = 0; index < SGI_CLASSES; index++)
        sgi_lock_init(&sgi->depots[index].lock);
    sgi_rings_init(sgi);
    return sgi;
}

static void unmap_ring(struct sgi_span *ring)
{
    for (struct sgi_span *span = ring->next, *next; span != ring; span = next) {
        next = span->next;
        sgi_span_unmap(span);
    }
}

void sgi_destroy(struct sgi *sgi)
{
    assert(sgi->threads == 0);
    for (unsigned index = 0; index < SGI_CLASSES; index++) {
        sgi_depot_clear(&sgi->depots[index]);
        pthread_mutex_destroy(&sgi->depots[index].lock.mutex);
    }
    unmap_ring(&sgi->in_use);
    unmap_ring(&sgi->whole);
    unmap_ring(&sgi->aside);
    pthread_mutex_destroy(&sgi->lock.mutex);
    sysmem_free(SYSMEM_OF_SHARED, sgi, sizeof *sgi);
}

static bool is_large(const struct sgi *sgi, size_t size)
{
    return size > SGI_SMALL_MAX || sgi->mode == POOL_PASSTHROUGH;
}

void *sgi_alloc_slow(struct sgi *sgi, size_t size)
{
    void *object;

    if (size == 0)
        size = 1;
    if (is_large(sgi, size))
        return sgi_level1_alloc(sgi, size);
    if (sgi_this_thread->owner == sgi)
        object = sgi_magazine_get(sgi_this_thread, sgi_class(size));
    else if (sgi_central_take(sgi, sgi_class(size), &object, 1) == 0)
        object = NULL;
    if (!object)
        return NULL;
    if (sgi->mode == POOL_POISON)
        sgi_tag_alloc(sgi, object, size);
    annotate_usable(object, size);
    return object;
}

void sgi_free_slow(struct sgi *sgi, void *object, size_t size)
{
    if (!object)
        return;
    if (size == 0)
        size = 1;
    if (is_large(sgi, size)) {
        sgi_level1_free(sgi, object, size);
        return;
    }
    if (sgi->mode == POOL_POISON)
        sgi_tag_free(sgi, object, size);
    annotate_unusable(object, sgi_class_size(sgi_class(size)));
    if (sgi_this_thread->owner == sgi)
        sgi_magazine_put(sgi_this_thread, sgi_class(size), object);
    else
        sgi_central_give(sgi, sgi_class(size), &object, 1);
}

void *sgi_realloc(struct sgi *sgi, void *object, size_t old_size, size_t new_size)
{
    size_t old = old_size != 0 ? old_size : 1;
    size_t new = new_size != 0 ? new_size : 1;
    void *moved;

    if (!object)
        return sgi_alloc(sgi, new);
    if (is_large(sgi, old) && is_large(sgi, new))
        return fault_fires(FAULT_SGI) ? NULL : sgi_level1_realloc(sgi, object, old, new);
    if (!is_large(sgi, old) && !is_large(sgi, new) && sgi_class(old) == sgi_class(new)) {
        annotate_unusable(object, sgi_class_size(sgi_class(new)));
        annotate_usable(object, new);
        return object;
    }
    moved = sgi_alloc(sgi, new);
    if (!moved)
        return NULL;
    memcpy(moved, object, old < new ? old : new);
    sgi_free(sgi, object, old);
    return moved;
}
