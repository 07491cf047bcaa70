/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads open_file_cache, and asks the cache, or the system without one. */
#include "http/modules/content/file_cache.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "conf/units.h"
#include "pool/pool.h"
#include "server/generation.h"

enum {
    INACTIVE_MS = 60 * 1000, /* nginx's default */
    EXPIRE_MS = 1000,
    ENTRIES_MAX = 1 << 24 /* more descriptors than a process has */
};

static int64_t file_cache_now_ms(void)
{
    struct timespec now;

    /* Exact to a few milliseconds, without a system call. */
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void file_cache_destroy(void *files)
{
    open_files_destroy(files);
}

static struct http_file_cache *file_cache_make(struct conf *conf, unsigned max, int64_t inactive_ms)
{
    struct http_file_cache *cache = pool_calloc(conf->pool, sizeof *cache, "file cache");

    if (cache)
        cache->files = open_files_create(generation_of(conf)->sgi, max, inactive_ms);
    if (cache && cache->files && pool_cleanup_add(conf->pool, file_cache_destroy, cache->files))
        return cache;
    if (cache && cache->files)
        open_files_destroy(cache->files);
    (void)conf_fail_memory(conf);
    return NULL;
}

int http_set_file_cache(struct conf_setting *setting)
{
    struct http_file_cache **field = conf_setting_field(setting);
    const struct conf_node *node = setting->node;
    int64_t max = 0, inactive_ms = INACTIVE_MS;
    bool off = false;

    for (unsigned i = 0; i < node->arg_count; i++) {
        const char *text = node->args[i];
        bool good;

        if (!strncmp(text, "max=", 4))
            good = conf_parse_number(text + 4, &max) && max > 0 && max <= ENTRIES_MAX;
        else if (!strncmp(text, "inactive=", 9))
            good = conf_parse_msec(text + 9, &inactive_ms) && inactive_ms > 0;
        else
            good = off = !strcmp(text, "off");
        if (!good)
            return conf_fail(setting->conf, node, "invalid \"open_file_cache\" parameter \"%s\"", text);
    }
    *field = NULL;
    if (off)
        return 0;
    if (max == 0)
        return conf_fail(setting->conf, node, "\"open_file_cache\" must have the \"max\" parameter");
    *field = file_cache_make(setting->conf, (unsigned)max, inactive_ms);
    return *field ? 0 : -ENOMEM;
}

static void file_cache_expire(struct http_file_cache *cache, int64_t now)
{
    int64_t due = atomic_load_explicit(&cache->next_expire, memory_order_relaxed);

    if (now >= due && atomic_compare_exchange_strong_explicit(&cache->next_expire, &due, now + EXPIRE_MS,
                                                              memory_order_relaxed, memory_order_relaxed))
        open_files_expire(cache->files, now);
}

int http_file_open(struct sgi *sgi, struct http_file_cache *cache, const char *name,
                   const struct open_file_options *options, struct open_file **file)
{
    int64_t now;

    if (!cache)
        return open_files_get(sgi, NULL, name, NULL, 0, file);
    now = file_cache_now_ms();
    file_cache_expire(cache, now);
    return open_files_get(sgi, cache->files, name, options, now, file);
}

int http_file_look(struct sgi *sgi, struct http_file_cache *cache, const char *name,
                   const struct open_file_options *options, bool *is_directory)
{
    struct open_file *file;
    struct stat status;
    int error;

    if (!cache) {
        if (stat(name, &status) < 0)
            return -errno;
        *is_directory = S_ISDIR(status.st_mode);
        return 0;
    }
    error = http_file_open(sgi, cache, name, options, &file);
    if (error)
        return error;
    *is_directory = file->is_directory;
    open_files_put(file);
    return 0;
}
