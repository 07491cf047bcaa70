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
struct top_life;

struct top_key {
    char letter;       /* pressed in the terminal */
    const char *name;  /* `sort` of the query */
    const char *title; /* of the column that it sorts */
};

/* Ends with a NULL name; the first is the default. */
extern const struct top_key top_keys[];
const struct top_key *top_key_named(const char *name); /* or NULL; top_keys.c */

enum top_mode { TOP_CONNECTIONS, TOP_LIFE, TOP_EVENTS, TOP_HELP };

enum { TOP_NONE = (unsigned)-1 >> 1 /* no row */ };

struct top_view {
    FILE *out;
    unsigned columns;          /* lines are cut there; 0: they are not */
    unsigned lines;            /* no more are written; 0: any number */
    bool terminal;             /* with escapes for a terminal, figures rounded; else exact and plain */
    bool plain;                /* without colours */
    bool workers;              /* with a line for each worker */
    enum top_mode mode;        /* what is shown below the server's figures */
    struct top_life *life;     /* of TOP_LIFE */
    const struct top_key *key; /* by which the server sorted */
    const char *notice;        /* what is wrong: shown first, above figures in grey; NULL: nothing is */
    const char *news;          /* shown first; NULL: none */
    const char *status;        /* shown above the connections; NULL: nothing */
    unsigned selected;         /* a row; or TOP_NONE */
    unsigned offset;           /* rows or lines above the screen: mended so that the selection is seen */
    unsigned page;             /* set: how many have room */
    unsigned written;          /* lines so far: set to 0 before a picture */
    unsigned spare;            /* lines that are left for what may be left out */
};

/* Whether two snapshots are of one process: it is another after a restart, and maybe with the same pid. */
bool top_view_same(const struct json *one, const struct json *other);

/* `before`: an earlier snapshot, for rates; may be NULL. `now` may be NULL: only the notice is drawn. */
void top_view_draw(struct top_view *view, const struct json *now, const struct json *before);

#endif
