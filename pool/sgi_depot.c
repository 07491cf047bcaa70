/* SPDX-License-Identifier: BSD-2-Clause */
/* The depots: whole magazines between the threads and the lists. */
#include "pool/sgi_inner.h"

static void push_full_locked(struct sgi_depot *depot, struct sgi_magazine *full)
{
    full->next = depot->full;
    depot->full = full;
    depot->full_count++;
}

static void push_empty_locked(struct sgi_depot *depot, struct sgi_magazine *empty)
{
    empty->next = depot->empty;
    depot->empty = empty;
    depot->empty_count++;
}

static struct sgi_magazine *pop_full_locked(struct sgi_depot *depot)
{
    struct sgi_magazine *full = depot->full;

    if (full) {
        depot->full = full->next;
        if (--depot->full_count < depot->full_low)
            depot->full_low = depot->full_count;
    }
    return full;
}

static struct sgi_magazine *pop_empty_locked(struct sgi_depot *depot)
{
    struct sgi_magazine *empty = depot->empty;

    if (empty) {
        depot->empty = empty->next;
        if (--depot->empty_count < depot->empty_low)
            depot->empty_low = depot->empty_count;
    }
    return empty;
}

/* A full one for an empty one (or for none: NULL). NULL: there is no full one, and the empty one stays the
 * caller's. */
struct sgi_magazine *sgi_depot_get_full(struct sgi_depot *depot, struct sgi_magazine *empty)
{
    struct sgi_magazine *full;

    sgi_lock_take(&depot->lock);
    full = pop_full_locked(depot);
    if (full && empty)
        push_empty_locked(depot, empty);
    sgi_lock_drop(&depot->lock);
    return full;
}

/* An empty one for a full one (or for none: NULL). NULL: there is no empty one, and the full one stays the
 * caller's. */
struct sgi_magazine *sgi_depot_get_empty(struct sgi_depot *depot, struct sgi_magazine *full)
{
    struct sgi_magazine *empty;

    sgi_lock_take(&depot->lock);
    empty = pop_empty_locked(depot);
    if (empty && full)
        push_full_locked(depot, full);
    sgi_lock_drop(&depot->lock);
    return empty;
}

void sgi_depot_put_full(struct sgi_depot *depot, struct sgi_magazine *full)
{
    sgi_lock_take(&depot->lock);
    push_full_locked(depot, full);
    sgi_lock_drop(&depot->lock);
}

void sgi_depot_put_empty(struct sgi_depot *depot, struct sgi_magazine *empty)
{
    sgi_lock_take(&depot->lock);
    push_empty_locked(depot, empty);
    sgi_lock_drop(&depot->lock);
}

/* One full magazine onto the lists: one batch at a time, so that no thread waits for long. */
static bool drain_one(struct sgi *sgi, unsigned index)
{
    struct sgi_magazine *full = sgi_depot_get_full(&sgi->depots[index], NULL);

    if (!full)
        return false;
    sgi_central_give(sgi, index, full->objects, full->count);
    full->count = 0;
    sgi_depot_put_empty(&sgi->depots[index], full);
    return true;
}

bool sgi_depot_drain(struct sgi *sgi, unsigned index)
{
    bool any = false;

    while (drain_one(sgi, index))
        any = true;
    return any;
}

/* Magazines that were in the depot all the time since the last trim are not needed: the objects of the full
 * ones go onto the lists, empty ones to the system. */
void sgi_depot_trim(struct sgi *sgi, unsigned index)
{
    struct sgi_depot *depot = &sgi->depots[index];
    struct sgi_magazine *unused = NULL;
    size_t full;

    sgi_lock_take(&depot->lock);
    full = depot->full_low;
    for (size_t empty = depot->empty_low; empty > 0; empty--) {
        struct sgi_magazine *magazine = pop_empty_locked(depot);

        magazine->next = unused;
        unused = magazine;
    }
    sgi_lock_drop(&depot->lock);

    while (unused) {
        struct sgi_magazine *next = unused->next;

        sgi_magazine_destroy(unused);
        unused = next;
    }
    while (full > 0 && drain_one(sgi, index))
        full--;

    sgi_lock_take(&depot->lock);
    depot->full_low = depot->full_count;
    depot->empty_low = depot->empty_count;
    sgi_lock_drop(&depot->lock);
}

void sgi_depot_clear(struct sgi_depot *depot)
{
    struct sgi_magazine *magazine;

    while ((magazine = pop_full_locked(depot)) || (magazine = pop_empty_locked(depot)))
        sgi_magazine_destroy(magazine);
}
