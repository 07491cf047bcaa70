/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: an event of a pool as a line of text. It has the connection, the seconds since it was accepted,
 *   what changed, what is held then, and what happened. Texts of clients are made printable.
 * Lifetime: of the caller.
 * Threads: one.
 * Errors: none: missing parts are left out, and an unknown event is shown by its name.
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
