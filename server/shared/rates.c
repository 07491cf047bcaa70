/* SPDX-License-Identifier: BSD-2-Clause */
/* Shards of leaky buckets, oldest last. */
#include "server/shared/rates.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/hash.h"

enum {
    SHARDS = 16,           /* locks; more than the threads that meet at one moment */
    SHARD_SHIFT = 60,      /* the hash's highest four bits choose the shard, the lowest the bucket */
    BYTES_PER_BUCKET = 64, /* of the zone */
    CACHE_LINE = 64,
    STALE_MS = 60 * 1000, /* a key not asked for that long may go, once it has leaked empty (nginx's) */
    SWEEP = 2,            /* such keys looked at for each new one */
    EVICT = 4             /* keys that go at once for one that finds no room */
};

struct rate_node {
    struct rate_node *next;          /* in the bucket */
    struct rate_node *newer, *older; /* in the shard, by when they were asked for */
    uint64_t hash;                   /* set once */
    int64_t last;                    /* ms when `excess` was true */
    int64_t excess;                  /* thousandths of a request */
    uint32_t held;                   /* requests that wait for other limits */
    uint32_t length;                 /* of the key */
    char key[];
};

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct rate_node **buckets; /* all of these under the lock */
    struct rate_node *newest, *oldest;
};

struct rate_zone {
    struct shard shards[SHARDS];
    struct rate_zone *next; /* in the register */
    struct sgi *sgi;
    const char *name, *key;
    size_t bytes;        /* as configured */
    size_t room;         /* bytes for nodes */
    size_t allocated;    /* of this struct with all that follows it */
    uint64_t mask;       /* buckets of a shard - 1 */
    unsigned references; /* the main thread's */
    _Atomic size_t used; /* bytes of nodes */
    _Atomic size_t nodes;
};

static struct rate_zone *zones; /* the main thread's */

/* ---- zones ---- */

static size_t node_size(size_t length)
{
    return sizeof(struct rate_node) + length;
}

/* One allocation: the zone, its buckets, its name and key. */
static struct rate_zone *make_zone(struct sgi *sgi, const char *name, const char *key, size_t bytes)
{
    size_t buckets = SHARDS, name_size = strlen(name) + 1, key_size = strlen(key) + 1, allocated;
    struct rate_node **bucket;
    struct rate_zone *zone;

    while (buckets * 2 <= bytes / BYTES_PER_BUCKET)
        buckets *= 2;
    allocated = sizeof *zone + buckets * sizeof *bucket + name_size + key_size;
    zone = sysmem_memalign(SYSMEM_OF_ZONES, CACHE_LINE, allocated);
    if (!zone)
        return NULL;
    hash_init();
    memset(zone, 0, allocated);
    bucket = (struct rate_node **)(void *)(zone + 1);
    for (unsigned i = 0; i < SHARDS; i++, bucket += buckets / SHARDS) {
        pthread_mutex_init(&zone->shards[i].lock, NULL); /* cannot fail with default attributes on Linux */
        zone->shards[i].buckets = bucket;
    }
    zone->name = memcpy(bucket, name, name_size);
    zone->key = memcpy((char *)bucket + name_size, key, key_size);
    zone->sgi = sgi;
    zone->bytes = bytes;
    zone->room = bytes - buckets * sizeof *bucket;
    zone->allocated = allocated;
    zone->mask = buckets / SHARDS - 1;
    zone->references = 1;
    return zone;
}

struct rate_zone *rate_zone_open(struct sgi *sgi, const char *name, const char *key, size_t bytes)
{
    struct rate_zone *zone = zones;

    while (zone && (strcmp(zone->name, name) || strcmp(zone->key, key) || zone->bytes != bytes))
        zone = zone->next;
    if (zone) {
        zone->references++;
        return zone;
    }
    zone = make_zone(sgi, name, key, bytes);
    if (zone) {
        zone->next = zones;
        zones = zone;
    }
    return zone;
}

static void free_list(struct rate_zone *zone, struct rate_node *list)
{
    while (list) {
        struct rate_node *next = list->next;
        size_t size = node_size(list->length);

        sgi_free(zone->sgi, list, size);
        atomic_fetch_sub_explicit(&zone->used, size, memory_order_relaxed);
        atomic_fetch_sub_explicit(&zone->nodes, 1, memory_order_relaxed);
        list = next;
    }
}

void rate_zone_close(struct rate_zone *zone)
{
    struct rate_zone **link = &zones;

    if (--zone->references > 0)
        return;
    while (*link != zone)
        link = &(*link)->next;
    *link = zone->next;
    for (unsigned i = 0; i < SHARDS; i++) {
        for (uint64_t b = 0; b <= zone->mask; b++)
            free_list(zone, zone->shards[i].buckets[b]);
        pthread_mutex_destroy(&zone->shards[i].lock);
    }
    sysmem_free(SYSMEM_OF_ZONES, zone, zone->allocated);
}

size_t rate_zone_nodes(const struct rate_zone *zone)
{
    return atomic_load_explicit(&zone->nodes, memory_order_relaxed);
}

/* ---- a shard's nodes, under its lock ---- */

static void unlink_age_locked(struct shard *shard, struct rate_node *node)
{
    *(node->newer ? &node->newer->older : &shard->newest) = node->older;
    *(node->older ? &node->older->newer : &shard->oldest) = node->newer;
}

static void link_age_locked(struct shard *shard, struct rate_node *node)
{
    node->newer = NULL;
    node->older = shard->newest;
    *(shard->newest ? &shard->newest->newer : &shard->oldest) = node;
    shard->newest = node;
}

static struct rate_node *find_locked(struct rate_node *node, const struct rate_question *question,
                                     uint64_t hash)
{
    while (node && (node->hash != hash || node->length != question->length ||
                    memcmp(node->key, question->key, question->length)))
        node = node->next;
    return node;
}

/* The excess after what leaked since the last question, and one more request. A clock that went back counts
 * as stopped. */
static int64_t excess_of(const struct rate_node *node, const struct rate_question *question, bool one_more)
{
    int64_t elapsed = question->now - node->last, excess;

    if (elapsed < -STALE_MS)
        elapsed = 1;
    else if (elapsed < 0)
        elapsed = 0;
    excess = node->excess - question->rate * elapsed / 1000 + (one_more ? RATE_ONE : 0);
    return excess < 0 ? 0 : excess;
}

static void pay_locked(struct rate_node *node, const struct rate_question *question, int64_t excess)
{
    node->excess = excess;
    if (question->now != node->last)
        node->last = question->now;
}

/* Takes up to `count` of the oldest off; `stale`: only those that have leaked empty. */
static struct rate_node *take_oldest_locked(struct rate_zone *zone, struct shard *shard,
                                            const struct rate_question *question, int count, bool stale)
{
    struct rate_node *taken = NULL;

    for (struct rate_node *node = shard->oldest, *newer; node && count-- > 0; node = newer) {
        struct rate_node **link = &shard->buckets[node->hash & zone->mask];

        newer = node->newer;
        if (node->held ||
            (stale && (question->now - node->last < STALE_MS || excess_of(node, question, false))))
            break;
        while (*link != node)
            link = &(*link)->next;
        *link = node->next;
        unlink_age_locked(shard, node);
        node->next = taken;
        taken = node;
    }
    return taken;
}

static enum rate_verdict ask_locked(struct shard *shard, struct rate_node *node,
                                    const struct rate_question *question, bool pay, int64_t *excess)
{
    unlink_age_locked(shard, node);
    link_age_locked(shard, node);
    *excess = excess_of(node, question, true);
    if (*excess > question->burst)
        return RATE_BUSY;
    if (pay) {
        pay_locked(node, question, *excess);
        return RATE_PAID;
    }
    node->held++;
    return RATE_HELD;
}

/* ---- asking ---- */

static struct rate_node *try_node(struct rate_zone *zone, const struct rate_question *question, uint64_t hash)
{
    size_t size = node_size(question->length);
    size_t used = atomic_fetch_add_explicit(&zone->used, size, memory_order_relaxed) + size;
    struct rate_node *node = used <= zone->room ? sgi_alloc(zone->sgi, size) : NULL;

    if (!node) {
        atomic_fetch_sub_explicit(&zone->used, size, memory_order_relaxed);
        return NULL;
    }
    *node = (struct rate_node){.hash = hash, .length = (uint32_t)question->length};
    memcpy(node->key, question->key, question->length);
    atomic_fetch_add_explicit(&zone->nodes, 1, memory_order_relaxed);
    return node;
}

/* A node for a new key; old ones of its shard make room for it. NULL: there is none. */
static struct rate_node *make_node(struct rate_zone *zone, struct shard *shard,
                                   const struct rate_question *question, uint64_t hash)
{
    struct rate_node *old, *node;

    pthread_mutex_lock(&shard->lock);
    old = take_oldest_locked(zone, shard, question, SWEEP, true);
    pthread_mutex_unlock(&shard->lock);
    free_list(zone, old);
    node = try_node(zone, question, hash);
    if (node)
        return node;
    pthread_mutex_lock(&shard->lock);
    old = take_oldest_locked(zone, shard, question, EVICT, false);
    pthread_mutex_unlock(&shard->lock);
    free_list(zone, old);
    return try_node(zone, question, hash);
}

enum rate_verdict rate_ask(struct rate_zone *zone, const struct rate_question *question, int pay,
                           int64_t *excess, struct rate_node **node)
{
    uint64_t hash = hash_bytes(question->key, question->length);
    struct shard *shard = &zone->shards[hash >> SHARD_SHIFT];
    struct rate_node **bucket = &shard->buckets[hash & zone->mask], *fresh;
    enum rate_verdict verdict = RATE_FULL;

    *excess = 0;
    pthread_mutex_lock(&shard->lock);
    *node = find_locked(*bucket, question, hash);
    if (*node)
        verdict = ask_locked(shard, *node, question, pay, excess);
    pthread_mutex_unlock(&shard->lock);
    if (*node)
        return verdict;

    /* Made outside the lock; meanwhile another thread may have brought the same key. */
    fresh = make_node(zone, shard, question, hash);
    if (!fresh)
        return RATE_FULL;
    pthread_mutex_lock(&shard->lock);
    *node = find_locked(*bucket, question, hash);
    if (*node) {
        verdict = ask_locked(shard, *node, question, pay, excess);
    } else {
        fresh->last = pay ? question->now : 0;
        fresh->held = !pay;
        fresh->next = *bucket;
        *bucket = *node = fresh;
        link_age_locked(shard, fresh);
        verdict = pay ? RATE_PAID : RATE_HELD;
        fresh = NULL;
    }
    pthread_mutex_unlock(&shard->lock);
    free_list(zone, fresh);
    return verdict;
}

int64_t rate_pay(struct rate_zone *zone, struct rate_node *node, const struct rate_question *question)
{
    struct shard *shard = &zone->shards[node->hash >> SHARD_SHIFT];
    int64_t excess;

    pthread_mutex_lock(&shard->lock);
    /* The first request of a key has no time before it. */
    excess = node->last || node->excess ? excess_of(node, question, true) : 0;
    pay_locked(node, question, excess);
    node->held--;
    pthread_mutex_unlock(&shard->lock);
    return excess;
}

void rate_drop(struct rate_zone *zone, struct rate_node *node)
{
    struct shard *shard = &zone->shards[node->hash >> SHARD_SHIFT];

    pthread_mutex_lock(&shard->lock);
    node->held--;
    pthread_mutex_unlock(&shard->lock);
}
