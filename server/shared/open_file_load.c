/* SPDX-License-Identifier: BSD-2-Clause */
/* open(2), fstat(2), stat(2). */
#include "server/shared/open_file_load.h"

#include "pool/holds.h"
#include "pool/sgi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fill(struct open_file *file, const struct stat *status)
{
    file->is_regular = S_ISREG(status->st_mode);
    file->is_directory = S_ISDIR(status->st_mode);
    file->size = status->st_size;
    file->mtime = status->st_mtim;
    file->ino = status->st_ino;
    file->dev = status->st_dev;
    return 0;
}

/* Only regular files stay open: of anything else the facts are enough. */
static int open_and_stat(const char *path, struct open_file *file)
{
    struct stat status;
    int fd;

    do {
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    file->fd = -1;
    if (fd < 0) {
        int error = errno;

        /* This may be a directory that can be entered but not listed, or a socket: then the facts are
         * enough. */
        if ((error != EACCES && error != ENXIO) || stat(path, &status) != 0 || S_ISREG(status.st_mode))
            return -error;
        return fill(file, &status);
    }
    if (fstat(fd, &status) != 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    if (S_ISREG(status.st_mode))
        file->fd = fd;
    else
        close(fd);
    return fill(file, &status);
}

static struct open_file *make(struct sgi *sgi)
{
    struct open_file *made = sgi_alloc(sgi, sizeof *made);

    if (!made)
        return NULL;
    memset(made, 0, sizeof *made);
    made->sgi = sgi;
    atomic_init(&made->references, 1);
    return made;
}

int open_file_load(struct sgi *sgi, const char *path, struct open_file **file)
{
    struct open_file *made = make(sgi);
    int error = made ? open_and_stat(path, made) : -ENOMEM;

    if (!error)
        holds_take(made, NULL, "a reference");
    *file = error ? NULL : made;
    if (error && made)
        sgi_free(sgi, made, sizeof *made);
    return error;
}

struct open_file *open_file_adopt(struct sgi *sgi, int fd, off_t size)
{
    struct open_file *made = make(sgi);

    if (!made)
        return NULL;
    holds_take(made, NULL, "a reference");
    made->fd = fd;
    made->is_regular = true;
    made->size = size;
    return made;
}

bool open_file_is_unchanged(const struct open_file *file, const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_ino == file->ino && status.st_dev == file->dev &&
           status.st_size == file->size && status.st_mtim.tv_sec == file->mtime.tv_sec &&
           status.st_mtim.tv_nsec == file->mtime.tv_nsec;
}
