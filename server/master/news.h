/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the supervisor waits for signals and for messages of the server process.
 * Lifetime: plain values, all zero at first.
 * Threads: the only one.
 * Errors: a call that fails is logged once and tried again after a pause: the supervisor neither ends nor
 *   spins for it.
 */
#ifndef SERVER_MASTER_NEWS_H
#define SERVER_MASTER_NEWS_H

#include <stdbool.h>

struct log;

struct news {
    bool pause;      /* a call of this turn failed: the next turn begins later … */
    bool complained; /* … and it was said */
};

/* Until there is something to read at `signals` or `channel`, unless that is negative, or `most` ms are over;
 * -1: whatever time that takes. */
void news_wait(struct news *news, const struct log *log, int signals, int channel, int most);

/* `call` failed and may succeed later. */
void news_failed(struct news *news, const struct log *log, int error, const char *call);

#endif
