/* SPDX-License-Identifier: BSD-2-Clause */
/* The picture, part by part; connections are in top_rows.c. */
#include "server/tools/top_view.h"

#include <string.h>
#include <time.h>

#include "server/tools/json.h"
#include "server/tools/top_life.h"
#include "server/tools/top_line.h"

enum {
    BAR = 20,          /* columns of a bar */
    LINES_LEAST = 9,   /* the server, connections, memory; the connections' titles and a few of them */
    WORKERS_LEAST = 3, /* lines for workers: titles and one */
};

const struct top_key top_keys[] = {
    {'t', "total", "HELD"}, {'p', "peak", "PEAK"},     {'u', "used", "USED"},     {'a', "age", "AGE"},
    {'i', "idle", "IDLE"},  {'r', "requests", "REQS"}, {'n', "unsent", "UNSENT"}, {0, NULL, NULL}};

/* ---- figures ---- */

/* The growth of `path` in a second; "-": unknown. */
static struct top_word rate(const struct top_view *view, const struct json *now, const struct json *before,
                            double span, const char *path, bool is_bytes)
{
    double grown = json_number(now, path) - json_number(before, path);
    struct top_word word = {"-"};

    if (!before || span <= 0 || grown < 0)
        return word;
    if (is_bytes)
        return top_bytes(view, grown / span);
    if (grown / span >= 99.5)
        return top_count(view, grown / span);
    snprintf(word.text, sizeof word.text, "%.1f", grown / span);
    return word;
}

static struct top_word count_of(const struct top_view *view, const struct json *json, const char *path)
{
    return top_count(view, json_number(json, path));
}

/* Of a limit; empty without one. */
static void bar(char text[BAR + 4], double used, double limit)
{
    double share = limit > 0 ? used / limit : 0;
    int filled = share >= 1 ? BAR : share <= 0 ? 0 : (int)(share * BAR + 0.5);

    text[0] = '\0';
    if (limit <= 0)
        return;
    memcpy(text, " [", 2);
    memset(text + 2, '.', BAR);
    memset(text + 2, '#', (size_t)filled);
    memcpy(text + 2 + BAR, "]", 2);
}

/* ---- the parts ---- */

bool top_view_same(const struct json *one, const struct json *other)
{
    return json_number(one, "server.pid") == json_number(other, "server.pid") &&
           json_number(one, "server.started") == json_number(other, "server.started");
}

/* Whether a line that may be left out has room. The first to ask are the most important ones. */
static bool has_room(struct top_view *view)
{
    if (!view->lines)
        return true;
    return view->spare > 0 && view->spare--;
}

/* Seconds between two snapshots of one server; 0: they cannot be compared. */
static double span_of(const struct json *now, const struct json *before)
{
    if (!before || !top_view_same(now, before))
        return 0;
    return json_number(now, "server.time") - json_number(before, "server.time");
}

static void draw_server(struct top_view *view, const struct json *now)
{
    time_t time = (time_t)json_number(now, "server.time");
    struct tm broken;
    const char *mode = json_text(now, "server.pool_mode");
    char clock[TOP_WORD] = "";

    if (gmtime_r(&time, &broken))
        strftime(clock, sizeof clock, view->terminal ? "%H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S UTC", &broken);
    if (view->terminal && !strcmp(mode, "normal"))
        mode = ""; /* said if it is another */
    top_line(view, BOLD, "%s %s  pid %.0f  up %s  generation %.0f  %s%s%s%s%s", json_text(now, "server.name"),
             json_text(now, "server.version"), json_number(now, "server.pid"),
             top_seconds(view, json_number(now, "server.uptime_seconds")).text,
             json_number(now, "server.generation"), *mode ? "pools " : "", mode, *mode ? "  " : "", clock,
             view->terminal ? "  ? for help" : "");
}

/* What is open, what a second brings, and all since the start. */
static void draw_totals(struct top_view *view, const struct json *now, const struct json *before)
{
    const struct json *totals = json_at(now, "totals"), *earlier = json_at(before, "totals");
    const struct json *states = json_at(now, "connections.states");
    double span = span_of(now, before);

    top_line(view, PLAIN, "connections %s: %s idle, %s reading, %s waiting, %s sending, %s lingering",
             count_of(view, totals, "open").text, count_of(view, states, "idle").text,
             count_of(view, states, "reading").text, count_of(view, states, "waiting").text,
             count_of(view, states, "sending").text, count_of(view, states, "lingering").text);
    if (view->terminal && has_room(view))
        top_line(view, PLAIN, "per second  %s accepted, %s requests, %s received, %s sent",
                 rate(view, totals, earlier, span, "accepted", false).text,
                 rate(view, totals, earlier, span, "requests", false).text,
                 rate(view, totals, earlier, span, "received_bytes", true).text,
                 rate(view, totals, earlier, span, "sent_bytes", true).text);
    if (!has_room(view))
        return;
    top_line(view, PLAIN,
             "in all      %s accepted, %s requests, %s refused, %s over budget, %s received, %s sent",
             count_of(view, totals, "accepted").text, count_of(view, totals, "requests").text,
             count_of(view, totals, "refused").text, count_of(view, totals, "over_budget").text,
             top_bytes(view, json_number(totals, "received_bytes")).text,
             top_bytes(view, json_number(totals, "sent_bytes")).text);
}

/* Calm, near, and at a limit. */
static enum top_style style_of(double used, double limit)
{
    return limit <= 0 ? PLAIN : used >= 0.95 * limit ? RED : used >= 0.8 * limit ? YELLOW : GREEN;
}

/* Memory and pools; the advice, if there is room for it. */
static void draw_memory(struct top_view *view, const struct json *now)
{
    const struct json *memory = json_at(now, "memory"), *sgi = json_at(now, "sgi");
    double live = json_number(memory, "live_bytes"), budget = json_number(memory, "budget_bytes");
    double limit = budget > 0 ? budget : json_number(memory, "container_bytes");
    char text[BAR + 4], of[TOP_WORD + 24] = "";

    bar(text, live, limit);
    if (limit > 0)
        snprintf(of, sizeof of, " of %s%s", top_bytes(view, limit).text,
                 budget > 0 ? "" : " in this container");
    top_line(view, style_of(live, limit),
             "memory      %s%s live%s, %s peak, %s resident, %s refused, %s failed",
             top_bytes(view, live).text, of, text, top_bytes(view, json_number(memory, "peak_bytes")).text,
             top_bytes(view, json_number(memory, "resident_bytes")).text,
             count_of(view, memory, "refused").text, count_of(view, memory, "failed").text);
    if (!has_room(view))
        return;
    top_line(view, PLAIN, "pools       %s held, %s used   sgi %s held, %s out, %.0f of %.0f locks contended",
             top_bytes(view, json_number(now, "totals.total_bytes")).text,
             top_bytes(view, json_number(now, "totals.used_bytes")).text,
             top_bytes(view, json_number(sgi, "held_bytes")).text,
             top_bytes(view, json_number(sgi, "out_bytes")).text,
             json_number(sgi, "lists.contended") + json_number(sgi, "depots.contended"),
             json_number(sgi, "lists.taken") + json_number(sgi, "depots.taken"));
    if (*json_text(now, "advice.sentence") && has_room(view))
        top_line(view, PLAIN, "advice      %s", json_text(now, "advice.sentence"));
}

/* The worker of that number in an earlier snapshot. */
static const struct json *worker_of(const struct json *before, double number)
{
    const struct json *workers = json_at(before, "workers");

    for (const struct json *at = workers ? workers->first : NULL; at; at = at->next)
        if (json_number(at, "worker") == number)
            return at;
    return NULL;
}

static void draw_worker(struct top_view *view, const struct json *at, const struct json *before, double span)
{
    struct top_word requests;
    int wide = view->terminal ? 7 : 12;

    if (view->terminal)
        requests = rate(view, at, worker_of(before, json_number(at, "worker")), span, "requests", false);
    else
        snprintf(requests.text, sizeof requests.text, "%.0f", json_number(at, "requests"));
    top_line(view, PLAIN, "%6.0f %-7s %6s %8s %*s %*s %*s %*s %*s %9.3f", json_number(at, "worker"),
             json_text(at, "state"), count_of(view, at, "open").text, requests.text, wide,
             top_bytes(view, json_number(at, "total_bytes")).text, wide,
             top_bytes(view, json_number(at, "used_bytes")).text, wide,
             top_bytes(view, json_number(at, "sizeclass.span_bytes")).text, wide,
             top_bytes(view, json_number(at, "sizeclass.live_bytes")).text, wide,
             top_bytes(view, json_number(at, "budget_bytes")).text, json_number(at, "slice_seconds") * 1000);
}

/* A line for each worker, as far as there is room besides the connections. */
static void draw_workers(struct top_view *view, const struct json *now, const struct json *before)
{
    const struct json *workers = json_at(now, "workers");
    unsigned most = view->spare * 2 / 3, count = 0, shown = 0;
    int wide = view->terminal ? 7 : 12;

    for (const struct json *at = workers ? workers->first : NULL; at; at = at->next)
        count++;
    if (view->lines && most < WORKERS_LEAST)
        return;
    top_line(view, PLAIN, "%s", "");
    top_line(view, REVERSE, "WORKER STATE     OPEN %8s %*s %*s %*s %*s %*s %9s",
             view->terminal ? "REQ/S" : "REQUESTS", wide, "HELD", wide, "USED", wide, "PAGES", wide,
             "OBJECTS", wide, "BUDGET", "SLICE MS");
    most = !view->lines || most >= count + 2 ? count
                                             : most - 3; /* besides the titles, and the line that says so */
    for (const struct json *at = workers ? workers->first : NULL; at && shown < most; at = at->next, shown++)
        draw_worker(view, at, before, span_of(now, before));
    if (shown < count)
        top_line(view, PLAIN, "%6s and %u more, for which the screen is too low", "", count - shown);
    view->spare -= view->lines ? 2 + shown + (shown < count) : 0;
}

/* Connections that no row tells of, and why. */
static void draw_left_out(struct top_view *view, const struct json *now)
{
    const struct json *workers = json_at(now, "workers");
    double rows = json_number(now, "connections.rows_left_out");

    for (const struct json *at = workers ? workers->first : NULL; at; at = at->next) {
        if (json_true(at, "short_of_memory"))
            top_line(view, YELLOW,
                     "left out    worker %.0f had no memory to list more than its %.0f largest pools",
                     json_number(at, "worker"), json_number(at, "rows"));
    }
    if (rows > 0)
        top_line(view, YELLOW, "left out    %.0f rows: the server had no memory for them in its answer",
                 rows);
}

/* The connections below the figures; what may be left out is, so that some rows have room. */
static void draw_connections(struct top_view *view, const struct json *now, const struct json *before)
{
    unsigned spare =
        view->lines > view->written + LINES_LEAST ? view->lines - view->written - LINES_LEAST : 0;

    view->spare = spare;
    draw_server(view, now);
    draw_totals(view, now, before);
    draw_memory(view, now);
    draw_left_out(view, now);
    if (view->workers)
        draw_workers(view, now, before);
    top_events_draw(view, now, view->lines ? view->spare / 3 : TOP_NONE);
    top_rows_draw(view, now);
}

void top_view_draw(struct top_view *view, const struct json *now, const struct json *before)
{
    if (view->terminal)
        fputs("\x1b[H", view->out);
    if (view->notice || view->news)
        top_line(view, BOLD, "%s", view->notice ? view->notice : view->news);
    if (now && view->mode == TOP_CONNECTIONS) {
        draw_connections(view, now, before);
    } else if (now) {
        draw_server(view, now);
        if (view->mode == TOP_LIFE)
            top_life_draw(view->life, view);
        else if (view->mode == TOP_EVENTS)
            top_events_draw_all(view, now);
        else
            top_help_draw(view);
    }
    if (view->terminal)
        fputs("\x1b[J", view->out);
}
