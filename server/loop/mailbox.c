/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of messages: any thread puts in, one loop takes out. */
#include "server/loop/mailbox.h"

#include <errno.h>
#include <string.h>

#include "pool/holds.h"
#include "pool/sgi.h"

static struct message *take_all(struct mailbox *mailbox)
{
    struct message *head;

    pthread_mutex_lock(&mailbox->lock);
    head = mailbox->head;
    mailbox->head = mailbox->tail = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return head;
}

static void hand_out(struct mailbox *mailbox, void (*to)(struct mailbox *, struct message *))
{
    struct sgi *sgi = mailbox->sgi;
    struct message *message = take_all(mailbox);

    while (message) {
        struct message *next = message->next;

        to(mailbox, message);
        if (message->standing)
            atomic_store(&((struct standing_message *)(void *)message)->posted, false);
        else
            sgi_free(sgi, message, sizeof *message);
        message = next;
    }
}

static void on_woken(struct wakeup *wake)
{
    struct mailbox *mailbox = (struct mailbox *)((char *)wake - offsetof(struct mailbox, wake));

    hand_out(mailbox, mailbox->deliver);
}

int mailbox_init(struct mailbox *mailbox, struct sgi *sgi, struct ev_loop *loop,
                 void (*deliver)(struct mailbox *, struct message *))
{
    int error;

    memset(mailbox, 0, sizeof *mailbox);
    mailbox->sgi = sgi;
    mailbox->deliver = deliver;
    error = pthread_mutex_init(&mailbox->lock, NULL);
    if (error)
        return -error;
    error = wakeup_init(&mailbox->wake, loop, on_woken);
    if (error)
        pthread_mutex_destroy(&mailbox->lock);
    return error;
}

void mailbox_look(struct mailbox *mailbox)
{
    wakeup_look(&mailbox->wake);
}

void mailbox_deinit(struct mailbox *mailbox, void (*drop)(struct mailbox *, struct message *))
{
    holds_none(mailbox, "a mailbox");
    wakeup_stop(&mailbox->wake);
    hand_out(mailbox, drop);
}

void mailbox_close(struct mailbox *mailbox)
{
    wakeup_close(&mailbox->wake);
    pthread_mutex_destroy(&mailbox->lock);
}

static void append(struct mailbox *mailbox, struct message *message)
{
    bool first;

    message->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    first = !mailbox->head;
    if (first)
        mailbox->head = message;
    else
        mailbox->tail->next = message;
    mailbox->tail = message;
    pthread_mutex_unlock(&mailbox->lock);
    /* Whoever found the queue empty wakes the loop; it takes all that has come by then. */
    if (first)
        wakeup_send(&mailbox->wake);
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

    if (!copy)
        return -ENOMEM;
    *copy = *message;
    copy->standing = false;
    append(mailbox, copy);
    return 0;
}
