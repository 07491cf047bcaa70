/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the open-file cache, shared by all threads. A file that is asked for often is opened once. Its
 *   memory is the sgi's: struct open_file fits the lists of up to 128 bytes, as does an entry (68 bytes and
 *   its path) with a path of up to 60 bytes.
 * Lifetime: a struct open_file does not change and is counted: each get has its put, and with the last
 *   reference its descriptor is closed, even if the cache dropped it long ago. The cache holds one reference
 *   per entry. A cache itself is not counted: destroy it when no get can come any more; files got from it
 *   may outlive it.
 * Threads: every function but create and destroy, from every thread. 16 shards, each with a lock, under which
 *   nothing is allocated, freed, opened, stat'ed or closed.
 * Errors: get returns a negative errno: that of open(2) or stat(2), or -ENOMEM; *file is then NULL and
 *   nothing is held.
 */
#ifndef SERVER_SHARED_OPEN_FILES_H
#define SERVER_SHARED_OPEN_FILES_H

#include "pool/holds.h"
#include "server/shared/open_file_load.h"

struct open_file_cache;

struct open_file_options {
    int64_t valid_ms;  /* how long an entry is believed before it is checked with stat(2) */
    unsigned min_uses; /* uses within `inactive` before the file stays open in the cache; at least 1 */
    bool cache_errors; /* whether ENOENT and the like are remembered too */
};

/* At most `max` entries; those not used for `inactive_ms` go. NULL when memory is short. */
__attribute__((warn_unused_result)) struct open_file_cache *open_files_create(struct sgi *sgi, unsigned max,
                                                                              int64_t inactive_ms);
void open_files_destroy(struct open_file_cache *cache);

/* `cache` NULL: opens a file for the caller alone, with memory of `sgi` (a cache uses its own); `options`
 * may be NULL then. `now_ms`: of any monotonic clock, the same for all threads. */
__attribute__((warn_unused_result)) int open_files_get(struct sgi *sgi, struct open_file_cache *cache,
                                                       const char *path,
                                                       const struct open_file_options *options,
                                                       int64_t now_ms, struct open_file **file);
/* One more reference to a file that the caller holds. */
static inline struct open_file *open_files_hold(struct open_file *file);
void open_files_put(struct open_file *file);
/* The same, for struct output_file. */
void open_files_release(void *file);

/* Drops what was not used for the cache's time; called once a second or so by one thread. */
void open_files_expire(struct open_file_cache *cache, int64_t now_ms);

/* Entries now; a snapshot. */
unsigned open_files_count(struct open_file_cache *cache);

static inline struct open_file *open_files_hold(struct open_file *file)
{
    holds_take(file, NULL, "a reference");
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    return file;
}

#endif
