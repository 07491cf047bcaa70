/* SPDX-License-Identifier: BSD-2-Clause */
/* The picture, part by part; connections are in top_rows.c. */
#include "server/tools/top_view.h"

#include <string.h>
#include <time.h>

#include "server/tools/json.h"
#include "server/tools/top_line.h"

enum { BAR = 20 /* columns of a bar */ };

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

/* Of a budget; empty without one. */
static void bar(char text[BAR + 4], double used, double budget)
{
    double share = budget > 0 ? used / budget : 0;
    int filled = share >= 1 ? BAR : share <= 0 ? 0 : (int)(share * BAR + 0.5);

    text[0] = '\0';
    if (budget <= 0)
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

    top_line(
        view, PLAIN, "connections %.0f: %.0f idle, %.0f reading, %.0f waiting, %.0f sending, %.0f lingering",
        json_number(totals, "open"), json_number(states, "idle"), json_number(states, "reading"),
        json_number(states, "waiting"), json_number(states, "sending"), json_number(states, "lingering"));
    if (view->terminal)
        top_line(view, PLAIN, "per second  %s accepted, %s requests, %s received, %s sent",
                 rate(view, totals, earlier, span, "accepted", false).text,
                 rate(view, totals, earlier, span, "requests", false).text,
                 rate(view, totals, earlier, span, "received_bytes", true).text,
                 rate(view, totals, earlier, span, "sent_bytes", true).text);
    top_line(view, PLAIN,
             "in all      %s accepted, %s requests, %.0f refused, %.0f over budget, %s received, %s sent",
             top_count(view, json_number(totals, "accepted")).text,
             top_count(view, json_number(totals, "requests")).text, json_number(totals, "refused"),
             json_number(totals, "over_budget"), top_bytes(view, json_number(totals, "received_bytes")).text,
             top_bytes(view, json_number(totals, "sent_bytes")).text);
}

/* Calm, near, and at a budget. */
static enum top_style style_of(double used, double budget)
{
    return budget <= 0 ? PLAIN : used >= 0.95 * budget ? RED : used >= 0.8 * budget ? YELLOW : GREEN;
}

/* Memory and pools; the advice, if there is room for it. */
static void draw_memory(struct top_view *view, const struct json *now)
{
    const struct json *memory = json_at(now, "memory"), *sgi = json_at(now, "sgi");
    double live = json_number(memory, "live_bytes"), budget = json_number(memory, "budget_bytes");
    char text[BAR + 4], of[TOP_WORD + 8] = "";

    bar(text, live, budget);
    if (budget > 0)
        snprintf(of, sizeof of, " of %s", top_bytes(view, budget).text);
    top_line(view, style_of(live, budget),
             "memory      %s%s live%s, %s peak, %s resident, %.0f refused, %.0f failed",
             top_bytes(view, live).text, of, text, top_bytes(view, json_number(memory, "peak_bytes")).text,
             top_bytes(view, json_number(memory, "resident_bytes")).text, json_number(memory, "refused"),
             json_number(memory, "failed"));
    top_line(view, PLAIN, "pools       %s held, %s used   sgi %s held, %s out, %.0f of %.0f locks contended",
             top_bytes(view, json_number(now, "totals.total_bytes")).text,
             top_bytes(view, json_number(now, "totals.used_bytes")).text,
             top_bytes(view, json_number(sgi, "held_bytes")).text,
             top_bytes(view, json_number(sgi, "out_bytes")).text,
             json_number(sgi, "lists.contended") + json_number(sgi, "depots.contended"),
             json_number(sgi, "lists.taken") + json_number(sgi, "depots.taken"));
    if (*json_text(now, "advice.sentence"))
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

/* A line for each worker; rates need the snapshot before. */
static void draw_workers(struct top_view *view, const struct json *now, const struct json *before)
{
    const struct json *workers = json_at(now, "workers");
    int wide = view->terminal ? 7 : 12;

    top_line(view, PLAIN, "%s", "");
    top_line(view, REVERSE, "WORKER STATE     OPEN %8s %*s %*s %*s %*s %*s %9s",
             view->terminal ? "REQ/S" : "REQUESTS", wide, "HELD", wide, "USED", wide, "PAGES", wide,
             "OBJECTS", wide, "BUDGET", "SLICE MS");
    for (const struct json *at = workers ? workers->first : NULL; at; at = at->next) {
        struct top_word requests;

        if (view->terminal)
            requests = rate(view, at, worker_of(before, json_number(at, "worker")), span_of(now, before),
                            "requests", false);
        else
            snprintf(requests.text, sizeof requests.text, "%.0f", json_number(at, "requests"));
        top_line(view, PLAIN, "%6.0f %-7s %6.0f %8s %*s %*s %*s %*s %*s %9.3f", json_number(at, "worker"),
                 json_text(at, "state"), json_number(at, "open"), requests.text, wide,
                 top_bytes(view, json_number(at, "total_bytes")).text, wide,
                 top_bytes(view, json_number(at, "used_bytes")).text, wide,
                 top_bytes(view, json_number(at, "sizeclass.span_bytes")).text, wide,
                 top_bytes(view, json_number(at, "sizeclass.live_bytes")).text, wide,
                 top_bytes(view, json_number(at, "budget_bytes")).text,
                 json_number(at, "slice_seconds") * 1000);
    }
}

static void draw_help(struct top_view *view)
{
    static const char *const lines[] = {
        "",
        "t p u a i r n   sort by what is held, peak, used, age, idle, requests, unsent",
        "w               shows or hides the workers",
        "blank           asks now",
        "?               shows or hides this",
        "q               ends",
        "",
        "Colours: reading blue, waiting magenta, sending yellow, lingering cyan; memory is",
        "yellow above 80 % of its budget, red above 95 %. FILL is what of HELD is filled.",
        "A wider terminal has more columns."};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        top_line(view, PLAIN, "%s", lines[i]);
}

void top_view_draw(struct top_view *view, const struct json *now, const struct json *before)
{
    if (view->terminal)
        fputs("\x1b[H", view->out);
    if (view->notice || view->news)
        top_line(view, BOLD, "%s", view->notice ? view->notice : view->news);
    if (now) {
        draw_server(view, now);
        draw_totals(view, now, before);
        draw_memory(view, now);
        if (view->help) {
            draw_help(view);
        } else {
            if (view->workers)
                draw_workers(view, now, before);
            top_rows_draw(view, now);
        }
    }
    if (view->terminal)
        fputs("\x1b[J", view->out);
}
