/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/log_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/units.h"
#include "pool/sysmem.h"
#include "server/log.h"
#include "server/log_file.h"

/* A file that was written to lately, open or not. */
struct entry {
    struct entry *next;
    int fd;              /* -1: not open, but counted */
    int64_t uses;        /* since it was last unused for `inactive` */
    int64_t used, valid; /* ms when it was written to; until when its name is taken to be its own */
    unsigned reopens;    /* and as long as nobody asks for logs to be opened again (log_file_reopens) */
    dev_t device;
    ino_t inode;
    size_t size; /* of this struct, the path with it */
    char path[];
};

/* What one thread has of a cache. */
struct part {
    struct part *next;
    const void *owner;     /* names the thread; a new one may take over what an ended one left */
    struct entry *entries; /* the last used first */
    int64_t count;
};

struct http_log_cache {
    int64_t max, min_uses;
    int64_t inactive_ms, valid_ms;
    _Atomic(struct part *) parts;
};

static _Thread_local char me; /* its address is the thread's name */

/* ---- a thread's part ---- */

static void drop(struct entry *entry)
{
    if (entry->fd >= 0)
        close(entry->fd);
    sysmem_free(entry, entry->size);
}

static void destroy(void *data)
{
    struct http_log_cache *cache = data;

    for (struct part *part = atomic_load(&cache->parts), *next; part; part = next) {
        next = part->next;
        for (struct entry *entry = part->entries, *after; entry; entry = after) {
            after = entry->next;
            drop(entry);
        }
        sysmem_free(part, sizeof *part);
    }
}

static struct part *part_of(struct http_log_cache *cache)
{
    struct part *part = atomic_load_explicit(&cache->parts, memory_order_acquire);

    while (part && part->owner != &me)
        part = part->next;
    if (part)
        return part;
    part = sysmem_alloc(sizeof *part);
    if (!part)
        return NULL;
    *part = (struct part){.owner = &me, .next = atomic_load(&cache->parts)};
    while (!atomic_compare_exchange_weak(&cache->parts, &part->next, part))
        ;
    return part;
}

/* Takes the last off, and what nobody has written to for long. */
static void trim(const struct http_log_cache *cache, struct part *part, int64_t now)
{
    for (struct entry **link = &part->entries; *link;) {
        struct entry *entry = *link;

        if (now - entry->used < cache->inactive_ms && (part->count < cache->max || entry->next)) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        part->count--;
        drop(entry);
    }
}

/* Takes the entry of a path off the list. NULL: there is none. */
static struct entry *take(const struct http_log_cache *cache, struct part *part, const char *path,
                          int64_t now)
{
    struct entry **link = &part->entries, *entry;

    while (*link && strcmp((*link)->path, path))
        link = &(*link)->next;
    entry = *link;
    if (!entry)
        return NULL;
    *link = entry->next;
    part->count--;
    if (now - entry->used >= cache->inactive_ms)
        entry->uses = 0;
    return entry;
}

static struct entry *make_entry(struct http_text path)
{
    const size_t size = sizeof(struct entry) + path.length + 1;
    struct entry *entry = sysmem_alloc(size);

    if (!entry)
        return NULL;
    *entry = (struct entry){.fd = -1, .size = size};
    memcpy(entry->path, path.bytes, path.length + 1);
    return entry;
}

/* Puts it to the front, and makes room for it. */
static void give(const struct http_log_cache *cache, struct part *part, struct entry *entry, int64_t now)
{
    trim(cache, part, now);
    entry->used = now;
    entry->next = part->entries;
    part->entries = entry;
    part->count++;
}

/* Whether an open file still bears its name. */
static bool is_current(struct entry *entry, const struct http_log_cache *cache, int64_t now)
{
    struct stat about;

    if (now < entry->valid && entry->reopens == log_file_reopens())
        return true;
    entry->reopens = log_file_reopens();
    entry->valid = now + cache->valid_ms;
    return stat(entry->path, &about) == 0 && about.st_dev == entry->device && about.st_ino == entry->inode;
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

/* Opens the file of an entry, which keeps it from its min_uses-th use on. */
static int open_entry(const struct http_log_cache *cache, struct entry *entry, int64_t now)
{
    unsigned reopens = log_file_reopens(); /* before the file is opened: it may be renamed right afterwards */
    int fd = open_file(entry->path);
    struct stat about;

    if (fd < 0 || entry->uses < cache->min_uses || fstat(fd, &about))
        return fd;
    entry->reopens = reopens;
    entry->device = about.st_dev;
    entry->inode = about.st_ino;
    entry->valid = now + cache->valid_ms;
    return entry->fd = fd;
}

/* The file of a path; *keep: it stays open. What cannot be opened is not remembered. */
static int open_cached(struct http_log_cache *cache, struct http_text path, int64_t now, bool *keep)
{
    struct part *part = part_of(cache);
    struct entry *entry = part ? take(cache, part, path.bytes, now) : NULL;
    int fd;

    if (part && !entry)
        entry = make_entry(path);
    if (!entry)
        return open_file(path.bytes);
    entry->uses++;
    if (entry->fd >= 0 && !is_current(entry, cache, now)) {
        close(entry->fd);
        entry->fd = -1;
    }
    fd = entry->fd >= 0 ? entry->fd : open_entry(cache, entry, now);
    if (fd < 0) {
        int error = errno;

        drop(entry);
        errno = error;
        return fd;
    }
    *keep = entry->fd >= 0;
    give(cache, part, entry, now);
    return fd;
}

void http_log_path_write(struct http_request *request, const struct http_template *path,
                         struct http_log_cache *cache, const char *bytes, size_t length)
{
    struct http_text name;
    bool keep = false;
    int fd;

    if (!http_template_write(path, request, &name))
        return;
    fd =
        cache ? open_cached(cache, name, (int64_t)(http_now(request) * 1000.), &keep) : open_file(name.bytes);
    if (fd < 0) {
        http_log(request, LOG_LEVEL_CRIT, errno, "open() \"%s\" failed", name.bytes);
        return;
    }
    if (write(fd, bytes, length) != (ssize_t)length)
        http_log(request, LOG_LEVEL_ALERT, errno, "write() to \"%s\" failed", name.bytes);
    if (!keep)
        close(fd);
}

/* ---- reading ---- */

int http_log_path_read(struct conf *conf, const struct conf_node *node, const char *text,
                       struct http_template *path)
{
    const char *full = conf_full_name(conf, text, false);

    return full ? http_template_compile(conf, node, full, path) : -ENOMEM;
}

static int read_option(const struct conf_setting *setting, const char *text, struct http_log_cache *cache)
{
    bool right;

    if (!strncmp(text, "max=", 4))
        right = conf_parse_number(text + 4, &cache->max) && cache->max > 0;
    else if (!strncmp(text, "inactive=", 9))
        right = conf_parse_msec(text + 9, &cache->inactive_ms);
    else if (!strncmp(text, "min_uses=", 9))
        right = conf_parse_number(text + 9, &cache->min_uses) && cache->min_uses > 0;
    else if (!strncmp(text, "valid=", 6))
        right = conf_parse_msec(text + 6, &cache->valid_ms);
    else
        right = false;
    return right ? 0 : conf_fail(setting->conf, setting->node, "invalid parameter \"%s\"", text);
}

int http_set_log_cache(struct conf_setting *setting)
{
    struct http_log_cache **field =
        (struct http_log_cache **)(void *)((char *)setting->section + setting->directive->offset);
    const struct conf_node *node = setting->node;
    struct http_log_cache *cache;
    int result = 0;

    *field = NULL;
    if (!strcmp(node->args[0], "off") && node->arg_count == 1)
        return 0;
    cache = pool_calloc(setting->conf->pool, sizeof *cache, "open_log_file_cache");
    if (!cache || !pool_cleanup_add(setting->conf->pool, destroy, cache))
        return conf_fail_memory(setting->conf);
    cache->min_uses = 1;
    cache->inactive_ms = 10 * 1000;
    cache->valid_ms = 60 * 1000;
    for (unsigned i = 0; i < node->arg_count && !result; i++)
        result = read_option(setting, node->args[i], cache);
    if (!result && !cache->max)
        return conf_fail(setting->conf, node, "\"%s\" must have \"max\" parameter", node->name);
    *field = cache;
    return result;
}
