/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: an event of a pool in words: when it was, what changed, what is held then, and what happened.
 * Lifetime: of the caller.
 * Threads: one.
 * Errors: none: missing parts are left out, an unknown event is shown by its name, and `?` replaces what is
 *   not printable ASCII.
 */
#ifndef SERVER_TOOLS_FOLLOW_VIEW_H
#define SERVER_TOOLS_FOLLOW_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "server/tools/top_line.h"

enum { FOLLOW_MORE = 768 /* bytes of the words about an event */ };

struct json;

struct follow_words {
    double seconds; /* since the connection was accepted */
    char name[TOP_WORD];
    enum top_style style;
    struct top_word change; /* bytes taken or given back; "": none */
    struct top_word holds;  /* what the pool holds then, also as a number: -1: not said */
    double held;
    char more[FOLLOW_MORE]; /* whose pool, which request, what for, why it was refused */
};

struct top_word follow_view_bytes(const char *sign, double value); /* "+12.5 KiB" */

void follow_view_words(struct follow_words *words, const struct json *event);

struct follow_view {
    FILE *out;
    bool colour;
};

/* A line: the connection, then the words. */
void follow_view_draw(const struct follow_view *view, const struct json *event);

#endif
