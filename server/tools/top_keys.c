/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keys do, in each of the pictures. The caller draws. */
#include "server/tools/top_session.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "server/tools/json.h"
#include "server/tools/terminal.h"

enum { BACKSPACE = 0x7f, CONTROL_H = 0x08 };

const struct top_key *top_key_named(const char *name)
{
    for (const struct top_key *key = top_keys; key->name; key++)
        if (!strcmp(key->name, name))
            return key;
    return NULL;
}

/* How many lines a key goes down; 0: it is another key. */
static int step_of(const struct top *top, int key)
{
    int page = top->page > 1 ? (int)top->page - 1 : 1; /* one line of the last screen stays */

    switch (key) {
    case TERMINAL_UP:
    case 'k':
        return -1;
    case TERMINAL_DOWN:
    case 'j':
        return 1;
    case TERMINAL_PAGE_UP:
        return -page;
    case TERMINAL_PAGE_DOWN:
        return page;
    case TERMINAL_HOME:
        return INT_MIN;
    case TERMINAL_END:
        return INT_MAX;
    default:
        return 0;
    }
}

/* `from` and a step, not below 0. */
static unsigned go(unsigned from, int step)
{
    int64_t to = (int64_t)from + step;

    return to < 0 ? 0 : (unsigned)to;
}

static void select_by(struct top *top, int step)
{
    const struct json *rows = json_at(top->now.json, "connections.rows"), *row = rows ? rows->first : NULL;
    unsigned first = 0;

    for (; row && row->next && json_true(row, "watches"); row = row->next)
        first++;         /* a question's own connection closes at once */
    if (!*top->selected) /* the first step selects, and moves no further */
        top_select(top, step == INT_MAX ? UINT_MAX - 1 : first);
    else
        top_select(top, go(top->wants != TOP_NONE ? top->wants : top->index, step));
}

/* What is typed behind "/". Names and addresses have no other bytes, so none need to be escaped. */
static void type(struct top *top, int key)
{
    size_t length = strlen(top->typed);

    if (key == TERMINAL_ESCAPE) {
        top->typing = false;
    } else if (key == '\n') {
        top->typing = false;
        memcpy(top->find, top->typed, sizeof top->find);
        top->again = true;
    } else if ((key == BACKSPACE || key == CONTROL_H) && length) {
        top->typed[length - 1] = '\0';
    } else if (key < 0x80 && (isalnum(key) || (key && strchr(".:[]/_-", key))) && length < TOP_FIND - 1) {
        top->typed[length] = (char)key;
        top->typed[length + 1] = '\0';
    }
}

static void press_life(struct top *top, int key)
{
    int step = step_of(top, key);

    if (key == TERMINAL_ESCAPE || key == 'q') {
        top->mode = TOP_CONNECTIONS;
        top->opens = false;
        top_life_end(&top->life);
        top->again = true;
    }
    if (step) /* the newest event stands below */
        top->life.back =
            step == INT_MIN ? UINT_MAX / 2 : go(top->life.back, step == INT_MAX ? INT_MIN : -step);
}

/* The selection's life, or with none selected, a new snapshot. */
static void enter(struct top *top)
{
    top->again = true;
    if (!*top->selected || top->whereabouts == TOP_CLOSED || top->whereabouts == TOP_PAST)
        return;
    top->opens = true;
    top->mode = TOP_LIFE;
    top_life_begin(&top->life, top->selected, -1, false, "");
}

static void escape(struct top *top)
{
    if (*top->find) {
        top->find[0] = '\0';
        top->again = true;
    } else {
        top->selected[0] = '\0';
        top->wants = TOP_NONE;
        top->offset = 0;
    }
}

/* Keys of the main picture: they sort, select, search, and lead to the others. */
static void press_connections(struct top *top, int pressed)
{
    int step = step_of(top, pressed);

    for (const struct top_key *key = top_keys; key->name; key++)
        if (key->letter == pressed) {
            top->key = key;
            top->again = true;
        }
    if (step)
        select_by(top, step);
    switch (pressed) {
    case 'q':
        top->ended = true;
        break;
    case 'w':
        top->workers = !top->workers;
        break;
    case 'v':
        top->alone = !top->alone;
        top->again = true;
        break;
    case 'e':
        top->mode = TOP_EVENTS;
        top->offset = 0;
        break;
    case '/':
        top->typing = true;
        top->typed[0] = '\0';
        break;
    case ' ':
        top->again = true;
        break;
    case '\n':
        enter(top);
        break;
    case TERMINAL_ESCAPE:
        escape(top);
    }
}

/* Help, and the list of events: lines that scroll. */
static void press_lines(struct top *top, int key, char letter)
{
    int step = step_of(top, key);

    if (key == letter || key == TERMINAL_ESCAPE || key == 'q') {
        if (!top->help)
            top->mode = TOP_CONNECTIONS;
        top->help = false;
        top->offset = 0;
    } else if (step) {
        top->offset = go(top->offset, step);
    }
}

void top_press(struct top *top, int key)
{
    if (top->typing) {
        type(top, key);
    } else if (top->help) {
        press_lines(top, key, '?');
    } else if (key == '?') {
        top->help = true;
        top->offset = 0;
    } else if (top->mode == TOP_LIFE) {
        press_life(top, key);
    } else if (top->mode == TOP_EVENTS) {
        press_lines(top, key, 'e');
    } else {
        press_connections(top, key);
    }
}
