/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the life of one pool on the screen of `tidepool top`: its newest events, a line each, as
 *   `tidepool follow` prints them, with a bar of what the pool holds.
 * Lifetime: of the session (top_session.h); top_life_begin to top_life_end, again and again.
 * Threads: one.
 * Errors: none; a line on the screen says why nothing more comes.
 */
#ifndef SERVER_TOOLS_TOP_LIFE_H
#define SERVER_TOOLS_TOP_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/tools/follow_stream.h"
#include "server/tools/follow_view.h"

struct top_view;

enum { LIFE_LINES = 512 /* events that are kept */ };

struct top_life {
    struct follow_stream stream; /* first; of the pool, the session's */
    int fd;                      /* that events arrive at; -1: no more will */
    char name[TOP_WORD];         /* of the connection: 1.4911 */
    char who[FETCH_ERROR];       /* its client and protocol; "": not known yet */
    char end[FETCH_ERROR];       /* why no more will arrive */
    bool joined;                 /* it was open before */
    int64_t heard;               /* terminal_ms() of the last event or sign of life */
    double held, most;           /* bytes of the pool now, and at most */
    unsigned requests;
    unsigned count; /* events that have come: the last LIFE_LINES of them are in `lines` */
    unsigned back;  /* how many of the newest stand below the screen */
    struct follow_words lines[LIFE_LINES];
};

/* The question has been asked at `fd`; -1: it could not be, and `error` says why. */
void top_life_begin(struct top_life *life, const char *name, int fd, bool http, const char *error);
void top_life_end(struct top_life *life);

/* Takes what has arrived. */
void top_life_read(struct top_life *life);

/* For how many seconds there was no sign of life; 0: not long enough to say so. */
int top_life_silence(const struct top_life *life);

/* Draws the rest of the screen, and says in view->page how many events had room. */
void top_life_draw(struct top_life *life, struct top_view *view);

#endif
