/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a server process as its supervisor holds it: its number, and our end of the channel to it
 *   (supervised.h).
 * Lifetime: from child_start until child_reap has said that it ended.
 * Threads: the supervisor has one.
 * Errors: of child_start, an errno; a message that cannot be sent is logged, unless the process is on its way
 *   out.
 */
#ifndef SERVER_MASTER_CHILD_H
#define SERVER_MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct log;
struct supervised_message;

struct child {
    pid_t pid;       /* 0: there is none */
    int channel;     /* negative: there is none, or it is on its way out */
    int64_t started; /* milliseconds, of supervisor_now() */
};

#define CHILD_NONE                                                                                           \
    {                                                                                                        \
        .channel = -1                                                                                        \
    }

/* True: this is the new process. False: *error is 0 and *child is there, or an errno. */
__attribute__((warn_unused_result)) bool child_start(struct child *child, int *error);

/* Sends it a message, or the signal `number`. Without a channel: nothing. */
void child_tell(const struct child *child, const struct supervised_message *message, const struct log *log);
void child_order(const struct child *child, int number, const struct log *log);

void child_close_channel(struct child *child);

/* Nothing that it says is read any more, so that it never waits for room; it still hears. */
void child_ignore(const struct child *child);

/* Whether it has ended, with waitpid's *status. `child` stays as it is. */
bool child_reap(const struct child *child, int *status);

#endif
