/* SPDX-License-Identifier: BSD-2-Clause */
/* The selection is kept by name, so that it stays on its connection when rows move. */
#include "server/tools/top_session.h"

#include <stdio.h>
#include <string.h>

#include "server/tools/json.h"

static void name_of(const struct json *row, char name[TOP_WORD])
{
    snprintf(name, TOP_WORD, "%.0f.%.0f", json_number(row, "worker"), json_number(row, "id"));
}

/* The rows that there are, or that a server would answer. */
static unsigned count_of(const struct top *top)
{
    double matched = json_number(top->now.json, "connections.matched");

    return matched < TOP_ROWS_MOST ? (unsigned)matched : TOP_ROWS_MOST;
}

void top_select(struct top *top, unsigned index)
{
    const struct json *rows = json_at(top->now.json, "connections.rows"), *row = NULL;
    unsigned most = count_of(top), at = 0;

    top->wants = TOP_NONE;
    for (const struct json *next = rows ? rows->first : NULL; next && at <= index; next = next->next, at++)
        row = next;
    if (!row)
        return;
    if (at <= index && at < most) { /* more are to come; the last one here till then */
        top->wants = index < most ? index : most - 1;
        top->again = true;
    }
    name_of(row, top->selected);
    top->whereabouts = TOP_LISTED;
    top->index = at - 1;
}

bool top_select_find(struct top *top)
{
    const struct json *rows = json_at(top->now.json, "connections.rows");
    unsigned wants = top->wants, index = 0;
    char name[TOP_WORD];

    if (wants != TOP_NONE) {
        top_select(top, wants);
        top->wants = TOP_NONE; /* if there are fewer now, the last one is */
        top->again = false;
        return true;
    }
    if (!*top->selected || top->whereabouts == TOP_CLOSED || top->whereabouts == TOP_PAST)
        return true;
    for (const struct json *row = rows ? rows->first : NULL; row; row = row->next, index++) {
        name_of(row, name);
        if (!strcmp(name, top->selected)) {
            top->index = index;
            top->whereabouts = TOP_LISTED;
            return true;
        }
    }
    return false;
}

unsigned top_select_rows(const struct top *top, unsigned lines)
{
    unsigned index = top->wants != TOP_NONE ? top->wants : top->index, rows = lines;

    if (*top->selected && index + lines > rows) /* a screen more than what is shown */
        rows = (index / lines + 2) * lines;
    return rows < TOP_ROWS_MOST ? rows : TOP_ROWS_MOST;
}

void top_select_say(const struct top *top, char *text, size_t size)
{
    const struct top_view view = {.terminal = true};
    struct top_word of = top_count(&view, json_number(top->now.json, "connections.matched"));
    size_t length = 0;

    text[0] = '\0';
    if (top->typing) {
        snprintf(text, size, "find: %s_   (name or address; Enter, Esc)", top->typed);
        return;
    }
    if (*top->find)
        length = (size_t)snprintf(text, size, *top->selected ? "/%s  " : "/%s  %s found", top->find, of.text);
    if (length >= size || !*top->selected)
        return;
    text += length;
    size -= length;
    switch (top->whereabouts) {
    case TOP_LISTED:
        snprintf(text, size, "%s, %u of %s: Enter shows its life", top->selected, top->index + 1, of.text);
        break;
    case TOP_BELOW:
        snprintf(text, size, "%s is not among these rows: Enter shows its life", top->selected);
        break;
    case TOP_CLOSED:
        snprintf(text, size, "%s has closed: Up and Down select others", top->selected);
        break;
    case TOP_PAST:
        snprintf(text, size, "%s was of process %.0f, which has ended", top->selected, top->pid_before);
        break;
    }
}
