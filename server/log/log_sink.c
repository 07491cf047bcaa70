/* SPDX-License-Identifier: BSD-2-Clause */
/* Places by device and inode, their turn, and the rest of a line that was cut. */
#include "server/log/log_sink.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/sysmem.h"

/* What a descriptor leads to. */
struct place {
    dev_t device;
    ino_t inode;
};

/* What is left of a line, or of a gzip member, of which a part is out. */
struct rest {
    char *bytes; /* NULL: nothing */
    size_t size, sent;
    struct place place; /* where the part is: nowhere else may the rest go */
};

struct log_sink {
    /* under the registry's lock */
    struct log_sink *next;
    struct place place;
    unsigned references;
    /* every writer's */
    atomic_bool pipe;
    atomic_uint writers; /* the thread that has the turn, and those that wait for it */
    sem_t turn;          /* posted to one of the waiting threads, whose turn it is then */
    /* of the thread that has the turn */
    struct rest rest;
};

enum { BUCKETS = 64 };

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_sink *buckets[BUCKETS];
static struct log_sink on_stderr;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char line_feed[] = "\n"; /* the rest where there is no memory for a real one */

static bool find_place(int fd, struct place *place, bool *pipe)
{
    struct stat about;

    if (fstat(fd, &about))
        return false;
    *place = (struct place){about.st_dev, about.st_ino};
    *pipe = S_ISFIFO(about.st_mode);
    return true;
}

static bool same(const struct place *one, const struct place *other)
{
    return one->device == other->device && one->inode == other->inode;
}

static struct log_sink **bucket_of(const struct place *place)
{
    return &buckets[(place->inode ^ place->device) % BUCKETS];
}

static void link_locked(struct log_sink *sink, const struct place *place, bool pipe)
{
    struct log_sink **bucket = bucket_of(place);

    sink->place = *place;
    atomic_store_explicit(&sink->pipe, pipe, memory_order_relaxed);
    sink->next = *bucket;
    *bucket = sink;
}

static void unlink_locked(struct log_sink *sink)
{
    for (struct log_sink **at = bucket_of(&sink->place); *at; at = &(*at)->next) {
        if (*at == sink) {
            *at = sink->next;
            return;
        }
    }
}

static struct log_sink *find_locked(const struct place *place)
{
    struct log_sink *sink = *bucket_of(place);

    while (sink && !same(&sink->place, place))
        sink = sink->next;
    if (sink)
        sink->references++;
    return sink;
}

static void init_stderr(void)
{
    struct place place = {0, 0};
    bool pipe = false;

    sem_init(&on_stderr.turn, 0, 0);
    (void)find_place(STDERR_FILENO, &place, &pipe);
    pthread_mutex_lock(&registry_lock);
    link_locked(&on_stderr, &place, pipe);
    pthread_mutex_unlock(&registry_lock);
}

struct log_sink *log_sink_stderr(void)
{
    pthread_once(&once, init_stderr);
    return &on_stderr;
}

struct log_sink *log_sink_get(int fd)
{
    struct log_sink *sink, *fresh = NULL;
    struct place place;
    bool pipe;

    (void)log_sink_stderr();
    if (!find_place(fd, &place, &pipe))
        return NULL;
    pthread_mutex_lock(&registry_lock);
    sink = find_locked(&place);
    pthread_mutex_unlock(&registry_lock);
    if (sink)
        return sink;
    fresh = sysmem_calloc(SYSMEM_OF_LOGS, sizeof *fresh);
    if (!fresh)
        return NULL;
    sem_init(&fresh->turn, 0, 0);
    fresh->references = 1;
    pthread_mutex_lock(&registry_lock);
    sink = find_locked(&place); /* another thread's, made meanwhile */
    if (!sink)
        link_locked(fresh, &place, pipe);
    pthread_mutex_unlock(&registry_lock);
    if (!sink)
        return fresh;
    sem_destroy(&fresh->turn);
    sysmem_free(SYSMEM_OF_LOGS, fresh, sizeof *fresh);
    return sink;
}

static void drop_rest(struct rest *rest)
{
    if (rest->bytes && rest->bytes != line_feed)
        sysmem_free(SYSMEM_OF_LOGS, rest->bytes, rest->size);
    *rest = (struct rest){.bytes = NULL};
}

void log_sink_put(struct log_sink *sink)
{
    bool last;

    if (!sink || sink == &on_stderr)
        return;
    pthread_mutex_lock(&registry_lock);
    last = !--sink->references;
    if (last)
        unlink_locked(sink);
    pthread_mutex_unlock(&registry_lock);
    if (!last)
        return;
    drop_rest(&sink->rest);
    sem_destroy(&sink->turn);
    sysmem_free(SYSMEM_OF_LOGS, sink, sizeof *sink);
}

/* Logs that shared the sink still share its turn, even if their places differ now. This is harmless. */
void log_sink_moved(struct log_sink *sink, int fd)
{
    struct place place;
    bool pipe;

    if (!find_place(fd, &place, &pipe))
        return;
    pthread_mutex_lock(&registry_lock);
    if (sink->references <= 1 && !same(&sink->place, &place)) {
        unlink_locked(sink);
        link_locked(sink, &place, pipe);
    }
    pthread_mutex_unlock(&registry_lock);
}

/* ---- of the thread that has the turn ---- */

/* How much leaves in one write. Of a pipe: whole lines in at most PIPE_BUF bytes, which are kept together
 * (pipe(7)), or one longer line. */
static size_t share_of(const char *bytes, size_t length, bool pipe)
{
    const char *end;

    if (!pipe || length <= PIPE_BUF)
        return length;
    end = memrchr(bytes, '\n', PIPE_BUF);
    if (!end)
        end = memchr(bytes + PIPE_BUF, '\n', length - PIPE_BUF);
    return end ? (size_t)(end + 1 - bytes) : length;
}

/* How many bytes are out, of which `done` are already; *error if not all. */
static size_t write_out(int fd, const char *bytes, size_t length, size_t done, bool pipe, int *error)
{
    while (done < length) {
        ssize_t written = write(fd, bytes + done, share_of(bytes + done, length - done, pipe));

        if (written > 0) {
            done += (size_t)written;
        } else if (!written || errno != EINTR) {
            *error = written ? errno : ENOSPC;
            break;
        }
    }
    return done;
}

/* Sends what earlier lines owe. False: it is still owed. */
static bool put_rest(struct rest *rest, int fd, int *error)
{
    struct place place;
    bool pipe;

    if (!rest->bytes)
        return true;
    if (find_place(fd, &place, &pipe) && same(&place, &rest->place)) {
        rest->sent += write_out(fd, rest->bytes + rest->sent, rest->size - rest->sent, 0, false, error);
        if (rest->sent < rest->size)
            return false;
    }
    drop_rest(rest);
    return true;
}

/* Removes what was written last from a file, if nobody has written behind it. */
static bool take_back(int fd, size_t size)
{
    struct stat about;
    off_t end = lseek(fd, 0, SEEK_CUR);

    if (end < (off_t)size || fstat(fd, &about) || !S_ISREG(about.st_mode) || about.st_size != end ||
        ftruncate(fd, end - (off_t)size))
        return false;
    (void)lseek(fd, end - (off_t)size, SEEK_SET); /* for an inherited descriptor without O_APPEND */
    return true;
}

/* False: a line feed is kept in its place. */
static bool keep_rest(struct rest *rest, int fd, const char *bytes, size_t size)
{
    bool pipe;

    (void)find_place(fd, &rest->place, &pipe);
    rest->bytes = sysmem_alloc(SYSMEM_OF_LOGS, size);
    rest->size = size;
    if (rest->bytes) {
        memcpy(rest->bytes, bytes, size);
        return true;
    }
    rest->bytes = line_feed;
    rest->size = 1;
    return false;
}

/* Writes all, or whole lines of it; the first `done` bytes are out. */
static size_t put_whole(struct log_sink *sink, int fd, const char *bytes, size_t length, size_t done,
                        bool lines, int *error)
{
    bool pipe = lines && atomic_load_explicit(&sink->pipe, memory_order_relaxed);
    size_t whole;
    const char *end;

    done = whole = write_out(fd, bytes, length, done, pipe, error);
    if (done == length)
        return length;
    if (!lines)
        whole = 0;
    else if (done) {
        end = memrchr(bytes, '\n', done);
        whole = end ? (size_t)(end + 1 - bytes) : 0;
    }
    if (whole == done || take_back(fd, done - whole))
        return whole;
    end = lines ? memchr(bytes + done, '\n', length - done) : NULL;
    length = end ? (size_t)(end + 1 - bytes) : length;
    return keep_rest(&sink->rest, fd, bytes + done, length - done) ? length : whole;
}

/* Goes on after a partial write, whose result is `written`. Out of line, so that log_sink_write needs no more
 * registers. */
__attribute__((noinline)) static size_t put_on(struct log_sink *sink, int fd, const char *bytes,
                                               size_t length, ssize_t written, bool lines, int *error)
{
    if (written > 0 || (written < 0 && errno == EINTR))
        return put_whole(sink, fd, bytes, length, written > 0 ? (size_t)written : 0, lines, error);
    *error = written ? errno : ENOSPC;
    return 0;
}

/* Writes what is owed, then these bytes. */
__attribute__((noinline)) static size_t put_behind_rest(struct log_sink *sink, int fd, const char *bytes,
                                                        size_t length, bool lines, int *error)
{
    return put_rest(&sink->rest, fd, error) ? put_whole(sink, fd, bytes, length, 0, lines, error) : 0;
}

/* ---- the turn ---- */

/* The kernel is needed only if two write at once; otherwise a turn costs one addition at each end. */
static void take_turn(struct log_sink *sink)
{
    if (!atomic_fetch_add_explicit(&sink->writers, 1, memory_order_acquire))
        return;
    while (sem_wait(&sink->turn))
        ; /* a signal */
}

/* The turn goes to a waiting thread, before any that comes later. */
static void pass_turn(struct log_sink *sink)
{
    if (atomic_fetch_sub_explicit(&sink->writers, 1, memory_order_release) > 1)
        sem_post(&sink->turn);
}

size_t log_sink_write(struct log_sink *sink, int fd, const char *bytes, size_t length, bool lines, int *error)
{
    bool pipe = atomic_load_explicit(&sink->pipe, memory_order_relaxed);
    ssize_t written;
    size_t done;

    *error = 0;
    take_turn(sink);
    if (sink->rest.bytes || (pipe && length > PIPE_BUF)) {
        done = put_behind_rest(sink, fd, bytes, length, lines, error);
    } else { /* the usual case: nothing is owed, and one write takes it all */
        written = syscall(SYS_write, fd, bytes, length);
        done = written == (ssize_t)length ? length : put_on(sink, fd, bytes, length, written, lines, error);
    }
    pass_turn(sink);
    return done;
}

static _Atomic uint64_t log_sink_all_lost;

uint64_t log_sink_lost(struct log_target *target, uint64_t lines)
{
    atomic_fetch_add_explicit(&log_sink_all_lost, lines, memory_order_relaxed);
    return atomic_fetch_add_explicit(&target->lost_lines, lines, memory_order_relaxed) + lines;
}

uint64_t log_sink_lost_in_all(void)
{
    return atomic_load_explicit(&log_sink_all_lost, memory_order_relaxed);
}

void log_sink_say(struct log_target *target, const char *line, size_t length)
{
    int error;

    if (log_sink_write(target->sink, target->fd, line, length, true, &error) < length)
        (void)log_sink_lost(target, 1);
}
