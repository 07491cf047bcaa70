/* SPDX-License-Identifier: BSD-2-Clause */
/* The pid file, from its opening to its removal. */
#include "server/process/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log/log.h"

int pid_file_open(struct pid_file *file, const char *path)
{
    size_t length = strlen(path);

    if (length >= sizeof file->path)
        return -ENAMETOOLONG;
    memcpy(file->path, path, length + 1);
    file->written = file->aside = false;
    file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return file->fd < 0 ? -errno : 0;
}

/* A device that is named as the pid file must not be emptied or removed. */
static bool is_regular(const struct pid_file *file, struct stat *status)
{
    return !fstat(file->fd, status) && S_ISREG(status->st_mode);
}

static void close_it(struct pid_file *file)
{
    close(file->fd);
    file->fd = -1;
}

static int write_number(const struct pid_file *file, pid_t pid, bool regular)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%d\n", (int)pid);
    ssize_t written;

    if (regular && ftruncate(file->fd, 0))
        return -errno;
    do
        written = write(file->fd, text, (size_t)length);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return -errno;
    return written == length ? 0 : -ENOSPC;
}

int pid_file_write(struct pid_file *file, pid_t pid)
{
    struct stat status;
    bool regular;
    int error;

    if (file->fd < 0)
        return 0;
    regular = is_regular(file, &status);
    error = write_number(file, pid, regular);
    file->written = !error;
    if (!error)
        return 0;
    /* A half-written number would mislead its reader. */
    if (regular && unlink(file->path) && ftruncate(file->fd, 0))
        log_write(log_thread(), LOG_LEVEL_ALERT, errno, "the pid file \"%s\" could not be emptied",
                  file->path);
    close_it(file);
    return error;
}

int pid_file_old_name(const char *path, char old[PATH_MAX])
{
    return snprintf(old, PATH_MAX, "%s.oldbin", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int move(struct pid_file *file, bool aside)
{
    char old[PATH_MAX];
    struct stat status;
    int error;

    if (file->fd < 0 || file->aside == aside || !is_regular(file, &status))
        return 0;
    error = pid_file_old_name(file->path, old);
    if (error)
        return error;
    if (aside ? rename(file->path, old) : rename(old, file->path))
        return -errno;
    file->aside = aside;
    return 0;
}

int pid_file_put_aside(struct pid_file *file)
{
    return move(file, true);
}

int pid_file_take_back(struct pid_file *file)
{
    return move(file, false);
}

static void remove_it(const struct pid_file *file, const char *name, const struct log *log)
{
    int error;

    if (!unlink(name) || errno == ENOENT)
        return;
    error = errno;
    if (!ftruncate(file->fd, 0))
        log_write(log, LOG_LEVEL_NOTICE, error,
                  "the pid file \"%s\" is left behind, emptied: unlink() failed", name);
    else
        log_write(log, LOG_LEVEL_ALERT, error, "the pid file \"%s\" is left behind: unlink() failed", name);
}

void pid_file_end(struct pid_file *file, pid_t pid, const struct log *log)
{
    const char *name = file->path;
    char old[PATH_MAX];
    struct stat status;

    if (file->fd < 0)
        return;
    if (file->aside && !pid_file_old_name(file->path, old))
        name = old;
    if (is_regular(file, &status) && (file->written ? pid_file_read(name) == pid : !status.st_size))
        remove_it(file, name, log);
    close_it(file);
}

pid_t pid_file_read(const char *path)
{
    char text[32], *end;
    int fd = open(path, O_RDONLY | O_CLOEXEC), error;
    ssize_t length;
    long pid;

    if (fd < 0)
        return -errno;
    do
        length = read(fd, text, sizeof text - 1);
    while (length < 0 && errno == EINTR);
    error = errno;
    close(fd);
    if (length < 0)
        return -error;
    text[length] = '\0';
    pid = strtol(text, &end, 10);
    if (end == text || (*end != '\0' && *end != '\n') || pid <= 0 || pid > INT_MAX)
        return -EINVAL;
    return (pid_t)pid;
}
