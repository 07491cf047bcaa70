/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/mailbox.h"

#include "pool/sgi.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct message *take_all(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct message *head = mailbox->head;
    mailbox->head = mailbox->tail = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return head;
}

static void hand_out(struct mailbox *mailbox, void (*to)(struct mailbox *, struct message *))
{
    struct sgi *sgi = mailbox->sgi;
    struct message *message = take_all(mailbox);

    while (message != NULL) {
        struct message *next = message->next;
        to(mailbox, message);
        if (message->standing)
            atomic_store(&((struct standing_message *)(void *)message)->posted, false);
        else
            sgi_free(sgi, message, sizeof *message);
        message = next;
    }
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
    struct mailbox *mailbox = wake->data;

    (void)loop;
    (void)events;
    hand_out(mailbox, mailbox->deliver);
}

/* The loop's first ev_async opens an eventfd, and libev aborts when there is none: so it is tried first. */
static int try_descriptor(void)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

int mailbox_init(struct mailbox *mailbox, struct sgi *sgi, struct ev_loop *loop,
                 void (*deliver)(struct mailbox *, struct message *))
{
    int error = try_descriptor();

    if (error != 0)
        return error;
    memset(mailbox, 0, sizeof *mailbox);
    mailbox->loop = loop;
    mailbox->sgi = sgi;
    mailbox->deliver = deliver;
    error = pthread_mutex_init(&mailbox->lock, NULL);
    if (error != 0)
        return -error;
    ev_async_init(&mailbox->wake, on_wake);
    mailbox->wake.data = mailbox;
    ev_async_start(loop, &mailbox->wake);
    ev_unref(loop);
    return 0;
}

void mailbox_deinit(struct mailbox *mailbox, void (*drop)(struct mailbox *, struct message *))
{
    ev_ref(mailbox->loop);
    ev_async_stop(mailbox->loop, &mailbox->wake);
    hand_out(mailbox, drop);
    pthread_mutex_destroy(&mailbox->lock);
}

static void append(struct mailbox *mailbox, struct message *message)
{
    message->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    bool first = mailbox->head == NULL;
    if (first)
        mailbox->head = message;
    else
        mailbox->tail->next = message;
    mailbox->tail = message;
    pthread_mutex_unlock(&mailbox->lock);
    /* Whoever found the queue empty wakes the loop; it takes all that has come by then. */
    if (first)
        ev_async_send(mailbox->loop, &mailbox->wake);
}

bool mailbox_post(struct mailbox *mailbox, struct standing_message *message)
{
    if (atomic_exchange(&message->posted, true))
        return false;
    message->message.standing = true;
    append(mailbox, &message->message);
    return true;
}

int mailbox_send(struct mailbox *mailbox, const struct message *message)
{
    struct message *copy = sgi_alloc(mailbox->sgi, sizeof *copy);

    if (copy == NULL)
        return -ENOMEM;
    *copy = *message;
    copy->standing = false;
    append(mailbox, copy);
    return 0;
}
