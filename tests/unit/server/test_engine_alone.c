/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine without what stands on it: this is linked with pool, conf, server and server/log alone. A worker
 * serves connections, with nobody watching and with a watcher that counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool/account.h"
#include "pool/sgi.h"
#include "server/loop/ev_memory.h"
#include "server/connection.h"
#include "server/watcher.h"
#include "server/worker.h"

static sem_t woken;

static void wake_main(void)
{
    sem_post(&woken);
}

/* ---- a protocol: sends back what comes ---- */

static bool echo_opened(struct connection *connection)
{
    connection_watch(connection, EV_READ);
    return true;
}

static void echo_ready(struct connection *connection, int events)
{
    char bytes[64];
    size_t got;

    (void)events;
    switch (connection_receive(connection, bytes, sizeof bytes, &got)) {
    case CONNECTION_READ:
        if (!output_copy(&connection->output, connection->pool, bytes, got) &&
            connection_send(connection, OUTPUT_SHARE) == OUTPUT_DONE)
            return;
        break;
    case CONNECTION_AGAIN:
        return;
    case CONNECTION_EOF:
    case CONNECTION_LOST:
        break;
    }
    connection_close(connection);
}

static const struct protocol protocol = {.name = "echo",
                                         .connection_size = sizeof(struct connection),
                                         .opened = echo_opened,
                                         .ready = echo_ready,
                                         .expired = connection_close,
                                         .drain = connection_close};

/* ---- a watcher that counts ---- */

static struct counts {
    unsigned joined, left, began, ended, delivered, dropped, drained;
} counts;

struct own {
    struct connection *expected; /* the cursor, once the first connection has gone */
    unsigned char zero[100];
};

static void count_joined(struct worker *worker)
{
    counts.joined++;
    assert_int_equal(((struct own *)worker->watched)->zero[99], 0);
}

static void count_left(struct worker *worker)
{
    (void)worker;
    counts.left++;
}

static void count_init(struct worker *worker)
{
    assert_null(((struct own *)worker->watched)->expected);
    counts.began++;
}

/* The first connection is the next to be walked past; it ends before that. */
static void count_delivered(struct worker *worker, void *message)
{
    struct own *own = worker->watched;

    assert_ptr_equal(message, &counts);
    counts.delivered++;
    worker->cursor = worker->connections;
    own->expected = worker->connections->next;
    connection_close(worker->connections);
    assert_ptr_equal(worker->cursor, own->expected);
}

static void count_dropped(struct worker *worker, void *message)
{
    (void)worker;
    assert_ptr_equal(message, &counts);
    counts.dropped++;
}

static void count_drained(struct worker *worker)
{
    assert_int_equal(worker->state, WORKER_QUITS);
    counts.drained++;
}

static void count_deinit(struct worker *worker)
{
    assert_null(worker->cursor);
    counts.ended++;
}

static void count_second(struct worker *worker)
{
    (void)worker;
}

static const struct watcher counting = {.size = sizeof(struct own),
                                        .joined = count_joined,
                                        .left = count_left,
                                        .init = count_init,
                                        .deinit = count_deinit,
                                        .deliver = count_delivered,
                                        .drop = count_dropped,
                                        .drain = count_drained,
                                        .second = count_second};

/* ---- a worker and its two connections ---- */

static int connect_to(struct worker *worker, struct generation *generation)
{
    struct message message = {.kind = WORKER_CONNECTION};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20}, sizeof(struct timeval)),
        0);
    message.descriptor = ends[1];
    message.pointers[0] = generation;
    message.pointers[1] = generation->bindings;
    generation_get(generation, (void *)(intptr_t)ends[1], GENERATION_OF_MESSAGE);
    assert_int_equal(mailbox_send(&worker->mailbox, &message), 0);
    return ends[0];
}

static void says_back(int fd, const char *text)
{
    char bytes[64];

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(recv(fd, bytes, strlen(text), MSG_WAITALL), strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static void send_to_watcher(struct worker *worker)
{
    struct message message = {.kind = WORKER_WATCH, .descriptor = -1, .pointers = {&counts}};

    assert_int_equal(mailbox_send(&worker->mailbox, &message), 0);
}

static void serve(const struct watcher *watcher)
{
    struct binding binding = {.protocol = &protocol,
                              .pools = {.first_size = 512, .block_size = 1024, .name = "test"}};
    struct shared shared = {.sgi = sgi_create(), .watcher = watcher, .wake_main = wake_main};
    struct generation generation = {.bindings = &binding, .number = 1, .worker_count = 1};
    struct share share = {0};
    struct worker *worker;
    int error, first, second;
    char byte, text[256];

    memset(&counts, 0, sizeof counts);
    atomic_init(&generation.references, 1);
    worker = worker_create(&shared, 0, &error);
    assert_non_null(worker);
    share.worker = worker;
    generation.shares = &share;
    assert_int_equal(worker_send(worker, WORKER_SWITCH, tenure_create(worker, &generation)), 0);
    worker_begin(worker);
    first = connect_to(worker, &generation);
    second = connect_to(worker, &generation);
    says_back(first, "first");
    says_back(second, "second");
    if (watcher) {
        send_to_watcher(worker);
        assert_int_equal(read(second, &byte, 1), 0); /* the newest stands first in the list */
    }
    says_back(first, "still here");
    assert_int_equal(worker_send(worker, WORKER_QUIT, NULL), 0);
    assert_int_equal(read(first, &byte, 1), 0);
    while (!atomic_load(&worker->thread.ended))
        sem_wait(&woken);
    assert_int_equal(worker_send(worker, WORKER_RELEASE, NULL), 0);
    assert_true(worker_released(worker));
    worker_destroy(worker);
    close(first);
    close(second);
    assert_int_equal(atomic_load(&generation.references), 1);
    sgi_destroy(shared.sgi);
    assert_true(account_settled(text, sizeof text));
}

static void test_nobody_watches(void **state)
{
    const struct counts none = {0};

    (void)state;
    serve(NULL);
    assert_memory_equal(&counts, &none, sizeof none);
}

static void test_a_watcher_counts(void **state)
{
    (void)state;
    serve(&counting);
    assert_int_equal(counts.joined, 1);
    assert_int_equal(counts.began, 1);
    assert_int_equal(counts.delivered, 1);
    assert_int_equal(counts.dropped, 0);
    assert_int_equal(counts.drained, 1);
    assert_int_equal(counts.ended, 1);
    assert_int_equal(counts.left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_watches),
        cmocka_unit_test(test_a_watcher_counts),
    };

    sem_init(&woken, 0, 0);
    ev_memory_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
