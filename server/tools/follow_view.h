/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: an event of a pool as a line of text. The connection, the seconds since it was accepted, what
 *   changed, what is held after it, and what happened: text out of one JSON object, and nothing else. Texts
 *   of clients are made printable.
 * Lifetime: of the caller.
 * Threads: one.
 * Errors: none: what an event lacks is left out, and an event that is not known is shown by its name.
 */
#ifndef SERVER_TOOLS_FOLLOW_VIEW_H
#define SERVER_TOOLS_FOLLOW_VIEW_H

#include <stdbool.h>
#include <stdio.h>

struct json;

struct follow_view {
    FILE *out;
    bool colour;
};

void follow_view_draw(const struct follow_view *view, const struct json *event);

#endif
