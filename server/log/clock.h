/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the wall clock as text, formatted once a second instead of once a line.
 * Lifetime: embedded in its owner, zeroed before first use.
 * Threads: each owner has its own.
 * Errors: none. The time zone is the local one, read once per process (tzset, by the first update or
 *   clock_init_zone).
 */
#ifndef SERVER_LOG_CLOCK_H
#define SERVER_LOG_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
    int64_t seconds;   /* since the epoch, of the texts below; 0: none yet */
    char log_time[27]; /* $time_local: 21/Nov/2026:03:26:00 +0000 */
    char iso8601[26];  /* $time_iso8601: 2026-11-21T03:26:00+00:00 */
};

/* Reads the time zone, which allocates; the main thread calls it before others exist. */
void clock_init_zone(void);

/* `now`: seconds since the epoch (ev_now). true: the second, and with it the texts, changed. */
bool clock_update(struct clock *clock, double now);

/* The error log's form: 2026/11/21 03:26:00. */
void clock_format_error(int64_t seconds, char out[20]);

/* The same in a handler of a signal (seconds ≥ 0). The time zone is as one of the others found it last;
 * before that, UTC. */
void clock_format_signal(int64_t seconds, char out[20]);

#endif
