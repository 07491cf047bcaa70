/* SPDX-License-Identifier: BSD-2-Clause */
/* What is logged and done when memory, connections or descriptors run out. */
#include "server/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "pool/sysmem.h"
#include "server/connection.h"
#include "server/worker.h"

enum { SAY_SECONDS = 60 /* between two lines about reused connections */ };

/* ---- words ---- */

const char *limit_text(char to[LIMIT_TEXT_MAX], const char *name, uint64_t limit, uint64_t used,
                       uint64_t asked, const char *unit, const char *what)
{
    snprintf(to, LIMIT_TEXT_MAX,
             "%s reached: %llu of %llu %s used, %llu more asked for%s%s%s; the directive to turn is %s", name,
             (unsigned long long)used, (unsigned long long)limit, unit, (unsigned long long)asked,
             what ? " \"" : "", what ? what : "", what ? "\"" : "", name);
    return to;
}

/* Which limit was reached, in words. `pool`: as in shortage_text. */
static void describe(char to[LIMIT_TEXT_MAX], const struct worker *worker, const struct pool *pool,
                     const struct pool_refusal *refusal)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    struct sysmem_stats system;
    struct pool_stats stats = {0};

    if (pool)
        pool_stats(pool, &stats);
    switch (refusal->why) {
    case POOL_FAILURE_BUDGET:
        limit_text(to, "connection_pool_budget", stats.budget_bytes, stats.held_bytes, refusal->asked,
                   "bytes", refusal->purpose);
        return;
    case POOL_FAILURE_WORKER:
        limit_text(to, "worker_memory_budget", settings->worker_memory_budget,
                   sizeclass_held(worker->classes), refusal->asked, "bytes", refusal->purpose);
        return;
    case POOL_FAILURE_TOTAL:
        sysmem_stats(&system);
        limit_text(to, "memory_budget", settings->memory_budget, system.live_bytes, refusal->asked, "bytes",
                   refusal->purpose);
        return;
    case POOL_FAILURE_SYSTEM:
    case POOL_FAILURE_NONE:
    case POOL_FAILURES:
        break;
    }
    snprintf(to, LIMIT_TEXT_MAX, "the system has no memory: %zu bytes used here, %zu more asked for \"%s\"",
             stats.held_bytes, refusal->asked, refusal->purpose ? refusal->purpose : "");
}

/* Whether a line about it may be written now: true for one worker once a second. The time is not that of the
 * turn: in a long one that is old, and the next line would come too early. */
static bool may_say(struct shortage_said *said)
{
    int64_t now, next = atomic_load(&said->next);
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    now = time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
    return now >= next && atomic_compare_exchange_strong(&said->next, &next, now + SHORTAGE_SAYS_MS);
}

const char *shortage_text(char to[LIMIT_TEXT_MAX], struct worker *worker, const struct pool *pool,
                          const struct pool_refusal *refusal)
{
    struct shortage_said *said = &worker->shared->said[refusal->why];
    unsigned left_out;

    if (refusal->why != POOL_FAILURE_BUDGET && !may_say(said)) {
        atomic_fetch_add_explicit(&said->left_out, 1, memory_order_relaxed);
        return NULL;
    }
    describe(to, worker, pool, refusal);
    left_out = atomic_exchange_explicit(&said->left_out, 0, memory_order_relaxed);
    if (left_out) {
        size_t length = strlen(to);

        snprintf(to + length, LIMIT_TEXT_MAX - length, "; %u more refusals were not logged", left_out);
    }
    return to;
}

/* ---- memory ---- */

void shortage_note(struct worker *worker, enum pool_failure why)
{
    counter_add(&worker->counters.over_budget, 1);
    if (why == POOL_FAILURE_WORKER)
        worker->shortage.pressed = true;
    if (why == POOL_FAILURE_TOTAL)
        atomic_fetch_add_explicit(&worker->shared->pressure, 1, memory_order_relaxed);
}

void shortage_tell(struct connection *connection)
{
    const struct pool_refusal *refusal = pool_last_refusal();
    char text[LIMIT_TEXT_MAX];

    if (shortage_text(text, connection->worker, connection->pool, refusal))
        connection_log(connection, NULL, LOG_LEVEL_ERROR | LOG_KEPT, 0, "%s", text);
    shortage_note(connection->worker, refusal->why);
}

bool shortage_is_new(struct worker *worker)
{
    unsigned pressure = atomic_load_explicit(&worker->shared->pressure, memory_order_relaxed);

    if (pressure == worker->shortage.pressure && !worker->shortage.pressed)
        return false;
    worker->shortage.pressure = pressure;
    worker->shortage.pressed = false;
    return true;
}

void shortage_refuse(struct worker *worker, const struct binding *binding, int fd, const struct peer *peer,
                     const struct pool_refusal *refusal)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    char text[LIMIT_TEXT_MAX], client[PEER_TEXT_MAX];

    if (shortage_text(text, worker, NULL, refusal)) {
        peer_format(peer, client);
        log_write(settings->log, LOG_LEVEL_ERROR | LOG_KEPT, 0,
                  "%s while accepting, client: %s, listening on: %s", text, client, binding->address.text);
    }
    shortage_note(worker, refusal->why);
    if (binding->protocol->refused)
        binding->protocol->refused(fd);
}

/* Whether more may be lent without closing a borrower: three quarters are for those that look. */
static bool lends_more(const struct worker *worker)
{
    unsigned count = worker->shortage.borrowed_count;
    size_t reserve = worker->tenure->generation->settings.view_reserve, quarter = reserve / 4;

    return count < SHORTAGE_LENT_ALWAYS ||
           (count < SHORTAGE_BORROWED && sizeclass_held(worker->spare) <= quarter &&
            sysmem_spare_left() >= reserve - quarter);
}

/* A connection with unread bytes is not silent. */
static bool is_silent(const struct connection *connection)
{
    int unread = 0;

    return !ioctl(connection->io.fd, FIONREAD, &unread) && !unread;
}

/* Whether its request may still be on its way. */
static bool is_young(struct worker *worker, const struct connection *borrower)
{
    return borrower->opened > timeouts_now(&worker->timeouts) - SHORTAGE_LOAN_MS / 1000.;
}

/* The first borrower that neither looks nor has sent what is still to be read; a young one only if `asked`.
 * Null: none. */
static struct connection *first_to_go(struct worker *worker, bool asked)
{
    const struct shortage *shortage = &worker->shortage;

    for (unsigned i = 0; i < shortage->borrowed_count; i++) {
        struct connection *borrower = shortage->borrowed[i];

        if (!borrower->looks && (asked || !is_young(worker, borrower)) && is_silent(borrower))
            return borrower;
    }
    return NULL;
}

bool shortage_rests(struct worker *worker)
{
    const struct shortage *shortage = &worker->shortage;

    if (!shortage->borrowed_count || lends_more(worker) || first_to_go(worker, false))
        return false;
    for (unsigned i = 0; i < shortage->borrowed_count; i++)
        if (!shortage->borrowed[i]->looks && is_young(worker, shortage->borrowed[i]))
            return true;
    return false;
}

bool shortage_lends(struct worker *worker, enum pool_failure why, bool asked)
{
    return (why == POOL_FAILURE_TOTAL || why == POOL_FAILURE_WORKER) &&
           worker->tenure->generation->settings.view_reserve &&
           (lends_more(worker) || first_to_go(worker, asked));
}

bool shortage_borrow(struct connection *connection, enum pool_failure why, bool asked)
{
    struct worker *worker = connection->worker;
    struct shortage *shortage = &worker->shortage;

    if (connection->borrowed || !shortage_lends(worker, why, asked))
        return false;
    if (!lends_more(worker))
        connection_close(first_to_go(worker, asked));
    shortage->borrowed[shortage->borrowed_count++] = connection;
    connection->borrowed = (uint8_t)why;
    pool_set_spared(connection->pool, true);
    return true;
}

void shortage_settle(struct connection *connection)
{
    struct shortage *shortage = &connection->worker->shortage;
    unsigned kept = 0;

    for (unsigned i = 0; i < shortage->borrowed_count; i++)
        if (shortage->borrowed[i] != connection)
            shortage->borrowed[kept++] = shortage->borrowed[i];
    shortage->borrowed_count = kept;
    connection->borrowed = POOL_FAILURE_NONE;
}

struct closing {
    unsigned closed, most;
};

static bool shed(struct timeout *timeout, void *data)
{
    struct closing *closing = data;
    struct connection *connection = connection_of_timeout(timeout);
    bool (*let_go)(struct connection *) = connection->binding->protocol->shed;

    if (let_go && let_go(connection))
        closing->closed++;
    return closing->closed < closing->most;
}

/* Once a second at most: those that were closed since the last line. */
static void say_shed(struct worker *worker)
{
    const struct settings *settings = &worker->tenure->generation->settings;
    struct shortage *shortage = &worker->shortage;
    double now = timeouts_now(&worker->timeouts);
    struct sysmem_stats system;

    if (!shortage->shed || (shortage->shed_said > 0. && now - shortage->shed_said < SHORTAGE_SAYS_MS / 1000.))
        return;
    sysmem_stats(&system);
    log_write(
        settings->log, LOG_LEVEL_WARN | LOG_KEPT, 0,
        "memory is short (memory_budget: %llu of %zu bytes used, worker_memory_budget: %zu of %zu): %u idle "
        "connections are closed, longest idle first",
        (unsigned long long)system.live_bytes, settings->memory_budget, sizeclass_held(worker->classes),
        settings->worker_memory_budget, shortage->shed);
    shortage->shed = 0;
    shortage->shed_said = now;
}

void shortage_shed(struct worker *worker)
{
    struct closing closing = {.most = SHORTAGE_SHED};

    timeouts_oldest(&worker->timeouts, SHORTAGE_LOOK, shed, &closing);
    worker->shortage.shed += closing.closed;
    say_shed(worker);
}

void shortage_second(struct worker *worker)
{
    static const char *const names[POOL_FAILURES] = {[POOL_FAILURE_SYSTEM] = "the system had no memory",
                                                     [POOL_FAILURE_TOTAL] = "memory_budget was reached",
                                                     [POOL_FAILURE_WORKER] =
                                                         "worker_memory_budget was reached"};

    say_shed(worker);
    if (worker->shortage.over && fcntl(worker->shortage.over, F_GETFD) < 0)
        worker->shortage.over = 0;
    for (unsigned why = 0; why < POOL_FAILURES; why++) {
        struct shortage_said *said = &worker->shared->said[why];
        unsigned left_out = atomic_load_explicit(&said->left_out, memory_order_relaxed);

        if (!left_out || !may_say(said))
            continue;
        left_out = atomic_exchange_explicit(&said->left_out, 0, memory_order_relaxed);
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_ERROR | LOG_KEPT, 0,
                  "%s; %u more refusals were not logged", names[why], left_out);
    }
}

/* ---- connections and descriptors ---- */

void shortage_look(struct worker *worker)
{
    struct rlimit limit;
    rlim_t kept;

    worker->shortage.mark = INT_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT_MAX)
        return;
    kept = limit.rlim_cur / SHORTAGE_KEPT_PART;
    worker->shortage.mark = (int)(limit.rlim_cur - (kept < SHORTAGE_KEPT ? kept : SHORTAGE_KEPT));
}

static bool reuse(struct timeout *timeout, void *data)
{
    struct closing *closing = data;
    struct connection *connection = connection_of_timeout(timeout);
    bool (*idle)(const struct connection *) = connection->binding->protocol->idle;

    if (idle && idle(connection) && is_silent(connection)) {
        connection_close(connection);
        closing->closed++;
    }
    return closing->closed < closing->most;
}

bool shortage_reuse(struct worker *worker, int error, const char *why)
{
    struct closing closing = {.most = worker->connection_count / SHORTAGE_REUSE_PART};
    double now = timeouts_now(&worker->timeouts);

    if (closing.most > SHORTAGE_REUSE)
        closing.most = SHORTAGE_REUSE;
    if (!closing.most)
        closing.most = 1;
    timeouts_oldest(&worker->timeouts, SHORTAGE_REUSE_LOOK, reuse, &closing);
    if (!closing.closed)
        return false;
    if (worker->shortage.logged <= 0. || now - worker->shortage.logged > SAY_SECONDS) {
        worker->shortage.logged = now;
        log_write(worker->tenure->generation->settings.log, LOG_LEVEL_WARN | LOG_KEPT, error,
                  "%s, reusing connections: those idle for longest are closed", why);
    }
    return true;
}

/* Whether only the descriptors kept back are free: the kernel gives the lowest number. It is asked only while
 * a client has one of them. That is one at most, since the next client might get another. */
static bool descriptors_low(const struct shortage *shortage)
{
    int fd;

    if (!shortage->over)
        return false;
    fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd < 0 || fd >= shortage->mark;
}

bool shortage_room(struct worker *worker)
{
    const char *descriptors = "descriptors are not enough",
               *connections = "worker_connections are not enough";

    if (worker->connection_count >= worker->tenure->generation->settings.worker_connections &&
        !shortage_reuse(worker, 0, connections)) {
        listeners_pause(worker, 0, connections);
        return false;
    }
    if (descriptors_low(&worker->shortage) && !shortage_reuse(worker, 0, descriptors)) {
        listeners_pause(worker, 0, descriptors);
        return false;
    }
    return true;
}
