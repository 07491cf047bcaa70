/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread has of its own: two magazines for each class. */
#include <errno.h>

#include "pool/sgi_inner.h"
#include "pool/sysmem.h"

/* Placeholder before the first magazine: count and capacity 0 make both fast paths fall through. */
static struct sgi_magazine none;
static struct sgi_thread unattached;

__thread struct sgi_thread *sgi_this_thread = &unattached;

static struct sgi_magazine *magazine_create(void)
{
    struct sgi_magazine *magazine = sysmem_memalign(SYSMEM_OF_SHARED, SGI_LINE, sizeof *magazine);

    if (magazine) {
        magazine->count = 0;
        magazine->capacity = SGI_BATCH;
        magazine->next = NULL;
    }
    return magazine;
}

void sgi_magazine_destroy(struct sgi_magazine *magazine)
{
    sysmem_free(SYSMEM_OF_SHARED, magazine, sizeof *magazine);
}

int sgi_thread_attach(struct sgi *sgi)
{
    struct sgi_thread *thread;

    if (sgi_this_thread != &unattached)
        return -EBUSY;
    thread = sysmem_memalign(SYSMEM_OF_SHARED, SGI_LINE, sizeof *thread);
    if (!thread)
        return -ENOMEM;
    thread->owner = sgi;
    thread->fast = sgi->mode == POOL_NORMAL ? sgi : NULL;
    for (unsigned index = 0; index < SGI_CLASSES; index++)
        thread->classes[index].loaded = thread->classes[index].previous = &none;
    sgi_this_thread = thread;
    sgi_lock_take(&sgi->lock);
    sgi->threads++;
    sgi_lock_drop(&sgi->lock);
    return 0;
}

/* A full magazine goes to the depot as it is; the objects of another go onto the lists. */
static void give_up(struct sgi *sgi, unsigned index, struct sgi_magazine *magazine)
{
    if (magazine == &none)
        return;
    if (magazine->count == magazine->capacity) {
        sgi_depot_put_full(&sgi->depots[index], magazine);
        return;
    }
    if (magazine->count != 0)
        sgi_central_give(sgi, index, magazine->objects, magazine->count);
    magazine->count = 0;
    sgi_depot_put_empty(&sgi->depots[index], magazine);
}

void sgi_thread_detach(struct sgi *sgi)
{
    struct sgi_thread *thread = sgi_this_thread;

    if (thread->owner != sgi)
        return;
    sgi_this_thread = &unattached;
    for (unsigned index = 0; index < SGI_CLASSES; index++) {
        give_up(sgi, index, thread->classes[index].loaded);
        give_up(sgi, index, thread->classes[index].previous);
    }
    sgi_lock_take(&sgi->lock);
    sgi->threads--;
    sgi_lock_drop(&sgi->lock);
    sysmem_free(SYSMEM_OF_SHARED, thread, sizeof *thread);
}

/* Puts a magazine with objects into `loaded`; false: there is none, and none can be filled. */
static bool load_full(struct sgi_thread *thread, unsigned index)
{
    struct sgi_magazine **loaded = &thread->classes[index].loaded;
    struct sgi_magazine **previous = &thread->classes[index].previous;
    struct sgi_magazine *full;

    if ((*previous)->count != 0) {
        full = *previous;
        *previous = *loaded;
        *loaded = full;
        return true;
    }
    full = sgi_depot_get_full(&thread->owner->depots[index], *loaded == &none ? NULL : *loaded);
    if (full) {
        *loaded = full;
        return true;
    }
    if (*loaded == &none) {
        struct sgi_magazine *fresh = magazine_create();

        if (!fresh)
            return false;
        *loaded = fresh;
    }
    (*loaded)->count = sgi_central_take(thread->owner, index, (*loaded)->objects, SGI_BATCH);
    return (*loaded)->count != 0;
}

void *sgi_magazine_get(struct sgi_thread *thread, unsigned index)
{
    struct sgi_magazine *magazine = thread->classes[index].loaded;
    void *object;

    if (magazine->count == 0) {
        if (!load_full(thread, index)) {
            /* Without a magazine, a single object may still be had. */
            bool no_magazine = thread->classes[index].loaded == &none;

            return no_magazine && sgi_central_take(thread->owner, index, &object, 1) != 0 ? object : NULL;
        }
        magazine = thread->classes[index].loaded;
    }
    return magazine->objects[--magazine->count];
}

/* Puts a magazine with room into `loaded`; false: none can be had, and nothing has changed. */
static bool load_empty(struct sgi_thread *thread, unsigned index)
{
    struct sgi_depot *depot = &thread->owner->depots[index];
    struct sgi_magazine **loaded = &thread->classes[index].loaded;
    struct sgi_magazine **previous = &thread->classes[index].previous;
    struct sgi_magazine *full = *previous == &none ? NULL : *previous;
    struct sgi_magazine *empty;

    if ((*previous)->count < (*previous)->capacity) {
        empty = *previous;
        *previous = *loaded;
        *loaded = empty;
        return true;
    }
    empty = sgi_depot_get_empty(depot, full);
    if (!empty) {
        empty = magazine_create();
        if (!empty)
            return false;
        if (full)
            sgi_depot_put_full(depot, full);
    }
    *previous = *loaded;
    *loaded = empty;
    return true;
}

void sgi_magazine_put(struct sgi_thread *thread, unsigned index, void *object)
{
    struct sgi_magazine *magazine = thread->classes[index].loaded;

    if (magazine->count == magazine->capacity) {
        if (!load_empty(thread, index)) {
            sgi_central_give(thread->owner, index, &object, 1);
            return;
        }
        magazine = thread->classes[index].loaded;
    }
    magazine->objects[magazine->count++] = object;
}
