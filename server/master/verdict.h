/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: `tidepool -s reload` waits for what comes of it. Who asks has a datagram socket, whose name the
 *   kernel makes up (unix(7), autobind: five hexadecimal digits), and sends that name along with HUP
 *   (sigqueue(3)). The supervisor answers there: once when it has the signal, and once when the configuration
 *   is in force or refused.
 * Lifetime: of askers: plain values, all zero at first.
 * Threads: one on either side.
 * Errors: an asker that is gone hears nothing. One that is too many, or whose signal fell together with
 *   another, gets no answer and says so.
 */
#ifndef SERVER_MASTER_VERDICT_H
#define SERVER_MASTER_VERDICT_H

#include <stdbool.h>
#include <sys/types.h>

/* ---- the supervisor ---- */

enum { VERDICT_ASKERS = 8 };

struct askers {
    unsigned count;
    struct asker {
        int name;  /* as it came with the signal */
        bool runs; /* the reload that it waits for has begun */
    } each[VERDICT_ASKERS];
};

/* A reload was asked for; `name`: 0 if nobody waits. */
void verdict_asked(struct askers *askers, int name);

/* A reload begins: it is the one that all wait for. */
void verdict_begins(struct askers *askers);

/* It has ended. */
void verdict_tell(struct askers *askers, bool taken);

/* ---- who asks ---- */

enum verdict {
    VERDICT_TAKEN,
    VERDICT_REFUSED,
    VERDICT_SILENT, /* no answer to the signal: `supervise off`, or an older binary */
    VERDICT_NONE,   /* the reload has not ended in time */
    VERDICT_GONE,   /* the process has ended */
    VERDICT_FAILED  /* the signal could not be sent: errno */
};

enum {
    VERDICT_BEGIN_MOST = 3000, /* ms until the signal is answered */
    VERDICT_MOST = 120000      /* ms until the verdict */
};

/* Sends HUP to `pid` and waits. */
enum verdict verdict_ask(pid_t pid);

#endif
