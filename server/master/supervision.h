/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the supervisor's state, for the files that it is made of: supervisor.c, reload.c, renewal.c and
 *   binaries.c.
 * Lifetime: of supervisor_run.
 * Threads: one.
 * Errors: none here.
 */
#ifndef SERVER_MASTER_SUPERVISION_H
#define SERVER_MASTER_SUPERVISION_H

#include <time.h>

#include "server/master/back_off.h"
#include "server/master/candidate.h"
#include "server/master/child.h"
#include "server/master/kept.h"
#include "server/master/news.h"
#include "server/master/verdict.h"

struct supervisor {
    struct kept *kept;
    int signals; /* signals.h's descriptor */
    struct news news;
    struct child server; /* the one that serves, or will */
    struct child
        leaving;      /* the one before, while it answers its last requests or, in a renewal, still serves */
    bool serves;      /* it has started */
    bool served;      /* one of them has */
    bool resting;     /* WINCH: no server is wanted, the sockets are kept */
    pid_t new_binary; /* USR2: another supervisor, our child; 0: none */
    bool over;
    int status;  /* of the exit, when it is over */
    int ending;  /* the signal that ends it all; 0: none yet */
    int64_t due; /* milliseconds: when the next server will be started */
    struct back_off back_off;

    /* A reload that the server was asked for and has not answered. */
    bool asked;
    bool renewing; /* `server` has not served yet, and `leaving` serves until it does (renewal.h) */
    bool again, usr2_held, winch_held; /* what came while one of the two was so: HUP, USR2, WINCH */
    struct candidate candidate;
    struct askers askers; /* who waits for a reload's verdict */
};

/* Milliseconds of a clock that is never set. */
static inline int64_t supervisor_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline const struct log *supervisor_log(const struct supervisor *supervisor)
{
    return kept_log(supervisor->kept);
}

#endif
