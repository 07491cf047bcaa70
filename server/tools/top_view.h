/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the lines of `tidepool top`, from a snapshot as JSON (http/modules/view/pool_view.md): what is
 *   shown, how wide, and how figures are written.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: none; a figure that a server does not send is 0 or left out. In texts from the server, `?` replaces
 *   what is not printable ASCII, so that none can control the terminal.
 */
#ifndef SERVER_TOOLS_TOP_VIEW_H
#define SERVER_TOOLS_TOP_VIEW_H

#include <stdbool.h>
#include <stdio.h>

struct json;

struct top_key {
    char letter;       /* pressed in the terminal */
    const char *name;  /* `sort` of the query */
    const char *title; /* of the column that it sorts */
};

/* Ends with a NULL name; the first is the default. */
extern const struct top_key top_keys[];

struct top_view {
    FILE *out;
    unsigned columns;          /* lines are cut there; 0: they are not */
    unsigned lines;            /* no more are written; 0: any number */
    bool terminal;             /* with escapes for a terminal, figures rounded; else exact and plain */
    bool workers;              /* with a line for each worker */
    bool help;                 /* the keys instead of workers and connections */
    const struct top_key *key; /* by which the server sorted */
    const char *notice;        /* what is wrong: shown first, above figures in grey; NULL: nothing is */
    const char *news;          /* shown first; NULL: none */
    unsigned written;          /* lines so far: set to 0 before a picture */
};

/* Whether two snapshots are of one process: it is another after a restart, and maybe with the same pid. */
bool top_view_same(const struct json *one, const struct json *other);

/* `before`: an earlier snapshot, for rates; may be NULL. `now` may be NULL: only the notice is drawn. */
void top_view_draw(struct top_view *view, const struct json *now, const struct json *before);

#endif
