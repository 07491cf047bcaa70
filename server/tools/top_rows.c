/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections, a row each, in as many columns as have room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/tools/json.h"
#include "server/tools/top_line.h"
#include "server/tools/top_view.h"

enum {
    LINE = 512, /* bytes of a row */
    FILL = 6    /* columns of a bar */
};

enum column_kind { NAME, TEXT, FAILURE, COUNT, BYTES, SECONDS, SHARE };

/* In the order of the screen. Of a narrow terminal's columns those with the greatest number stand back. */
static const struct column {
    const char *title, *path;
    enum column_kind kind;
    int wide, plain; /* columns in a terminal, and in a report; negative: to the left */
    int back;
} columns[] = {
    {"CONNECTION", "id", NAME, 10, 14, 0},        {"SPEAKS", "protocol", TEXT, -7, -7, 9},
    {"STATE", "state", TEXT, -9, -9, 3},          {"CLIENT", "client", TEXT, -21, -21, 1},
    {"AGE", "age_seconds", SECONDS, 7, 12, 5},    {"IDLE", "idle_seconds", SECONDS, 7, 12, 10},
    {"REQS", "requests", COUNT, 8, 8, 7},         {"HELD", "total_bytes", BYTES, 7, 12, 2},
    {"FILL", "filled_bytes", SHARE, -FILL, 0, 6}, {"USED", "used_bytes", BYTES, 7, 12, 8},
    {"PEAK", "peak_bytes", BYTES, 7, 12, 4},      {"UNSENT", "unsent_bytes", BYTES, 7, 12, 11},
    {"BLKS", "total_nblocks", COUNT, 4, 4, 13},   {"BUFS", "buffers", COUNT, 4, 4, 14},
    {"LRGS", "larges", COUNT, 4, 4, 15},          {"FAILED", "failure", FAILURE, -7, -7, 16},
    {"DOING", "doing", TEXT, -24, -24, 12},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static int width_of(const struct top_view *view, const struct column *column)
{
    return view->terminal ? column->wide : column->plain;
}

/* The one that rows are sorted by stays, whatever else goes. */
static int back_of(const struct top_view *view, const struct column *column)
{
    return strcmp(view->key->title, column->title) != 0 ? column->back : 0;
}

/* How far back a column may stand to have room: all that stand less far back fit together. */
static int choose_columns(const struct top_view *view)
{
    int most = -1;

    for (int back = 0; back <= COLUMNS; back++) {
        int sum = 0;

        for (int i = 0; i < COLUMNS; i++)
            if (back_of(view, &columns[i]) <= back)
                sum += abs(width_of(view, &columns[i])) + 1;
        if (view->columns && sum > (int)view->columns + 1)
            break;
        most = back;
    }
    return most < 0 ? 0 : most;
}

/* What stands in a column, but for texts: these may be longer than a word. */
static struct top_word cell(const struct top_view *view, const struct column *column, const struct json *row)
{
    double number = json_number(row, column->path), held = json_number(row, "total_bytes");
    struct top_word word = {"-"};

    switch (column->kind) {
    case NAME:
        snprintf(word.text, sizeof word.text, "%.0f.%.0f", json_number(row, "worker"), number);
        return word;
    case COUNT:
        return top_count(view, number);
    case BYTES:
        return top_bytes(view, number);
    case SECONDS:
        return top_seconds(view, number);
    case SHARE:
        memset(word.text, '.', FILL);
        memset(word.text, '#',
               held > 0 && number > 0 ? (size_t)(FILL * (number < held ? number / held : 1) + .5) : 0);
        word.text[FILL] = '\0';
        return word;
    case FAILURE:
        if (strcmp(json_text(row, column->path), "none") != 0)
            snprintf(word.text, sizeof word.text, "%s", json_text(row, column->path));
        return word;
    case TEXT:
        break;
    }
    return word;
}

/* A line of the columns that have room: titles without a row. */
static void draw_row(struct top_view *view, const struct json *row, int back, bool selected)
{
    static const struct {
        const char *state;
        enum top_style style;
    } styles[] = {{"reading", BLUE}, {"waiting", MAGENTA}, {"sending", YELLOW}, {"lingering", CYAN}};
    enum top_style style = row && !selected ? PLAIN : REVERSE;
    char text[LINE];
    size_t length = 0;

    for (int i = 0; i < COLUMNS; i++) {
        const struct column *column = &columns[i];
        struct top_word word = {""};
        const char *value = NULL; /* or `word` */

        if (back_of(view, column) > back || !width_of(view, column) || length >= sizeof text - 1)
            continue;
        if (!row)
            snprintf(word.text, sizeof word.text, "%s%s", strcmp(view->key->title, column->title) ? "" : ">",
                     column->title);
        else if (column->kind == TEXT)
            value = json_text(row, column->path);
        else
            word = cell(view, column, row);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%*s", length ? " " : "",
                                   width_of(view, column), value ? value : word.text);
    }
    if (row && !selected && json_true(row, "watches"))
        style = FAINT;
    for (size_t i = 0; row && style == PLAIN && i < sizeof styles / sizeof *styles; i++)
        if (!strcmp(json_text(row, "state"), styles[i].state))
            style = styles[i].style;
    top_line(view, style, "%s", text);
}

/* A line for each connection that the server sent, in its order, as far as there is room. */
void top_rows_draw(struct top_view *view, const struct json *now)
{
    const struct json *rows = json_at(now, "connections.rows");
    unsigned count = 0, at = 0, shown;
    int back = choose_columns(view);

    for (const struct json *row = rows ? rows->first : NULL; row; row = row->next)
        count++;
    top_line(view, BOLD, "%s", view->status ? view->status : "");
    draw_row(view, NULL, back, false);
    shown = top_scroll(view, count);
    if (view->selected != TOP_NONE && view->selected < view->offset)
        view->offset = view->selected;
    if (view->selected != TOP_NONE && view->page && view->selected >= view->offset + view->page)
        view->offset = view->selected - view->page + 1;
    for (const struct json *row = rows ? rows->first : NULL; row; row = row->next, at++)
        if (at >= view->offset && at < view->offset + shown)
            draw_row(view, row, back, at == view->selected);
}
