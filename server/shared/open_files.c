/* SPDX-License-Identifier: BSD-2-Clause */
/* Shards of paths, in order of last use. */
#include "server/shared/open_files.h"

#include "pool/holds.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/hash.h"
#include "server/shared/open_file_load.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum {
    SHARDS_MAX = 16,
    EXPIRED_PER_INSERT = 2, /* as nginx: a little with every insertion instead of all at once */
    VICTIMS = 64,           /* entries that open_files_expire takes out per hold of a lock */
};

/* A shard's entries in order of last use. */
struct ring {
    struct ring *newer, *older;
};

/* What the cache knows of a path. */
struct entry {
    struct ring ring;   /* first, so that the one is the other */
    struct entry *next; /* in the bucket; or in a list of those taken out */

    struct open_file *file; /* a reference; NULL: an error, or used less than min_uses times */
    int64_t checked_ms, used_ms;
    uint64_t hash; /* set once */
    int error;     /* negative errno of a cached failure, or 0 */
    uint32_t uses;
    uint32_t length; /* of the path; set once */
    char path[];     /* not terminated */
};

/* What the header says of the sgi's lists of up to 128 bytes. */
_Static_assert(sizeof(struct open_file) <= 128, "an open file is a small record");
_Static_assert(offsetof(struct entry, path) <= 68, "an entry is a small record for paths up to 60 bytes");

struct shard {
    _Alignas(64) pthread_mutex_t lock; /* one to a cache line */
    /* under the lock */
    struct entry **buckets;
    struct ring ring; /* newer: the least recently used; older: the one used last */
    unsigned count;
};

struct open_file_cache {
    struct sgi *sgi;
    size_t allocated; /* of this struct with the buckets */
    int64_t inactive_ms;
    unsigned shard_mask;  /* shards - 1 */
    unsigned bucket_mask; /* buckets of a shard - 1 */
    unsigned max;         /* entries of a shard */
    struct shard shards[];
};

struct lookup {
    const char *path;
    uint64_t hash;
    uint32_t length;
    int64_t now_ms;
};

void open_files_put(struct open_file *file)
{
    holds_give(file, NULL, "a reference");
    if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) > 1)
        return;
    holds_none(file, "an open file");
    if (file->fd >= 0)
        close(file->fd);
    sgi_free(file->sgi, file, sizeof *file);
}

void open_files_release(void *file)
{
    open_files_put(file);
}

static size_t entry_size(uint32_t length)
{
    return offsetof(struct entry, path) + length;
}

static void free_entries(struct sgi *sgi, struct entry *entry)
{
    while (entry) {
        struct entry *next = entry->next;

        if (entry->file)
            open_files_put(entry->file);
        sgi_free(sgi, entry, entry_size(entry->length));
        entry = next;
    }
}

struct open_file_cache *open_files_create(struct sgi *sgi, unsigned max, int64_t inactive_ms)
{
    unsigned shards = SHARDS_MAX, buckets = 1;
    struct open_file_cache *cache;
    struct entry **next;
    size_t allocated;

    if (max == 0)
        max = 1;
    while (shards > max)
        shards /= 2;
    while (buckets < max / shards)
        buckets *= 2;
    allocated = sizeof *cache + shards * sizeof(struct shard) + (size_t)shards * buckets * sizeof *next;
    cache = sysmem_memalign(SYSMEM_OF_FILES, _Alignof(struct open_file_cache), allocated);
    if (!cache)
        return NULL;
    hash_init();
    memset(cache, 0, allocated);
    cache->sgi = sgi;
    cache->allocated = allocated;
    cache->inactive_ms = inactive_ms;
    cache->shard_mask = shards - 1;
    cache->bucket_mask = buckets - 1;
    cache->max = max / shards;
    next = (struct entry **)(void *)&cache->shards[shards];
    for (unsigned i = 0; i < shards; i++, next += buckets) {
        struct shard *shard = &cache->shards[i];

        pthread_mutex_init(&shard->lock, NULL); /* cannot fail with default attributes on Linux */
        shard->buckets = next;
        shard->ring.newer = shard->ring.older = &shard->ring;
    }
    return cache;
}

static struct shard *shard_of(struct open_file_cache *cache, uint64_t hash)
{
    return &cache->shards[(hash >> 60) & cache->shard_mask];
}

static void link_newest(struct shard *shard, struct ring *link)
{
    link->newer = &shard->ring;
    link->older = shard->ring.older;
    link->older->newer = link;
    shard->ring.older = link;
}

static void unlink_ring(struct ring *link)
{
    link->older->newer = link->newer;
    link->newer->older = link->older;
}

/* NULL: the shard is empty. */
static struct entry *oldest(struct shard *shard)
{
    return shard->ring.newer != &shard->ring ? (struct entry *)shard->ring.newer : NULL;
}

static void take_out(struct open_file_cache *cache, struct shard *shard, struct entry *entry,
                     struct entry **out)
{
    struct entry **place = &shard->buckets[entry->hash & cache->bucket_mask];

    while (*place != entry)
        place = &(*place)->next;
    *place = entry->next;
    unlink_ring(&entry->ring);
    shard->count--;
    entry->next = *out;
    *out = entry;
}

/* At most `limit` of those not used for the cache's time; true: there may be more. */
static bool take_out_idle(struct open_file_cache *cache, struct shard *shard, int64_t now_ms, unsigned limit,
                          struct entry **out)
{
    for (; limit > 0; limit--) {
        struct entry *entry = oldest(shard);

        if (!entry || now_ms - entry->used_ms < cache->inactive_ms)
            return false;
        take_out(cache, shard, entry, out);
    }
    return true;
}

void open_files_expire(struct open_file_cache *cache, int64_t now_ms)
{
    for (unsigned i = 0; i <= cache->shard_mask; i++) {
        bool more = true;

        while (more) {
            struct entry *out = NULL;

            pthread_mutex_lock(&cache->shards[i].lock);
            more = take_out_idle(cache, &cache->shards[i], now_ms, VICTIMS, &out);
            pthread_mutex_unlock(&cache->shards[i].lock);
            free_entries(cache->sgi, out);
        }
    }
}

void open_files_destroy(struct open_file_cache *cache)
{
    for (unsigned i = 0; i <= cache->shard_mask; i++) {
        struct shard *shard = &cache->shards[i];
        struct entry *out = NULL;

        for (struct entry *entry = oldest(shard); entry; entry = oldest(shard))
            take_out(cache, shard, entry, &out);
        free_entries(cache->sgi, out);
        pthread_mutex_destroy(&shard->lock);
    }
    sysmem_free(SYSMEM_OF_FILES, cache, cache->allocated);
}

unsigned open_files_count(struct open_file_cache *cache)
{
    unsigned count = 0;

    for (unsigned i = 0; i <= cache->shard_mask; i++) {
        pthread_mutex_lock(&cache->shards[i].lock);
        count += cache->shards[i].count;
        pthread_mutex_unlock(&cache->shards[i].lock);
    }
    return count;
}

static struct entry *find_entry(struct open_file_cache *cache, struct shard *shard,
                                const struct lookup *lookup)
{
    struct entry *entry = shard->buckets[lookup->hash & cache->bucket_mask];

    while (entry && (entry->hash != lookup->hash || entry->length != lookup->length ||
                     memcmp(entry->path, lookup->path, lookup->length) != 0))
        entry = entry->next;
    return entry;
}

static void use(struct shard *shard, struct entry *entry, int64_t now_ms)
{
    entry->used_ms = now_ms;
    if (entry->uses < UINT32_MAX)
        entry->uses++;
    unlink_ring(&entry->ring);
    link_newest(shard, &entry->ring);
}

/* An answer of the table. */
enum known {
    KNOWN_NOT,  /* ask the system */
    KNOWN,      /* *file or *error is the answer */
    KNOWN_ONCE, /* *file was right valid_ms ago; held for the caller */
};

/* Counts as a use even if the entry cannot answer: uses decide what stays open. */
static enum known look_up(struct open_file_cache *cache, const struct lookup *lookup,
                          const struct open_file_options *options, struct open_file **file, int *error)
{
    struct shard *shard = shard_of(cache, lookup->hash);
    enum known known = KNOWN_NOT;
    struct entry *entry;

    pthread_mutex_lock(&shard->lock);
    entry = find_entry(cache, shard, lookup);
    if (entry) {
        bool fresh = lookup->now_ms - entry->checked_ms < options->valid_ms;

        use(shard, entry, lookup->now_ms);
        if (entry->file) {
            *file = open_files_hold(entry->file);
            known = fresh ? KNOWN : KNOWN_ONCE;
        } else if (fresh && entry->error != 0 && options->cache_errors) {
            *error = entry->error;
            known = KNOWN;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return known;
}

static struct entry *make_entry(struct open_file_cache *cache, const struct lookup *lookup)
{
    struct entry *entry = sgi_alloc(cache->sgi, entry_size(lookup->length));

    if (!entry)
        return NULL;
    memset(entry, 0, offsetof(struct entry, path));
    entry->hash = lookup->hash;
    entry->length = lookup->length;
    entry->used_ms = lookup->now_ms;
    entry->uses = 1;
    memcpy(entry->path, lookup->path, lookup->length);
    return entry;
}

static void insert(struct open_file_cache *cache, struct shard *shard, struct entry *entry,
                   struct entry **out)
{
    struct entry **bucket = &shard->buckets[entry->hash & cache->bucket_mask];

    take_out_idle(cache, shard, entry->used_ms, EXPIRED_PER_INSERT, out);
    for (struct entry *last = oldest(shard); last && shard->count >= cache->max; last = oldest(shard))
        take_out(cache, shard, last, out);
    entry->next = *bucket;
    *bucket = entry;
    link_newest(shard, &entry->ring);
    shard->count++;
}

/* Only errors of the path itself: a lack of descriptors or memory is temporary. */
static bool may_be_cached(int error, const struct open_file_options *options)
{
    return options->cache_errors && (error == -ENOENT || error == -ENOTDIR || error == -EACCES ||
                                     error == -ENAMETOOLONG || error == -ELOOP);
}

/* Enters the system's answer: `file` (the caller's; the entry gets a reference of its own) or `error`.
 * Without memory for an entry nothing is entered. */
static void learn(struct open_file_cache *cache, const struct lookup *lookup,
                  const struct open_file_options *options, struct open_file *file, int error)
{
    struct shard *shard = shard_of(cache, lookup->hash);
    bool keep = error == 0 || may_be_cached(error, options);
    struct entry *fresh = keep ? make_entry(cache, lookup) : NULL, *out = NULL, *entry;
    struct open_file *old = NULL;

    pthread_mutex_lock(&shard->lock);
    entry = find_entry(cache, shard, lookup);
    if (!entry && fresh) {
        insert(cache, shard, fresh, &out);
        entry = fresh;
        fresh = NULL;
    } else if (entry && !keep) {
        take_out(cache, shard, entry, &out);
        entry = NULL;
    }
    if (entry) {
        old = entry->file;
        entry->file = file && entry->uses >= options->min_uses ? open_files_hold(file) : NULL;
        entry->error = error;
        entry->checked_ms = lookup->now_ms;
    }
    pthread_mutex_unlock(&shard->lock);
    if (old)
        open_files_put(old);
    if (fresh)
        sgi_free(cache->sgi, fresh, entry_size(fresh->length));
    free_entries(cache->sgi, out);
}

int open_files_get(struct sgi *sgi, struct open_file_cache *cache, const char *path,
                   const struct open_file_options *options, int64_t now_ms, struct open_file **file)
{
    struct lookup lookup = {.path = path, .now_ms = now_ms};
    size_t length = strlen(path);
    int error = 0;

    *file = NULL;
    if (!cache || length > UINT32_MAX)
        return open_file_load(sgi, path, file);
    lookup.length = (uint32_t)length;
    lookup.hash = hash_bytes(path, length);
    switch (look_up(cache, &lookup, options, file, &error)) {
    case KNOWN:
        return error;
    case KNOWN_ONCE:
        if (open_file_is_unchanged(*file, path)) {
            learn(cache, &lookup, options, *file, 0);
            return 0;
        }
        open_files_put(*file);
        break;
    case KNOWN_NOT:
        break;
    }
    error = open_file_load(cache->sgi, path, file);
    if (error != -ENOMEM)
        learn(cache, &lookup, options, *file, error);
    return error;
}
