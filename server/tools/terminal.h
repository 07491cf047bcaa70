/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the screen, the keys and the signals of a subcommand that draws. It takes the terminal over and
 *   restores it, and waits for a key, an answer, another size, a signal and the time at once.
 * Lifetime: terminal_enter to terminal_leave, once in a process at a time.
 * Threads: one; signals are the process'.
 * Errors: false if standard input is not a terminal.
 */
#ifndef SERVER_TOOLS_TERMINAL_H
#define SERVER_TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
    struct termios before;
};

enum terminal_event {
    TERMINAL_TIME,    /* it is `until` */
    TERMINAL_READY,   /* the descriptor */
    TERMINAL_KEY,     /* terminal_keys has some */
    TERMINAL_RESIZED, /* draw again */
    TERMINAL_ENDED    /* a signal or the end of the terminal: leave */
};

/* Keys arrive at once and are not echoed; the shell's screen is saved. False: standard input is not a
 * terminal. */
bool terminal_enter(struct terminal *terminal) __attribute__((warn_unused_result));
void terminal_leave(const struct terminal *terminal);

/* Of standard output, or what terminals usually have. */
void terminal_measure(unsigned *columns, unsigned *lines);

/* `until`: a time of terminal_ms. `fd` -1: none; else for `events` of poll(). */
enum terminal_event terminal_wait(int64_t until, int fd, short events);

/* The keys that were pressed, at most `size`; 0: the terminal is gone, and the next wait says so. */
size_t terminal_keys(char *keys, size_t size);

/* A monotonic clock, in milliseconds. */
int64_t terminal_ms(void);

#endif
