/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened lately. Without room for all, the gravest are shown. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/tools/json.h"
#include "server/tools/top_line.h"
#include "server/tools/top_view.h"

enum {
    EVENTS = 64, /* that a server sends, and more */
    TITLE = 12   /* columns in front of a line, as those of other figures */
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

static void draw_event(struct top_view *view, const struct json *event, double now, const char *title)
{
    double count = json_number(event, "count"), seconds = json_number(event, "time");
    unsigned level = level_of(event);
    char when[TOP_WORD + 8] = "", times[TOP_WORD] = "";
    time_t time = (time_t)seconds;
    struct tm broken;

    if (view->terminal)
        snprintf(when, sizeof when, "%7s ago", top_seconds(view, now > seconds ? now - seconds : 0).text);
    else if (gmtime_r(&time, &broken))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &broken);
    if (count > 1)
        snprintf(times, sizeof times, "%.0f times, ", count);
    top_line(view, level < WARN ? RED : PLAIN, "%-*s%s %s: %s%s", view->mode == TOP_EVENTS ? 0 : TITLE,
             view->mode == TOP_EVENTS ? "" : title, when, json_text(event, "level"), times,
             json_text(event, "text"));
}

void top_events_draw(struct top_view *view, const struct json *now, unsigned most)
{
    const struct json *events = json_at(now, "events");
    double time = json_number(now, "server.time");
    bool shown[EVENTS] = {false};
    unsigned count = choose(events, most, shown), at = 0, drawn = 0;

    if (view->mode == TOP_EVENTS) {
        top_line(view, REVERSE, "%s",
                 count ? "WHAT HAPPENED LATELY (Up and Down move this text)" : "NOTHING HAS HAPPENED LATELY");
        (void)top_scroll(view, count);
    }
    for (const struct json *event = events ? events->first : NULL; event && at < EVENTS;
         event = event->next, at++)
        if (shown[at] && (view->mode != TOP_EVENTS || drawn >= view->offset))
            draw_event(view, event, time, drawn++ ? "" : "lately");
        else
            drawn += shown[at];
}
