/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: keeps what happened lately, for whoever watches the server: the lines that were written with
 *   LOG_KEPT, about limits that were reached, connections closed for lack of room, reloads. A line that
 *   begins as the one before it, up to the first colon, and arrives within a second replaces it and is
 *   counted.
 * Lifetime: static; the newest RECENT_LINES are kept.
 * Threads: any; under a lock.
 * Errors: none: a line that is too long is cut.
 */
#ifndef SERVER_LOG_RECENT_H
#define SERVER_LOG_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECENT_LINES = 48, RECENT_TEXT = 360 };

struct recent_line {
    double time;            /* Unix, of the last of them */
    uint32_t count;         /* how many it stands for */
    unsigned level;         /* enum log_level */
    char text[RECENT_TEXT]; /* escaped, NUL-terminated */
};

void recent_add(unsigned level, const char *text, size_t length);

/* The n-th line; 0 is the newest. False: there are fewer. */
bool recent_get(unsigned n, struct recent_line *line);

#endif
