/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a terminal at which `tidepool top` shows a server: what was asked, what is shown, and which
 *   connection is selected. Its parts: questions and pictures (top_ask.c), the selection (top_select.c), keys
 *   (top_keys.c), the loop over them and the command line (top.c).
 * Lifetime: of the command.
 * Threads: one.
 * Errors: `error`, a sentence, which the screen shows until there is a good answer.
 */
#ifndef SERVER_TOOLS_TOP_SESSION_H
#define SERVER_TOOLS_TOP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "server/tools/fetch.h"
#include "server/tools/top_life.h"
#include "server/tools/top_view.h"

struct pool;

enum {
    TOP_ROWS = 64,        /* connections of one snapshot in plain text */
    TOP_ROWS_MOST = 1000, /* that a server answers */
    TOP_FIND = 48         /* bytes of what is searched for */
};

struct snapshot {
    struct pool *pool; /* with the tree */
    struct fetched fetched;
    struct json *json; /* NULL: none */
};

enum top_whereabouts {
    TOP_LISTED, /* among the rows */
    TOP_BELOW,  /* open, but not among them */
    TOP_CLOSED,
    TOP_PAST /* of a process that has ended */
};

struct top {
    struct fetch_wait wait; /* first: see wait_for_answer */
    const char *from;
    const struct top_key *key, *sorted; /* that the next rows are to be sorted by, and the last ones are */
    unsigned rows;                      /* 0: as many as fit */
    unsigned seconds;
    bool once, workers, colour;
    bool alone; /* without connections that watch the server */

    /* what keys and signals want */
    bool ended;
    bool again; /* to have the server asked at once */
    bool opens; /* to see the life of the connection that is selected */

    /* what is shown */
    enum top_mode mode;
    bool help;             /* instead of it */
    bool typing;           /* what to search for */
    char typed[TOP_FIND];  /* so far */
    char find[TOP_FIND];   /* what is searched for; "": nothing */
    unsigned offset, page; /* rows or lines above the screen, and on it */
    struct top_life life;

    /* the connection that is selected */
    char selected[TOP_WORD]; /* its name; "": none is */
    enum top_whereabouts whereabouts;
    unsigned index; /* of its row; of where it was */
    unsigned wants; /* of a row to select that the server was not asked for yet; or TOP_NONE */

    /* asking */
    int64_t seen, asked, heard; /* terminal_ms() of the last snapshot, the question, the last sign of life */
    int64_t drawn, restarted;   /* and of the last picture, of another process that answers */
    double pid_before;
    bool asking;
    const char *gave_up; /* why the question was; NULL: it was not */
    struct snapshot now, before;
    char error[FETCH_ERROR]; /* of the last question that was answered or given up; "": it was good */
};

/* ---- top_ask.c ---- */

/* False: top->error says why there is no new snapshot; the last one stays. */
bool top_ask(struct top *top);
void top_ask_life(struct top *top); /* of the connection that is selected */
void top_draw(struct top *top);
void top_drop(struct top *top); /* all that was answered */

/* Until `until`, a time of terminal_ms, or `fd` is ready for `events`; what happens at the terminal is done
 * meanwhile. False: a key or a signal wants something else. */
bool top_wait(struct top *top, int64_t until, int fd, short events);

/* Asks for a snapshot of `rows` connections by way of top->wait, or without a terminal. */
bool top_ask_snapshot(struct top *top, unsigned rows, char error[FETCH_ERROR]);

/* ---- top_select.c ---- */

/* Selects the row `index`, or the one nearest to it that there is; the server is asked if it is not here. */
void top_select(struct top *top, unsigned index);

/* Finds the one that is selected among the rows of a new snapshot. False: it is not there, and the server is
 * to be asked whether it is open. */
bool top_select_find(struct top *top);

/* How many rows the selection needs. */
unsigned top_select_rows(const struct top *top, unsigned lines);

/* A line about the selection and the search; "": there is nothing to say. */
void top_select_say(const struct top *top, char *text, size_t size);

/* ---- top_keys.c ---- */

void top_press(struct top *top, int key);

#endif
