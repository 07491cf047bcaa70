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

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
    struct termios before;
};

enum terminal_event {
    TERMINAL_TIME,    /* it is `until` */
    TERMINAL_READY,   /* a descriptor: see `revents` */
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

/* Whether standard output is a terminal, and NO_COLOR (https://no-color.org) is not set. */
bool terminal_has_colour(void);

/* `until`: a time of terminal_ms. `others`: descriptors to wait for, as poll() does; -1: none. */
enum terminal_event terminal_wait(int64_t until, struct pollfd *others, unsigned count);

enum { TERMINAL_OTHERS = 2 /* most of them */ };

/* Keys that send more than a byte; others are the byte itself. */
enum terminal_key {
    TERMINAL_ESCAPE = 0x1b,
    TERMINAL_UP = 256,
    TERMINAL_DOWN,
    TERMINAL_PAGE_UP,
    TERMINAL_PAGE_DOWN,
    TERMINAL_HOME,
    TERMINAL_END,
    TERMINAL_UNKNOWN
};

/* The keys that were pressed, at most `size`; 0: the terminal is gone, and the next wait says so, or a signal
 * has come. */
size_t terminal_keys(int *keys, size_t size);

/* The key at the beginning of `length` bytes, 1 or more, and how many it takes; 0: the rest is to come. */
size_t terminal_decode(const char *bytes, size_t length, int *key);

/* A monotonic clock, in milliseconds. */
int64_t terminal_ms(void);

#endif
