/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: messages between threads: a queue that every thread may put into and one loop takes out of, woken
 *   by an eventfd (wakeup.h).
 * Lifetime: embedded in the owner of the loop. Messages are copied into nodes from the process's sgi; a node
 *   lives from send until deliver returns. Nobody may send once deinit has begun; the owner sees to that.
 * Threads: mailbox_send, mailbox_post: any. The others, and deliver: the loop's. The lock is held for linking
 *   alone.
 * Errors: send returns -ENOMEM and nothing was sent; init returns a negative errno. mailbox_look makes up for
 *   a lost wake-up.
 */
#ifndef SERVER_LOOP_MAILBOX_H
#define SERVER_LOOP_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/loop/wakeup.h"

struct sgi;

struct message {
    struct message *next; /* the mailbox's */
    unsigned kind;        /* the owner's vocabulary */
    bool standing;        /* the mailbox's: the node is its sender's, as part of a struct standing_message */
    int descriptor;       /* a descriptor that goes along with the message, or what the kind says */
    union {
        void *pointers[5];
        int64_t numbers[5];
        unsigned char bytes[40];
    };
};

/* A message whose node stays with its sender: for what must arrive even when no memory is left. */
struct standing_message {
    struct message message; /* the sender's, unless it is posted */
    atomic_bool posted;     /* on its way; false again when deliver has returned */
};

struct mailbox {
    /* set once */
    struct sgi *sgi;
    void (*deliver)(struct mailbox *, struct message *);

    struct wakeup wake;

    pthread_mutex_t lock;
    struct message *head, *tail; /* under the lock; in order of arrival */
};

/*
 * `deliver` runs in the loop, once per message in order of sending (per sender); the message is gone when it
 * returns. ev_memory_reserve has been called before; one turn of the loop is run without waiting. The watcher
 * does not keep ev_run going.
 */
__attribute__((warn_unused_result)) int mailbox_init(struct mailbox *mailbox, struct sgi *sgi,
                                                     struct ev_loop *loop,
                                                     void (*deliver)(struct mailbox *, struct message *));

/* Once every WAKEUP_LOOK seconds: delivers what has come, whether or not the loop was woken. */
void mailbox_look(struct mailbox *mailbox);

/* `drop` (not NULL) gets what was never delivered, so that descriptors in it are closed. Before the loop
 * goes. */
void mailbox_deinit(struct mailbox *mailbox, void (*drop)(struct mailbox *, struct message *));

/* After deinit, once every sender has returned: the sender of the message that ended the loop may still be
 * inside mailbox_post. */
void mailbox_close(struct mailbox *mailbox);

/* Puts the sender's own node into the queue. False: it is still on its way from the last time. It must
 * outlive the mailbox. */
bool mailbox_post(struct mailbox *mailbox, struct standing_message *message)
    __attribute__((warn_unused_result));

/* Copies; `next` is ignored. */
__attribute__((warn_unused_result)) int mailbox_send(struct mailbox *mailbox, const struct message *message);

#endif
