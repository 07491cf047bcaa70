/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection that another worker has sent reaches one that was told to quit or to stop meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/loop/ev_memory.h"
#include "pool/sgi.h"
#include "server/connection.h"
#include "server/worker.h"

static sem_t woken;
static unsigned drained; /* by the worker; read when its end was seen */

static void wake_main(void)
{
    sem_post(&woken);
}

/* A connection that would stay for ever. */
static bool opened(struct connection *connection)
{
    (void)connection;
    return true;
}

static void ready(struct connection *connection, int events)
{
    (void)connection;
    (void)events;
}

static void drain(struct connection *connection)
{
    drained++;
    connection_close(connection);
}

static const struct protocol protocol = {.name = "test",
                                         .connection_size = sizeof(struct connection),
                                         .opened = opened,
                                         .ready = ready,
                                         .drain = drain};

static void wait_for(atomic_bool *flag)
{
    while (!atomic_load(flag))
        sem_wait(&woken);
}

static void send_one(struct worker *worker, struct generation *generation, int fd)
{
    struct message message = {.kind = WORKER_CONNECTION, .descriptor = fd};

    message.pointers[0] = generation;
    message.pointers[1] = generation->bindings;
    message.numbers[2] = 1; /* request so far */
    generation_get(generation, (void *)(intptr_t)fd, GENERATION_OF_MESSAGE);
    assert_int_equal(mailbox_send(&worker->mailbox, &message), 0);
}

/* The worker has ended all that it had, which was nothing; then one comes. */
static unsigned one_comes_after(enum worker_message order)
{
    struct binding binding = {.protocol = &protocol,
                              .pools = {.first_size = 512, .block_size = 1024, .name = "test"}};
    struct shared shared = {.sgi = sgi_create(), .wake_main = wake_main};
    struct generation generation = {.bindings = &binding, .number = 1, .worker_count = 1};
    struct share share = {0};
    struct worker *worker;
    int error, ends[2];
    char byte;

    drained = 0;
    atomic_init(&generation.references, 1);
    worker = worker_create(&shared, 0, &error);
    assert_non_null(worker);
    share.worker = worker;
    generation.shares = &share;
    assert_int_equal(worker_send(worker, WORKER_SWITCH, tenure_create(worker, &generation)), 0);
    worker_begin(worker);
    assert_int_equal(worker_send(worker, order, NULL), 0);
    wait_for(&worker->thread.ended);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20}, sizeof(struct timeval)),
        0);
    send_one(worker, &generation, ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* closed; -1: it is still there */
    close(ends[0]);
    assert_int_equal(worker_send(worker, WORKER_RELEASE, NULL), 0);
    worker_destroy(worker);
    assert_int_equal(atomic_load(&generation.references), 1);
    sgi_destroy(shared.sgi);
    return drained;
}

static void test_quit_drains_it(void **state)
{
    (void)state;
    assert_int_equal(one_comes_after(WORKER_QUIT), 1);
}

static void test_stop_does_not_open_it(void **state)
{
    (void)state;
    assert_int_equal(one_comes_after(WORKER_STOP), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quit_drains_it),
        cmocka_unit_test(test_stop_does_not_open_it),
    };

    sem_init(&woken, 0, 0);
    ev_memory_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
