/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened lately. Without room for all, the gravest are shown; or all, in full. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/tools/json.h"
#include "server/tools/top_line.h"
#include "server/tools/top_view.h"

enum {
    EVENTS = 64,     /* that a server sends, and more */
    LINE = 1024,     /* bytes of an event's text */
    INDENT = 4,      /* columns in front of a line that goes on with it */
    WIDE_LEAST = 20, /* columns that lines are folded to at least: what is more is cut */
};

/* From the gravest on, as they stand in error_log. */
static const char *const levels[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};

enum { LEVELS = sizeof levels / sizeof *levels, WARN = 4 };

static unsigned level_of(const struct json *event)
{
    unsigned level = 0;

    while (level < LEVELS && strcmp(levels[level], json_text(event, "level")) != 0)
        level++;
    return level;
}

/* Which of the events are shown: by level, and of one level the newest. Their number. */
static unsigned choose(const struct json *events, unsigned most, bool shown[EVENTS])
{
    unsigned count = 0;

    for (unsigned level = 0; level <= LEVELS; level++) {
        unsigned at = 0;

        for (const struct json *event = events ? events->first : NULL; event && at < EVENTS;
             event = event->next, at++)
            if (count < most && level_of(event) == level) {
                shown[at] = true;
                count++;
            }
    }
    return count;
}

/* One event as text: when, how grave, how often, what. */
static void write_event(const struct top_view *view, const struct json *event, double now, char text[LINE])
{
    double count = json_number(event, "count"), seconds = json_number(event, "time");
    char when[TOP_WORD + 8] = "", times[TOP_WORD] = "";
    time_t time = (time_t)seconds;
    struct tm broken;

    if (view->terminal)
        snprintf(when, sizeof when, "%7s ago", top_seconds(view, now > seconds ? now - seconds : 0).text);
    else if (gmtime_r(&time, &broken))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &broken);
    if (count > 1)
        snprintf(times, sizeof times, "%.0f times, ", count);
    snprintf(text, LINE, "%s %s: %s%s", when, json_text(event, "level"), times, json_text(event, "text"));
}

static enum top_style style_of(const struct json *event)
{
    return level_of(event) < WARN ? RED : PLAIN;
}

void top_events_draw(struct top_view *view, const struct json *now, unsigned most)
{
    const struct json *events = json_at(now, "events");
    bool shown[EVENTS] = {false};
    unsigned count = choose(events, most, shown), at = 0;
    const char *title = "lately";
    char text[LINE];

    for (const struct json *event = count ? events->first : NULL; event && at < EVENTS;
         event = event->next, at++)
        if (shown[at]) {
            write_event(view, event, json_number(now, "server.time"), text);
            top_line(view, style_of(event), "%-11s %s", title, text);
            title = "";
        }
}

/* How many bytes of a text stand on its first line: up to a blank, if there is one in its second half. */
static size_t fold(const char *text, size_t wide)
{
    size_t length = strlen(text), at = wide;

    if (length <= wide)
        return length;
    while (at > wide / 2 && text[at] != ' ')
        at--;
    return at > wide / 2 ? at : wide;
}

/* All events, each on as many lines as it needs: those behind the first are indented. The lines before
 * `first` are not drawn. How many lines there are. */
static unsigned draw_folded(struct top_view *view, const struct json *now, unsigned first, bool draw)
{
    const struct json *events = json_at(now, "events");
    unsigned lines = 0;
    char text[LINE];

    for (const struct json *event = events ? events->first : NULL; event; event = event->next) {
        int indent = 0;

        write_event(view, event, json_number(now, "server.time"), text);
        for (const char *rest = text; *rest || !indent; indent = INDENT, lines++) {
            size_t room = view->columns > WIDE_LEAST ? view->columns - (size_t)indent : WIDE_LEAST;
            size_t length = fold(rest, room);

            if (draw && lines >= first)
                top_line(view, style_of(event), "%*s%.*s", indent, "", (int)length, rest);
            rest += length;
            rest += strspn(rest, " ");
        }
    }
    return lines;
}

void top_events_draw_all(struct top_view *view, const struct json *now)
{
    unsigned lines = draw_folded(view, now, 0, false);

    top_line(view, REVERSE, "%s",
             lines ? "WHAT HAPPENED LATELY (Up and Down move this text)" : "NOTHING HAS HAPPENED LATELY");
    (void)top_scroll(view, lines);
    (void)draw_folded(view, now, view->offset, true);
}
