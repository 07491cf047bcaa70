/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a file whole, and remembers it. */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool/pool.h"

enum { FIRST_SIZE = 4096 };

static ssize_t read_some(int fd, char *to, size_t size)
{
    ssize_t got;

    do
        got = read(fd, to, size);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Doubles the room. The old bytes stay in the pool until it goes, unless they were large. */
static char *double_room(struct pool *pool, char *bytes, size_t used, size_t *capacity)
{
    char *more = pool_nalloc(pool, 2 * *capacity, "conf text");

    if (!more)
        return NULL;
    memcpy(more, bytes, used);
    (void)pool_free(pool, bytes);
    *capacity *= 2;
    return more;
}

/* Reads to the end, not to st_size: pipes have none, and a file may grow. */
static int read_whole(struct conf *conf, const struct conf_node *node, const char *path, int fd, size_t size,
                      struct conf_text *text)
{
    size_t capacity = size < FIRST_SIZE ? FIRST_SIZE : size + 1;
    size_t used = 0;
    char *bytes;

    if (size > CONF_FILE_MAX)
        return conf_fail_errno(conf, node, EFBIG, "read() \"%s\" failed", path);
    bytes = pool_nalloc(conf->pool, capacity, "conf text");
    if (!bytes)
        return conf_fail_memory(conf);
    for (;;) {
        ssize_t got = read_some(fd, bytes + used, capacity - used);

        if (got < 0)
            return conf_fail_errno(conf, node, errno, "read() \"%s\" failed", path);
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > CONF_FILE_MAX)
            return conf_fail_errno(conf, node, EFBIG, "read() \"%s\" failed", path);
        if (used == capacity) {
            bytes = double_room(conf->pool, bytes, used, &capacity);
            if (!bytes)
                return conf_fail_memory(conf);
        }
    }
    *text = (struct conf_text){bytes, used};
    return 0;
}

static bool is_open(const struct conf *conf, const struct stat *status)
{
    for (const struct conf_open *open = conf->open; open; open = open->outer) {
        if (open->device == status->st_dev && open->inode == status->st_ino)
            return true;
    }
    return false;
}

static int read_open(struct conf *conf, const struct conf_node *node, const char *path, int fd,
                     struct conf_open *opened, struct conf_text *text)
{
    struct stat status;
    int rc;

    if (fstat(fd, &status) != 0)
        return conf_fail_errno(conf, node, errno, "fstat() \"%s\" failed", path);
    if (S_ISREG(status.st_mode) && is_open(conf, &status))
        return conf_fail(conf, node, "\"%s\" includes itself", path);
    *opened = (struct conf_open){.device = status.st_dev, .inode = status.st_ino};
    rc = read_whole(conf, node, path, fd, status.st_size > 0 ? (size_t)status.st_size : 0, text);
    return rc != 0 ? rc : conf_file_remember(conf, path, text);
}

int conf_file_read(struct conf *conf, const struct conf_node *node, const char *path,
                   struct conf_open *opened, struct conf_text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return conf_fail_errno(conf, node, errno, "open() \"%s\" failed", path);
    rc = read_open(conf, node, path, fd, opened, text);
    close(fd);
    return rc;
}

int conf_file_remember(struct conf *conf, const char *name, const struct conf_text *text)
{
    struct conf_file *file = conf->files;

    for (; file; file = file->next) {
        if (strcmp(file->name, name) == 0)
            return 0;
    }
    file = pool_alloc(conf->pool, sizeof *file, "conf file");
    if (!file)
        return conf_fail_memory(conf);
    *file = (struct conf_file){.name = name, .text = text->bytes, .length = text->length};
    *conf->files_end = file;
    conf->files_end = &file->next;
    return 0;
}
