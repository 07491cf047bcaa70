/* SPDX-License-Identifier: BSD-2-Clause */
/* Cleanups, and the two that close a file or delete it. */
#include "pool/pool_inner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct pool_file {
    int fd;
    char *name; /* NULL: none was given */
};

static void (*pool_file_report)(const char *call, const char *name, int error);

void pool_cleanups_run(struct pool *pool, struct pool_cleanup *until)
{
    while (pool->cleanups != until) {
        struct pool_cleanup *cleanup = pool->cleanups;
        pool->cleanups = cleanup->next;
        if (cleanup->handler)
            cleanup->handler(cleanup->data);
    }
}

struct pool_cleanup *pool_cleanup_add(struct pool *pool, void (*handler)(void *), void *data)
{
    struct pool_cleanup *cleanup = pool_alloc(pool, sizeof *cleanup, "cleanup");

    if (!cleanup)
        return NULL;
    *cleanup = (struct pool_cleanup){.next = pool->cleanups, .handler = handler, .data = data};
    pool->cleanups = cleanup;
    return cleanup;
}

void pool_cleanup_run(struct pool *pool, struct pool_cleanup *cleanup)
{
    void (*handler)(void *) = cleanup->handler;

    pool_check_owner(pool);
    cleanup->handler = NULL;
    if (handler)
        handler(cleanup->data);
}

void pool_on_file_error(void (*report)(const char *call, const char *name, int error))
{
    pool_file_report = report;
}

static void pool_file_tell(const char *call, const struct pool_file *file)
{
    if (pool_file_report)
        pool_file_report(call, file->name ? file->name : "", errno);
}

static void pool_file_close(void *data)
{
    struct pool_file *file = data;

    if (close(file->fd) != 0)
        pool_file_tell("close", file);
}

static void pool_file_delete(void *data)
{
    struct pool_file *file = data;

    if (unlink(file->name) != 0 && errno != ENOENT) /* it may have been moved or deleted already */
        pool_file_tell("unlink", file);
    pool_file_close(file);
}

static struct pool_cleanup *pool_file_add(struct pool *pool, int fd, const char *name,
                                          void (*handler)(void *))
{
    struct pool_file *file = pool_alloc(pool, sizeof *file, "file cleanup");

    if (!file)
        return NULL;
    file->fd = fd;
    file->name = NULL;
    if (name && !(file->name = pool_strndup(pool, name, strlen(name), "file name")))
        return NULL;
    return pool_cleanup_add(pool, handler, file);
}

struct pool_cleanup *pool_cleanup_fd(struct pool *pool, int fd, const char *name)
{
    return pool_file_add(pool, fd, name, pool_file_close);
}

struct pool_cleanup *pool_cleanup_unlink(struct pool *pool, int fd, const char *name)
{
    assert(name);
    return pool_file_add(pool, fd, name, pool_file_delete);
}
