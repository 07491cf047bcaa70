/* SPDX-License-Identifier: BSD-2-Clause */
/* Files named per line: the list of those used lately, and what is open of them. */
#include "server/log/open_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool/sgi.h"
#include "server/log/log_file.h"
#include "server/log/log_sink.h"

/* A file that was written to lately, open or not. */
struct entry {
    struct entry *next;
    struct open_log *log; /* null: not open, but counted */
    int64_t uses;         /* since it was last unused for `inactive` */
    int64_t used, valid;  /* ms when it was written to; until when its name is trusted */
    unsigned reopens;     /* log_file_reopens when the name was checked */
    size_t size;          /* of this struct, the path with it */
    char path[];
};

struct open_logs {
    struct sgi *sgi; /* set once, as the limits */
    struct open_logs_limits limits;
    pthread_mutex_t lock;
    struct entry *entries; /* under the lock: the last used first */
    int64_t count;
};

struct open_logs *open_logs_create(struct sgi *sgi, const struct open_logs_limits *limits)
{
    struct open_logs *logs = sgi_alloc(sgi, sizeof *logs);

    if (!logs)
        return NULL;
    *logs = (struct open_logs){.sgi = sgi, .limits = *limits};
    pthread_mutex_init(&logs->lock, NULL); /* cannot fail with default attributes on Linux */
    return logs;
}

static void drop_all(struct sgi *sgi, struct entry *entries)
{
    for (struct entry *entry = entries, *next; entry; entry = next) {
        next = entry->next;
        if (entry->log)
            open_log_put(entry->log);
        sgi_free(sgi, entry, entry->size);
    }
}

void open_logs_destroy(struct open_logs *logs)
{
    drop_all(logs->sgi, logs->entries);
    pthread_mutex_destroy(&logs->lock);
    sgi_free(logs->sgi, logs, sizeof *logs);
}

void open_log_put(struct open_log *log)
{
    if (atomic_fetch_sub_explicit(&log->references, 1, memory_order_acq_rel) != 1)
        return;
    log_sink_put(log->sink);
    close(log->fd);
    sgi_free(log->sgi, log, sizeof *log);
}

static struct open_log *hold(struct open_log *log)
{
    if (log)
        atomic_fetch_add_explicit(&log->references, 1, memory_order_relaxed);
    return log;
}

/* Its place is remembered, so that a rename is seen later. */
static int open_file(struct sgi *sgi, const char *path, struct open_log **log)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    struct log_sink *sink;
    struct stat about;

    if (fd < 0)
        return -errno;
    sink = log_sink_get(fd);
    *log = sink && fstat(fd, &about) == 0 ? sgi_alloc(sgi, sizeof **log) : NULL;
    if (!*log) {
        log_sink_put(sink);
        close(fd);
        return -ENOMEM;
    }
    (*log)->sink = sink;
    (*log)->fd = fd;
    (*log)->sgi = sgi;
    (*log)->device = about.st_dev;
    (*log)->inode = about.st_ino;
    atomic_init(&(*log)->references, 1);
    return 0;
}

static bool bears(const struct open_log *log, const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && about.st_dev == log->device && about.st_ino == log->inode;
}

/* ---- under the lock ---- */

static struct entry **link_of(struct open_logs *logs, const char *path)
{
    struct entry **link = &logs->entries;

    while (*link && strcmp((*link)->path, path) != 0)
        link = &(*link)->next;
    return link;
}

static struct entry *take_entry(struct open_logs *logs, struct entry **link)
{
    struct entry *entry = *link;

    if (entry) {
        *link = entry->next;
        entry->next = NULL;
        logs->count--;
    }
    return entry;
}

/* Puts it to the front; removes entries to make room for it, and those unused for long. */
static struct entry *give_entry(struct open_logs *logs, struct entry *entry, int64_t now)
{
    struct entry *gone = NULL;

    for (struct entry **link = &logs->entries; *link;) {
        struct entry *old = *link;

        if (now - old->used < logs->limits.inactive_ms && (logs->count < logs->limits.max || old->next)) {
            link = &old->next;
            continue;
        }
        take_entry(logs, link)->next = gone;
        gone = old;
    }
    if (now - entry->used >= logs->limits.inactive_ms)
        entry->uses = 0;
    entry->uses++;
    entry->used = now;
    entry->next = logs->entries;
    logs->entries = entry;
    logs->count++;
    return gone;
}

static void trust(const struct open_logs *logs, struct entry *entry, int64_t now, unsigned reopens)
{
    entry->valid = now + logs->limits.valid_ms;
    entry->reopens = reopens;
}

/* ---- a use ---- */

static struct entry *make_entry(struct sgi *sgi, const char *path, int64_t now)
{
    const size_t length = strlen(path) + 1, size = sizeof(struct entry) + length;
    struct entry *entry = sgi_alloc(sgi, size);

    if (!entry)
        return NULL;
    *entry = (struct entry){.used = now, .size = size};
    memcpy(entry->path, path, length);
    return entry;
}

/* Counts a use. The file, if it is open, is held; *look: it is time to check that it still has the name. */
static struct open_log *use(struct open_logs *logs, const char *path, int64_t now, bool *look)
{
    struct entry *entry, *fresh = NULL, *gone = NULL;
    struct open_log *log = NULL;

    pthread_mutex_lock(&logs->lock);
    entry = take_entry(logs, link_of(logs, path));
    if (!entry) {
        pthread_mutex_unlock(&logs->lock);
        fresh = make_entry(logs->sgi, path, now);
        pthread_mutex_lock(&logs->lock);
        entry = take_entry(logs, link_of(logs, path)); /* another thread's, made meanwhile */
        if (!entry) {
            entry = fresh;
            fresh = NULL;
        }
    }
    if (entry) {
        gone = give_entry(logs, entry, now);
        log = hold(entry->log);
        *look = log && (now >= entry->valid || entry->reopens != log_file_reopens());
        if (*look)
            trust(logs, entry, now, log_file_reopens());
    }
    pthread_mutex_unlock(&logs->lock);
    drop_all(logs->sgi, fresh);
    drop_all(logs->sgi, gone);
    return log;
}

/* Keeps a file that was opened after `reopens` was read, if it is used often and no other thread was
 * faster. */
static void keep(struct open_logs *logs, const char *path, int64_t now, unsigned reopens,
                 struct open_log *log)
{
    struct entry *entry;

    pthread_mutex_lock(&logs->lock);
    entry = *link_of(logs, path);
    if (entry && !entry->log && entry->uses >= logs->limits.min_uses) {
        entry->log = hold(log);
        trust(logs, entry, now, reopens);
    }
    pthread_mutex_unlock(&logs->lock);
}

/* Another file, or none, has the name now: the next use opens it. */
static void let_go(struct open_logs *logs, const char *path, struct open_log *log)
{
    struct entry *entry;
    bool mine;

    pthread_mutex_lock(&logs->lock);
    entry = *link_of(logs, path);
    mine = entry && entry->log == log;
    if (mine)
        entry->log = NULL;
    pthread_mutex_unlock(&logs->lock);
    if (mine)
        open_log_put(log);
    open_log_put(log);
}

/* A path that cannot be opened is not remembered. */
static void forget(struct open_logs *logs, const char *path)
{
    struct entry *gone;

    pthread_mutex_lock(&logs->lock);
    gone = take_entry(logs, link_of(logs, path));
    pthread_mutex_unlock(&logs->lock);
    drop_all(logs->sgi, gone);
}

int open_logs_get(struct sgi *sgi, struct open_logs *logs, const char *path, int64_t now,
                  struct open_log **log)
{
    const unsigned reopens = log_file_reopens(); /* the file may be renamed right after it is opened */
    bool look = false;
    int result;

    *log = logs ? use(logs, path, now, &look) : NULL;
    if (*log && look && !bears(*log, path)) {
        let_go(logs, path, *log);
        *log = NULL;
    }
    if (*log)
        return 0;
    result = open_file(sgi, path, log);
    if (logs && result)
        forget(logs, path);
    else if (logs)
        keep(logs, path, now, reopens, *log);
    return result;
}
