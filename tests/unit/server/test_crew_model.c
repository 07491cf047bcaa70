/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers, switches and mailboxes under a scheduler: a schedule is a seed, which chooses who runs, for one
 * turn of its loop, and what the main thread does next: reloads that add and remove workers and addresses,
 * clients that come, ask and go, snapshots, status, flushing, quitting and stopping.
 *
 * All of it is the server's own code, with the master's loop alone written down again here (settle, reload).
 * The threads are real, but one runs at a time: calls of ev_run, sem_wait, pthread_create and pthread_join
 * come here first (Makefile: --wrap), and after each message that is sent the scheduler may run others. Time
 * stands still unless the scheduler moves it.
 *
 * A schedule that fails is printed as a seed: CREW_MODEL_SEED=N runs it alone; CREW_MODEL_SCHEDULES=N is how
 * many are run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "http/connection.h"
#include "http/modules/view/stub_status.h"
#include "pool/account.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/crew.h"
#include "server/loop/ev_memory.h"
#include "server/master/kept.h"
#include "server/sockets.h"
#include "server/watch/census.h"
#include "server/watch/snapshot.h"
#include "server/watch/watched.h"

enum {
    SCHEDULES = 2000,
    DEEDS = 60,     /* of the main thread in a schedule */
    WORKERS = 6,    /* at most */
    CLIENTS = 12,   /* at a time */
    PATIENCE = 5000 /* steps until what must happen has happened */
};

static uint64_t seed, chance;
static const char *phase = "";

static unsigned pick(unsigned below)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (unsigned)((chance >> 11) % below);
}

static void failed(const char *what)
{
    fprintf(stderr, "%s while %s; CREW_MODEL_SEED=%llu runs this schedule again\n", what, phase,
            (unsigned long long)seed);
    signal(SIGABRT, SIG_DFL);
    abort();
}

#define MUST(what)                                                                                           \
    do                                                                                                       \
        if (!(what))                                                                                         \
            failed("not true: " #what);                                                                      \
    while (0)

/* ---- time ---- */

static int64_t now_us = 1000 * 1000 * 1000;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    time->tv_sec = now_us / 1000000;
    time->tv_nsec = now_us % 1000000 * 1000;
    return 0;
}

/* ---- threads, one at a time ---- */

struct actor {
    struct actor *next;
    pthread_t thread;
    void *(*run)(void *);
    void *argument;
    sem_t go;
    bool finished, broken;
};

static struct actor *actors;
static sem_t main_goes;
static __thread struct actor *self; /* null: the main thread */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __real_pthread_join(pthread_t, void **);
int __real_sem_wait(sem_t *);
int __real_ev_run(struct ev_loop *, int);
void __real_ev_break(struct ev_loop *, int);
bool __real_mailbox_post(struct mailbox *, struct standing_message *);
int __real_mailbox_send(struct mailbox *, const struct message *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_join(pthread_t, void **);
int __wrap_sem_wait(sem_t *);
int __wrap_ev_run(struct ev_loop *, int);
void __wrap_ev_break(struct ev_loop *, int);
bool __wrap_mailbox_post(struct mailbox *, struct standing_message *);
int __wrap_mailbox_send(struct mailbox *, const struct message *);

static void wait_for(sem_t *semaphore)
{
    while (__real_sem_wait(semaphore))
        ;
}

static void step(struct actor *actor)
{
    if (actor->finished)
        return;
    now_us += 50;
    sem_post(&actor->go);
    wait_for(&main_goes);
}

static void yield(void)
{
    sem_post(&main_goes);
    wait_for(&self->go);
}

static void step_any(void)
{
    struct actor *actor = actors;
    unsigned count = 0;

    for (; actor; actor = actor->next)
        count++;
    if (!count)
        return;
    count = pick(count);
    for (actor = actors; count; count--)
        actor = actor->next;
    step(actor);
}

/* Others run at this point, or not. */
static void point(void)
{
    if (self && !pick(3))
        yield();
    while (!self && pick(2))
        step_any();
}

static void *begin_actor(void *argument)
{
    self = argument;
    wait_for(&self->go);
    self->run(self->argument);
    self->finished = true;
    sem_post(&main_goes);
    return NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    struct actor *actor = calloc(1, sizeof *actor);
    int error;

    MUST(actor && !self);
    actor->run = run;
    actor->argument = argument;
    sem_init(&actor->go, 0, 0);
    error = __real_pthread_create(&actor->thread, attributes, begin_actor, actor);
    MUST(!error);
    *thread = actor->thread;
    actor->next = actors;
    actors = actor;
    return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    struct actor **link = &actors, *actor;

    while (!pthread_equal((*link)->thread, thread))
        link = &(*link)->next;
    actor = *link;
    for (int i = 0; !actor->finished && i < PATIENCE; i++)
        step(actor);
    MUST(actor->finished);
    *link = actor->next;
    __real_pthread_join(thread, result);
    sem_destroy(&actor->go);
    free(actor);
    return 0;
}

int __wrap_sem_wait(sem_t *semaphore)
{
    for (int i = 0; sem_trywait(semaphore); i++) {
        if (self)
            yield();
        else
            step_any();
        if (!self)
            MUST(i < PATIENCE);
    }
    return 0;
}

int __wrap_ev_run(struct ev_loop *loop, int flags)
{
    sigset_t faults;

    if (flags)
        return __real_ev_run(loop, flags);
    sigemptyset(&faults); /* which a worker blocks with all others */
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
    while (!self->broken) {
        yield();
        __real_ev_run(loop, EVRUN_NOWAIT);
    }
    return 0;
}

void __wrap_ev_break(struct ev_loop *loop, int how)
{
    self->broken = true;
    __real_ev_break(loop, how);
}

bool __wrap_mailbox_post(struct mailbox *mailbox, struct standing_message *message)
{
    bool result = __real_mailbox_post(mailbox, message);

    point();
    return result;
}

int __wrap_mailbox_send(struct mailbox *mailbox, const struct message *message)
{
    int result = __real_mailbox_send(mailbox, message);

    point();
    return result;
}

/* ---- the protocol: q is answered at once, h at the next q, s when a snapshot is there, c with a sum ---- */

struct model_connection {
    struct connection base;
    struct snapshot *snapshot;
    bool busy;
};

static uint64_t requests; /* begun */

static struct model_connection *model_of(struct connection *base)
{
    return (struct model_connection *)(void *)base;
}

static void answer(struct connection *base, char byte)
{
    model_of(base)->busy = false;
    (void)!send(base->io.fd, &byte, 1, MSG_NOSIGNAL);
    if (base->worker->state != WORKER_SERVES || base->tenure != base->worker->tenure)
        connection_settle_idle(base);
}

static void snapshot_done(void *data, struct text *text)
{
    struct model_connection *model = data;

    (void)text;
    model->snapshot = NULL;
    answer(&model->base, 's');
}

/* The request may be under an old configuration, whose workers have gone. */
static void check_sum(struct connection *base)
{
    static struct http_connection http;
    struct http_request request = {.connection = &http};

    http.base = *base;
    MUST(http_status_count(&request).requests == requests);
}

static void take(struct connection *base, char byte)
{
    struct model_connection *model = model_of(base);
    struct snapshot_query query;

    if (!model->busy) {
        requests++;
        base->requests++;
        counter_add(&base->worker->counters.requests, 1);
    }
    model->busy = true;
    if (byte == 'h')
        return;
    if (byte == 'c')
        check_sum(base);
    if (byte == 's') {
        snapshot_query_init(&query);
        model->snapshot = snapshot_ask(base->worker, &query, snapshot_write_json, snapshot_done, model);
        MUST(model->snapshot);
        return;
    }
    answer(base, byte);
}

static void on_ready(struct connection *base, int events)
{
    size_t got;
    char byte;

    (void)events;
    while (!base->closed && !model_of(base)->snapshot)
        switch (connection_receive(base, &byte, 1, &got)) {
        case CONNECTION_READ:
            take(base, byte);
            break;
        case CONNECTION_AGAIN:
            return;
        case CONNECTION_EOF:
        case CONNECTION_LOST:
            connection_close(base);
            break;
        }
}

static bool on_opened(struct connection *base)
{
    pool_pin(base->pool);
    connection_watch(base, EV_READ);
    return true;
}

static void on_drain(struct connection *base)
{
    if (!model_of(base)->busy && (base->requests || connection_ending(base) == CONNECTION_HAND_ON))
        connection_settle_idle(base);
}

static void on_closed(struct connection *base)
{
    snapshot_cancel(model_of(base)->snapshot);
}

static const struct protocol protocol = {.name = "model",
                                         .connection_size = sizeof(struct model_connection),
                                         .opened = on_opened,
                                         .ready = on_ready,
                                         .drain = on_drain,
                                         .closed = on_closed};

/* ---- the main thread: as master.c does it ---- */

static char folder[] = "/tmp/crew-model-XXXXXX";
static struct shared shared;
static struct crew crew;
static struct kept kept;
static bool woken;

static void wake_main(void)
{
    woken = true;
}

/* False: all workers have gone. */
static bool settle(void)
{
    woken = false;
    if (crew_reap(&crew) && crew.order != CREW_SERVE)
        return false;
    if (!crew_tell(&crew, kept.current))
        woken = true;
    if (crew.order == CREW_SERVE && crew_switched(&crew, kept.current))
        sockets_sweep(&kept.sockets, kept.current);
    if (crew.order == CREW_QUIT && crew_deaf(&crew))
        sockets_sweep(&kept.sockets, NULL);
    kept_sweep(&kept);
    return true;
}

static void add_address(struct generation *generation, const char *name)
{
    struct listen_address address;
    struct binding *binding;
    char text[128];
    const char *why;

    snprintf(text, sizeof text, "unix:%s/%s", folder, name);
    MUST(!listen_address_parse(text, 0, &address, &why));
    binding = generation_bind(generation, &address, &protocol, NULL);
    MUST(binding);
    binding->pools = (struct pool_options){.first_size = 512, .block_size = 1024, .name = "connection"};
}

static struct generation *make_generation(bool extra)
{
    struct pool_options options = {.first_size = 4096, .block_size = 4096, .name = "generation"};
    struct pool *pool = pool_create(&options);
    struct generation *generation = pool_calloc(pool, sizeof *generation, "generation");
    struct log *log;

    MUST(generation);
    generation->pool = generation->conf.pool = pool;
    log = pool_calloc(pool, sizeof *log, "log"); /* one that nobody else has */
    MUST(log);
    generation->sgi = shared.sgi;
    MUST(settings_init(&generation->conf, &generation->settings) == 0);
    generation->settings.log = log;
    atomic_init(&generation->references, 1);
    add_address(generation, "stays");
    if (extra)
        add_address(generation, "extra");
    return generation;
}

static void reload(void)
{
    struct generation *generation = make_generation(pick(2)), *old = kept.current;
    unsigned count = pick(2) ? 1 : 1 + pick(WORKERS);
    int result = crew_grow(&crew, count, generation);

    MUST(!result);
    if (kept.loaded && !pick(8)) { /* it is given up */
        crew_shrink(&crew);
        generation_destroy(generation);
        settle();
        return;
    }
    result = sockets_open(&kept.sockets, generation, count);
    MUST(!result);
    result = sockets_share(generation, &crew, count);
    MUST(!result);
    crew_divide(&crew, count);
    kept_adopt(&kept, generation);
    if (old && generation_put(old, NULL, GENERATION_IN_SERVICE))
        kept_sweep(&kept);
    settle();
}

/* ---- clients ---- */

struct client {
    int fd;     /* 0: none */
    bool stays; /* at an address that does; else it is owed one answer, if the address was served by all */
    bool owed, half, answered;
    unsigned waiting; /* for so many answers */
};

static struct client clients[CLIENTS];

static void hang_up(struct client *client)
{
    close(client->fd);
    *client = (struct client){0};
}

static void call(struct client *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool stays = pick(4);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, stays ? "stays" : "extra");
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    MUST(client->fd > 0);
    client->stays = stays;
    client->owed = stays || (kept.current->bindings->next && crew_switched(&crew, kept.current));
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address)) {
        MUST(!client->owed);
        hang_up(client);
    }
}

static void ask(struct client *client)
{
    static const char kinds[] = "qqhsc";
    char byte = client->half ? 'q' : kinds[pick(5)];

    if (client->waiting || send(client->fd, &byte, 1, MSG_NOSIGNAL) != 1)
        return;
    client->half = byte == 'h';
    client->waiting = !client->half;
}

/* Whoever is owed an answer is not let go as long as the server does not end. */
static void look(struct client *client)
{
    char byte;
    ssize_t got = client->fd ? recv(client->fd, &byte, 1, 0) : -1;

    if (got == 1) {
        client->waiting = 0;
        client->answered = true;
        client->owed = client->stays;
    } else if (client->fd && (got == 0 || errno != EAGAIN)) {
        MUST(!client->owed || crew.order == CREW_STOP ||
             (crew.order == CREW_QUIT && (client->answered || (!client->half && !client->waiting))));
        hang_up(client);
    }
}

static void deed(void)
{
    struct client *client = &clients[pick(CLIENTS)];

    switch (pick(12)) {
    case 0:
        phase = "reloading";
        reload();
        break;
    case 1:
        for (unsigned i = 0; i < crew.total; i++)
            crew.members[i].flush = true;
        woken = true;
        break;
    case 2:
        if (client->fd && !pick(3))
            hang_up(client);
        break;
    case 3:
    case 4:
    case 5:
        if (!client->fd)
            call(client);
        break;
    case 6:
    case 7:
    case 8:
        if (client->fd)
            ask(client);
        break;
    case 9:
        if (woken)
            settle();
        break;
    default:
        for (unsigned i = pick(12); i; i--)
            step_any();
    }
    for (int i = 0; i < CLIENTS; i++)
        look(&clients[i]);
}

/* All that was asked is answered. */
static void run_dry(void)
{
    unsigned waiting = 1;

    phase = "waiting for answers";
    for (int i = 0; waiting; i++) {
        MUST(i < PATIENCE);
        step_any();
        now_us += 100;
        if (woken)
            settle();
        waiting = 0;
        for (int k = 0; k < CLIENTS; k++) {
            look(&clients[k]);
            waiting += clients[k].waiting && clients[k].owed;
        }
    }
}

static void end(void)
{
    int steps = 0;

    phase = "ending";
    crew.order = pick(2) ? CREW_QUIT : CREW_STOP;
    woken = true;
    while (settle()) {
        MUST(steps++ < PATIENCE);
        for (unsigned i = pick(12); i; i--)
            step_any();
        now_us += 1000;
        for (int i = 0; i < CLIENTS; i++) {
            look(&clients[i]);
            if (clients[i].fd && steps > 20)
                hang_up(&clients[i]);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].fd)
            hang_up(&clients[i]);
    crew_deinit(&crew);
    sockets_sweep(&kept.sockets, NULL);
    if (generation_put(kept.current, NULL, GENERATION_IN_SERVICE))
        kept_sweep(&kept);
    MUST(!kept.generations && !actors);
}

static void run_schedule(uint64_t number)
{
    char text[256];
    uint64_t before;
    struct snapshot_counters past;

    seed = number;
    chance = number * 0x9E3779B97F4A7C15 + 1;
    census_take_counters(&past);
    before = past.requests;
    requests = before;
    shared = (struct shared){.sgi = sgi_create(), .watcher = &watch_watcher, .wake_main = wake_main};
    crew = (struct crew){.shared = &shared};
    kept = (struct kept){0};
    reload();
    for (int i = 0; i < DEEDS; i++) {
        phase = "serving";
        deed();
    }
    if (pick(2))
        run_dry();
    end();
    sgi_destroy(shared.sgi);
    if (!account_settled(text, sizeof text))
        failed(text);
}

static void crashed(int number)
{
    fprintf(stderr, "signal %d while %s; CREW_MODEL_SEED=%llu runs this schedule again\n", number, phase,
            (unsigned long long)seed);
    _exit(1);
}

static void schedules(void **state)
{
    const char *one = getenv("CREW_MODEL_SEED"), *many = getenv("CREW_MODEL_SCHEDULES");
    uint64_t count = many ? strtoull(many, NULL, 10) : SCHEDULES;

    (void)state;
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    signal(SIGABRT, crashed); /* a rule of docs/lifetimes.md is broken */
    if (one) {
        run_schedule(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t i = 1; i <= count; i++)
        run_schedule(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schedules)};
    int result;

    sem_init(&main_goes, 0, 0);
    ev_memory_install();
    if (!mkdtemp(folder))
        return 1;
    result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
