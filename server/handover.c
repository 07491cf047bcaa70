/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/handover.h"

#include <sys/socket.h>
#include <unistd.h>

#include "server/worker.h"

static void release(struct worker *worker, struct generation *generation)
{
    if (generation_put(generation))
        worker->shared->wake_main();
}

bool handover_give(struct worker *worker, const struct binding *binding, int fd, uint32_t requests)
{
    struct message message = {.kind = WORKER_CONNECTION, .descriptor = fd};
    struct generation *now = worker->tenure->generation;
    const struct binding *there = generation_find_same(now, binding);
    struct worker *to;

    if (!there || !now->worker_count)
        return false;
    to = now->shares[worker->handed_on++ % now->worker_count].worker;
    message.pointers[0] = now;
    message.pointers[1] = (void *)(uintptr_t)there;
    message.numbers[2] = requests;
    generation_get(now);
    if (!mailbox_send(&to->mailbox, &message))
        return true;
    release(worker, now);
    return false;
}

/* It goes on here, under the current generation if that will have it, else under its own. */
static void keep(struct worker *worker, const struct message *message)
{
    struct generation *generation = message->pointers[0];
    const struct binding *binding = generation_find_same(worker->tenure->generation, message->pointers[1]);
    struct tenure *tenure = binding ? worker->tenure : tenure_under(worker, generation);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    struct connection *connection;
    struct peer peer;

    if (!tenure) {
        close(message->descriptor);
        return;
    }
    if (!binding)
        binding = message->pointers[1];
    if (getpeername(message->descriptor, (struct sockaddr *)&address, &length))
        length = 0;
    peer_from_socket(&peer, &address, length);
    tenure_enter(tenure); /* it ends here if no connection comes of it */
    connection =
        connection_open(worker, tenure, binding, message->descriptor, &peer, (uint32_t)message->numbers[2]);
    /* It was on its way when this worker drained its own. */
    if (connection && connection_ending(connection) != CONNECTION_STAYS)
        binding->protocol->drain(connection);
    tenure_leave(tenure);
}

void handover_take(struct worker *worker, const struct message *message)
{
    if (worker->stopped)
        close(message->descriptor);
    else if (worker->state != WORKER_LEAVES ||
             !handover_give(worker, message->pointers[1], message->descriptor, (uint32_t)message->numbers[2]))
        keep(worker, message);
    release(worker, message->pointers[0]);
}

void handover_drop(struct worker *worker, const struct message *message)
{
    close(message->descriptor);
    release(worker, message->pointers[0]);
}
