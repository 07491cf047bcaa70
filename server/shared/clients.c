/* SPDX-License-Identifier: BSD-2-Clause */
/* Shards of buckets of counted keys. */
#include "server/shared/clients.h"

#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum {
    SHARDS = 16,           /* locks; more than the threads that meet at one moment */
    SHARD_SHIFT = 28,      /* the hash's highest four bits choose the shard, the lowest the bucket */
    BYTES_PER_BUCKET = 64, /* of the zone: fewer keys than buckets; an eighth of the zone is buckets */
    BUCKETS_MIN = SHARDS,
    CACHE_LINE = 64,
};

struct client_node {
    struct client_node *next; /* in the bucket; under the lock */
    uint32_t hash;            /* set once */
    uint32_t count;           /* how much it has going on, >= 1; under the lock */
    uint32_t length;          /* of the key */
    union {
        char inside[CLIENT_KEY_INLINE];
        char *outside; /* longer keys */
    } key;
};

_Static_assert(sizeof(struct client_node) <= 96, "a node is a small record of the sgi");

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct client_node **buckets; /* under the lock */
};

struct client_zone {
    struct shard shards[SHARDS];
    struct client_zone *next; /* in the register */
    struct sgi *sgi;
    const char *name, *key;
    size_t bytes;        /* as configured */
    size_t room;         /* bytes for nodes */
    size_t allocated;    /* of this struct with all that follows it */
    uint32_t mask;       /* buckets of a shard - 1 */
    unsigned use;        /* the caller's */
    unsigned references; /* the main thread's */
    _Atomic size_t used; /* bytes of nodes and keys outside them */
    _Atomic size_t nodes;
};

static struct client_zone *zones; /* the main thread's */

uint32_t client_hash(const void *key, size_t length)
{
    return (uint32_t)hash_bytes(key, length);
}

/* One allocation: the zone, its buckets, its name and key. */
static struct client_zone *make_zone(struct sgi *sgi, const char *name, const char *key, size_t bytes)
{
    size_t buckets = BUCKETS_MIN, name_size = strlen(name) + 1, key_size = strlen(key) + 1, allocated;
    struct client_node **next;
    struct client_zone *zone;

    while (buckets * 2 <= bytes / BYTES_PER_BUCKET && buckets < ((size_t)SHARDS << (SHARD_SHIFT - 1)))
        buckets *= 2;
    allocated = sizeof *zone + buckets * sizeof *next + name_size + key_size;
    zone = sysmem_memalign(SYSMEM_OF_ZONES, CACHE_LINE, allocated);
    if (!zone)
        return NULL;
    hash_init();
    memset(zone, 0, allocated);
    next = (struct client_node **)(void *)(zone + 1);
    for (unsigned i = 0; i < SHARDS; i++, next += buckets / SHARDS) {
        pthread_mutex_init(&zone->shards[i].lock, NULL); /* cannot fail with default attributes on Linux */
        zone->shards[i].buckets = next;
    }
    zone->sgi = sgi;
    zone->name = memcpy(next, name, name_size);
    zone->key = memcpy((char *)next + name_size, key, key_size);
    zone->bytes = bytes;
    zone->room = bytes - buckets * sizeof *next;
    zone->allocated = allocated;
    zone->mask = (uint32_t)(buckets / SHARDS - 1);
    return zone;
}

struct client_zone *client_zone_open(struct sgi *sgi, unsigned use, const char *name, const char *key,
                                     size_t bytes)
{
    struct client_zone *zone = zones;

    while (zone &&
           (zone->use != use || strcmp(zone->name, name) || strcmp(zone->key, key) || zone->bytes != bytes))
        zone = zone->next;
    if (!zone) {
        zone = make_zone(sgi, name, key, bytes);
        if (!zone)
            return NULL;
        zone->use = use;
        zone->next = zones;
        zones = zone;
    }
    zone->references++;
    return zone;
}

void client_zone_close(struct client_zone *zone)
{
    struct client_zone **link = &zones;

    if (--zone->references > 0)
        return;
    while (*link != zone)
        link = &(*link)->next;
    *link = zone->next;
    for (unsigned i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&zone->shards[i].lock);
    sysmem_free(SYSMEM_OF_ZONES, zone, zone->allocated);
}

size_t client_zone_nodes(const struct client_zone *zone)
{
    return atomic_load_explicit(&zone->nodes, memory_order_relaxed);
}

static const char *key_of(const struct client_node *node)
{
    return node->length > CLIENT_KEY_INLINE ? node->key.outside : node->key.inside;
}

static size_t cost(size_t length)
{
    return sizeof(struct client_node) + (length > CLIENT_KEY_INLINE ? length : 0);
}

static void free_node(struct client_zone *zone, struct client_node *node)
{
    atomic_fetch_sub_explicit(&zone->used, cost(node->length), memory_order_relaxed);
    if (node->length > CLIENT_KEY_INLINE)
        sgi_free(zone->sgi, node->key.outside, node->length);
    sgi_free(zone->sgi, node, sizeof *node);
}

static struct client_node *make_node(struct client_zone *zone, const void *key, size_t length, uint32_t hash)
{
    size_t used = atomic_fetch_add_explicit(&zone->used, cost(length), memory_order_relaxed) + cost(length);
    struct client_node *node = used <= zone->room ? sgi_alloc(zone->sgi, sizeof *node) : NULL;
    char *copy = node ? node->key.inside : NULL;

    if (node && length > CLIENT_KEY_INLINE)
        copy = node->key.outside = sgi_alloc(zone->sgi, length);
    if (!copy) {
        if (node)
            sgi_free(zone->sgi, node, sizeof *node);
        atomic_fetch_sub_explicit(&zone->used, cost(length), memory_order_relaxed);
        return NULL;
    }
    memcpy(copy, key, length);
    node->length = (uint32_t)length;
    node->hash = hash;
    node->count = 1;
    return node;
}

static struct client_node *find_locked(struct client_node *node, const void *key, size_t length,
                                       uint32_t hash)
{
    while (node && (node->hash != hash || node->length != length || memcmp(key_of(node), key, length) != 0))
        node = node->next;
    return node;
}

static enum client_verdict count_locked(struct client_node *found, unsigned limit, struct client_node **node)
{
    if (found->count >= limit)
        return CLIENT_OVER;
    found->count++;
    *node = found;
    return CLIENT_OK;
}

enum client_verdict client_zone_enter(struct client_zone *zone, const void *key, size_t length, uint32_t hash,
                                      unsigned limit, struct client_node **node)
{
    struct shard *shard = &zone->shards[hash >> SHARD_SHIFT];
    struct client_node **bucket = &shard->buckets[hash & zone->mask], *found, *fresh;
    enum client_verdict verdict = CLIENT_OK;

    pthread_mutex_lock(&shard->lock);
    found = find_locked(*bucket, key, length, hash);
    if (found)
        verdict = count_locked(found, limit, node);
    pthread_mutex_unlock(&shard->lock);
    if (found)
        return verdict;

    /* Made outside the lock; meanwhile another thread may have brought the same key. */
    fresh = make_node(zone, key, length, hash);
    if (!fresh)
        return CLIENT_NO_MEMORY;
    pthread_mutex_lock(&shard->lock);
    found = find_locked(*bucket, key, length, hash);
    if (found) {
        verdict = count_locked(found, limit, node);
    } else {
        fresh->next = *bucket;
        *bucket = *node = fresh;
    }
    pthread_mutex_unlock(&shard->lock);
    if (found)
        free_node(zone, fresh);
    else
        atomic_fetch_add_explicit(&zone->nodes, 1, memory_order_relaxed);
    return verdict;
}

void client_zone_leave(struct client_zone *zone, struct client_node *node)
{
    struct shard *shard = &zone->shards[node->hash >> SHARD_SHIFT];
    bool last;

    pthread_mutex_lock(&shard->lock);
    last = --node->count == 0;
    if (last) {
        struct client_node **place = &shard->buckets[node->hash & zone->mask];

        while (*place != node)
            place = &(*place)->next;
        *place = node->next;
    }
    pthread_mutex_unlock(&shard->lock);
    if (!last)
        return;
    atomic_fetch_sub_explicit(&zone->nodes, 1, memory_order_relaxed);
    free_node(zone, node);
}
