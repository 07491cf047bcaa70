/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how long to wait before a server process that died is started anew. One that served is replaced at
 *   once: a request that kills must not keep out all the others. But that may not go on for ever, for each
 *   start costs the machine something, and a core file may be written each time. So it happens 60 times, and
 *   once more for each second that a server lived. After that, and for one that died before it served: at
 *   once, then after 100 ms, 1 s, 2 s, 4 s, 8 s, and 10 s each time. A life of 10 s starts this row anew.
 * Lifetime: embedded in its owner, which sets it to BACK_OFF_NEW.
 * Threads: one.
 * Errors: none.
 */
#ifndef SERVER_MASTER_BACK_OFF_H
#define SERVER_MASTER_BACK_OFF_H

#include <stdbool.h>
#include <stdint.h>

enum { BACK_OFF_AT_ONCE = 60, BACK_OFF_LONG_LIFE = 10000 /* ms */ };

struct back_off {
    int64_t at_once; /* how many that served may still be replaced at once */
    unsigned row;    /* how far in the row of delays */
};

#define BACK_OFF_NEW                                                                                         \
    {                                                                                                        \
        .at_once = BACK_OFF_AT_ONCE                                                                          \
    }

/* A server died that had lived `lived` ms: how many ms to wait. */
int back_off_delay(struct back_off *back_off, int64_t lived, bool served);

#endif
