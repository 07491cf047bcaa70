/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the server's end of its channel to the supervisor, a socketpair that keeps messages whole. The
 *   supervisor sends the signals that it got; the server says what the next one has to take over. Without a
 *   supervisor nothing is sent.
 *   The server opens what a reload adds and sends its sockets up: so there is one order of steps in a reload,
 *   with and without a supervisor, and a refused one takes back what it opened.
 * Lifetime: from the fork until the process ends.
 * Threads: the main thread; supervised_reloaded any.
 * Errors: a message that cannot be sent is tried again for a moment, then logged: the supervisor keeps what
 *   it had. What it waits for, the outcome of a start or a reload, is said again by supervised_look().
 */
#ifndef SERVER_SUPERVISED_H
#define SERVER_SUPERVISED_H

#include <stdbool.h>
#include <stdint.h>

#include "server/address.h"

enum supervised_kind {
    SUPERVISED_SIGNAL,  /* to the server: `number`, where it means more than by kill(2) */
    SUPERVISED_SHARED,  /* to it: whether (`number`) another server has the same sockets (socket_path.h) */
    SUPERVISED_SERVES,  /* from it: it has started */
    SUPERVISED_READS,   /* a reload begins */
    SUPERVISED_TAKEN,   /* a reload: the configuration is in force. To it: by its being started */
    SUPERVISED_REFUSED, /* … or it is not, the old one stays. To it: for there is no other process */
    SUPERVISED_SOCKET,  /* one more socket on `address`; its descriptor travels with the message */
    SUPERVISED_GONE,    /* nobody listens on `address` any more */
};

struct supervised_message {
    enum supervised_kind kind;
    int number;
    struct listen_address address;
};

/* This process is the server, and `channel` its end. */
void supervised_begin(int channel);
bool supervised(void);
int supervised_channel(void);

/* The next signal to obey; 0: none now; negative: nothing can be read, so the channel is not to be watched
 * until the next look. The end of the supervisor is a SIGTERM. */
int supervised_signal(void);

/* Once a second: what could not be told is told. True: there is a supervisor. */
bool supervised_look(void);

/* SERVES, READS, TAKEN or REFUSED; the last two are noted, with or without a supervisor. Without one a
 * service manager hears of it (notify.h), as it does from the supervisor. */
void supervised_tell(enum supervised_kind kind);
void supervised_tell_manager(enum supervised_kind kind);

/* Unix seconds of the last reload's verdict, and whether the configuration was taken; 0 and true: there was
 * no reload. Any thread. */
int64_t supervised_reloaded(bool *taken);

void supervised_tell_socket(const struct listen_address *address, int fd);
void supervised_tell_gone(const struct listen_address *address);

/* Either end: sends a message, with `fd` unless it is negative. 0 or a negative errno. */
__attribute__((warn_unused_result)) int supervised_send(int channel, const struct supervised_message *message,
                                                        int fd, int flags);

/* Either end, without waiting: 1: *message, and *fd if one came with it, otherwise -1; 0: the other end is
 * gone; negative: -EAGAIN, there is none, or another errno, of a failure that passes. */
__attribute__((warn_unused_result)) int supervised_receive(int channel, struct supervised_message *message,
                                                           int *fd);

#endif
