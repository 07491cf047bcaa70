/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections on which nothing happens give their places to those who come. */
#include "server/places.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/worker.h"

enum {
    REUSE_MOST = 32,    /* connections closed at a time, as nginx does … */
    REUSE_PART = 8,     /* … or this part of all, if that is less */
    REUSE_LOOK = 16384, /* timeouts looked at for them: 2 ms, after which accepting rests if none is idle */
    SAY_SECONDS = 60
};

void places_update(struct worker *worker)
{
    struct rlimit limit;
    rlim_t kept;

    worker->places.mark = INT_MAX;
    worker->places.low = false;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT_MAX)
        return;
    kept = limit.rlim_cur / PLACES_KEPT_PART;
    worker->places.mark = (int)(limit.rlim_cur - (kept < PLACES_KEPT ? kept : PLACES_KEPT));
}

struct reusing {
    unsigned closed, most;
};

/* What has come and was not read yet is no silence. */
static bool is_silent(const struct connection *connection)
{
    int unread = 0;

    return !ioctl(connection->io.fd, FIONREAD, &unread) && !unread;
}

static bool reuse(struct timeout *timeout, void *data)
{
    struct reusing *reusing = data;
    struct connection *connection = connection_of_timeout(timeout);
    bool (*idle)(const struct connection *) = connection->binding->protocol->idle;

    if (idle && idle(connection) && is_silent(connection)) {
        connection_close(connection);
        reusing->closed++;
    }
    return reusing->closed < reusing->most;
}

bool places_reuse(struct worker *worker, int error, const char *why)
{
    struct reusing reusing = {0, worker->connection_count / REUSE_PART};
    double now = timeouts_now(&worker->timeouts);

    if (reusing.most > REUSE_MOST)
        reusing.most = REUSE_MOST;
    if (!reusing.most)
        reusing.most = 1;
    timeouts_oldest(&worker->timeouts, REUSE_LOOK, reuse, &reusing);
    if (!reusing.closed)
        return false;
    if (worker->places.logged <= 0. || now - worker->places.logged > SAY_SECONDS) {
        worker->places.logged = now;
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_WARN, error,
                  "%s, reusing connections: those idle for longest are closed", why);
    }
    return true;
}

/* Whether what is free are but the descriptors kept back: the kernel gives the lowest number. */
static bool descriptors_low(struct worker *worker)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    worker->places.low = fd < 0 || fd >= worker->places.mark;
    return worker->places.low;
}

bool places_free(struct worker *worker)
{
    const char *descriptors = "descriptors are not enough",
               *connections = "worker_connections are not enough";

    if (worker->connection_count >= worker->tenure->generation->settings.worker_connections &&
        !places_reuse(worker, 0, connections)) {
        worker_pause(worker, 0, connections);
        return false;
    }
    if (worker->places.low && descriptors_low(worker) && !places_reuse(worker, 0, descriptors)) {
        worker_pause(worker, 0, descriptors);
        return false;
    }
    return true;
}
