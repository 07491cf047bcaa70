/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry of log files; writing, losing, opening anew. */
#include "server/log/log_file.h"

#include "pool/annotate.h"
#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/log/log.h"
#include "server/log/log_gzip.h"
#include "server/log/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOG_FILE_MODE = 0644,    /* nginx's NGX_FILE_DEFAULT_ACCESS */
    COMPLAINT_INTERVAL = 60, /* seconds between two complaints about one file */
};

static struct log_file *registry; /* in order of id */
static atomic_uint reopens;       /* times that all were opened again */

static bool is_stderr(const struct log_file *file)
{
    return file->to.fd == STDERR_FILENO;
}

/* The stream that such a name stands for; -1: another name. */
static int stream_of(const char *path)
{
    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    return strcmp(path, "/dev/stderr") == 0 ? STDERR_FILENO : -1;
}

/* A standard stream cannot be opened by its name if it is a socket (systemd's journal: ENXIO) or another
 * user's pipe (a container's: EACCES). Then its descriptor is duplicated. */
static int open_path(const char *path, bool again)
{
    /* A serving process must not wait for a FIFO's reader: without one, open returns ENXIO. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (again ? O_NONBLOCK : 0), LOG_FILE_MODE);

    if (fd >= 0 && again)
        (void)fcntl(fd, F_SETFL, O_APPEND);
    if (fd < 0 && (errno == ENXIO || errno == EACCES) && stream_of(path) >= 0)
        fd = fcntl(stream_of(path), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return fd;
}

static void free_file(struct log_file *file)
{
    sysmem_free(SYSMEM_OF_LOGS, file, sizeof *file + strlen(file->path) + 1);
}

struct log_file *log_file_get(const char *path, int *error)
{
    struct log_file **place = &registry;
    size_t size = strlen(path) + 1;
    struct log_file *file = registry;
    unsigned id = 0;

    for (; file; file = file->next) {
        if (strcmp(file->path, path) == 0) {
            file->references++;
            return file;
        }
    }
    for (; *place && (*place)->id == id; place = &(*place)->next)
        id++;
    file = sysmem_calloc(SYSMEM_OF_LOGS, sizeof *file + size);
    if (!file) {
        *error = -ENOMEM;
        return NULL;
    }
    file->path = memcpy(file + 1, path, size);
    file->id = id;
    file->references = 1;
    file->to.fd = strcmp(path, "stderr") == 0 ? STDERR_FILENO : open_path(path, false);
    if (file->to.fd < 0) {
        *error = -errno;
        free_file(file);
        return NULL;
    }
    log_sink_moved(log_sink_stderr(), STDERR_FILENO); /* a daemon has another than at its start */
    file->to.sink = log_sink_get(file->to.fd);
    if (!file->to.sink && is_stderr(file)) /* which is closed */
        file->to.sink = log_sink_stderr();
    if (!file->to.sink) {
        *error = -ENOMEM;
        close(file->to.fd);
        free_file(file);
        return NULL;
    }
    file->next = *place;
    *place = file;
    return file;
}

void log_file_put(struct log_file *file)
{
    if (--file->references > 0)
        return;
    for (struct log_file **place = &registry; *place; place = &(*place)->next) {
        if (*place == file) {
            *place = file->next;
            break;
        }
    }
    holds_none(file, "a log file");
    log_sink_put(file->to.sink);
    if (!is_stderr(file))
        close(file->to.fd);
    free_file(file);
}

/* As nginx does: the workers run as another user than the one that opens the files, and programs that rotate
 * them expect that owner and its read and write bits. */
static void give_to(const struct log_file *file, int fd, uid_t uid, gid_t gid)
{
    struct stat status;

    if (uid == (uid_t)-1 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    if (status.st_uid != uid && fchown(fd, uid, gid) != 0)
        log_write(log_thread(), LOG_LEVEL_EMERG, errno, "chown(\"%s\", %u) failed", file->path, uid);
    if ((status.st_mode & (S_IRUSR | S_IWUSR)) != (S_IRUSR | S_IWUSR) &&
        fchmod(fd, (status.st_mode & 07777) | S_IRUSR | S_IWUSR) != 0)
        log_write(log_thread(), LOG_LEVEL_EMERG, errno, "chmod() \"%s\" failed", file->path);
}

static bool reopen(struct log_file *file, uid_t uid, gid_t gid)
{
    int fd = open_path(file->path, true), result, error;

    if (fd < 0) {
        log_write(log_thread(), LOG_LEVEL_EMERG, errno, "open() \"%s\" failed", file->path);
        return false;
    }
    give_to(file, fd, uid, gid);
    result = dup3(fd, file->to.fd, O_CLOEXEC);
    error = errno;
    close(fd);
    if (result < 0)
        log_write(log_thread(), LOG_LEVEL_EMERG, error, "dup3() for \"%s\" failed", file->path);
    else
        log_sink_moved(file->to.sink, file->to.fd);
    return result >= 0;
}

unsigned log_file_reopens(void)
{
    return atomic_load_explicit(&reopens, memory_order_relaxed);
}

unsigned log_file_reopen_all(uid_t uid, gid_t gid)
{
    unsigned failed = 0;

    atomic_fetch_add_explicit(&reopens, 1, memory_order_relaxed);
    for (struct log_file *file = registry; file; file = file->next) {
        if (!is_stderr(file) && !reopen(file, uid, gid))
            failed++;
    }
    return failed;
}

void log_file_chown_all(uid_t uid, gid_t gid)
{
    for (struct log_file *file = registry; file; file = file->next) {
        if (!is_stderr(file))
            give_to(file, file->to.fd, uid, gid);
    }
}

void log_file_lost(struct log_file *file, uint64_t lines, int error)
{
    uint64_t lost = log_sink_lost(&file->to, lines), said;
    struct timespec now;
    int64_t last;

    clock_gettime(CLOCK_MONOTONIC, &now);
    last = atomic_load_explicit(&file->complained_at, memory_order_relaxed);
    if (last != 0 && now.tv_sec - last < COMPLAINT_INTERVAL)
        return;
    /* Of several threads that come here at once, one logs. +1: 0 means never, and a machine boots at 0. */
    if (!atomic_compare_exchange_strong(&file->complained_at, &last, (int64_t)now.tv_sec + 1))
        return;
    said = atomic_exchange_explicit(&file->said_lines, lost, memory_order_relaxed);
    log_write(log_thread(), LOG_LEVEL_ALERT, error, "write() to \"%s\" failed, %llu lines lost", file->path,
              (unsigned long long)(lost > said ? lost - said : lines));
}

static uint64_t count_lines(const char *bytes, size_t length)
{
    uint64_t lines = 0;

    for (const char *at = bytes, *end = bytes + length; at < end; lines++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        at = newline ? newline + 1 : end;
    }
    return lines;
}

/* The sink takes whole lines; the others are lost. */
UNGUARDED static void write_plain(struct log_file *file, const char *bytes, size_t length)
{
    int error = 0;
    size_t done = log_sink_write(file->to.sink, file->to.fd, bytes, length, true, &error);

    if (done < length)
        log_file_lost(file, count_lines(bytes + done, length - done), error);
}

/* Out of line: other files need no stack for it. */
__attribute__((noinline)) static void write_gzip(struct log_file *file, const char *bytes, size_t length,
                                                 int level)
{
    size_t size = 0, used = 0, done = 0;
    char *member = log_gzip(bytes, length, level, &size, &used);
    int error = ENOMEM;

    if (member)
        done = log_sink_write(file->to.sink, file->to.fd, member, used, false, &error);
    if (!member || done < used)
        log_file_lost(file, count_lines(bytes, length), error);
    if (member)
        sysmem_free(SYSMEM_OF_LOGS, member, size);
}

void log_file_write(struct log_file *file, const char *bytes, size_t length)
{
    int level = atomic_load_explicit(&file->gzip, memory_order_relaxed);

    if (length && level)
        write_gzip(file, bytes, length, level);
    else if (length)
        write_plain(file, bytes, length);
}
