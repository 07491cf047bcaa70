/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of the picture, part by part. */
#include "server/tools/top_view.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "server/tools/json.h"

enum {
    LINE = 512, /* bytes of a line */
    WORD = 32,  /* bytes of a figure as it is written */
    BAR = 20    /* columns of a bar */
};

enum style { PLAIN, BOLD, REVERSE };

const struct top_key top_keys[] = {
    {'t', "total", "HELD"}, {'p', "peak", "PEAK"},     {'u', "used", "USED"},     {'a', "age", "AGE"},
    {'i', "idle", "IDLE"},  {'r', "requests", "REQS"}, {'n', "unsent", "UNSENT"}, {0, NULL, NULL}};

/* ---- lines ---- */

__attribute__((format(printf, 3, 4))) static void line(struct top_view *view, enum style style,
                                                       const char *format, ...)
{
    static const char *const begins[] = {"", "\x1b[1m", "\x1b[7m"}, *const grey[] = {"\x1b[2m", "\x1b[2m",
                                                                                     "\x1b[7m\x1b[2m"};
    const char *begin = view->notice && view->written ? grey[style] : begins[style];
    char text[LINE];
    size_t length;
    va_list arguments;

    if (view->lines && view->written == view->lines)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    length = strlen(text);
    while (length && text[length - 1] == ' ')
        length--;
    if (view->columns && length > view->columns)
        length = view->columns;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
            text[i] = '?';
    if (!view->terminal)
        fprintf(view->out, "%.*s\n", (int)length, text);
    else /* no line end behind the last one, or the screen would scroll */
        fprintf(view->out, "%s%s%.*s%s\x1b[K", view->written ? "\r\n" : "", begin, (int)length, text,
                *begin ? "\x1b[0m" : "");
    view->written++;
}

/* ---- figures ---- */

struct word {
    char text[WORD];
};

static struct word bytes(const struct top_view *view, double value)
{
    static const char units[] = "BKMGTP";
    struct word word;
    unsigned unit = 0;

    if (!view->terminal) {
        snprintf(word.text, sizeof word.text, "%.0f", value);
        return word;
    }
    for (; value >= 999.5 && unit < sizeof units - 2; unit++)
        value /= 1024;
    if (unit && value < 9.95)
        snprintf(word.text, sizeof word.text, "%.1f%c", value, units[unit]);
    else
        snprintf(word.text, sizeof word.text, "%.0f%c", value, units[unit]);
    return word;
}

static struct word seconds(const struct top_view *view, double value)
{
    struct word word;
    long whole = value < 0 ? 0 : value > 1e12 ? 1000000000000 : (long)value;

    if (!view->terminal)
        snprintf(word.text, sizeof word.text, "%.3f", value);
    else if (value < 9.95)
        snprintf(word.text, sizeof word.text, "%.1fs", value);
    else if (whole < 60)
        snprintf(word.text, sizeof word.text, "%lds", whole);
    else if (whole < 3600)
        snprintf(word.text, sizeof word.text, "%ldm%02ld", whole / 60, whole % 60);
    else if (whole < 86400)
        snprintf(word.text, sizeof word.text, "%ldh%02ld", whole / 3600, whole / 60 % 60);
    else
        snprintf(word.text, sizeof word.text, "%ldd%02ld", whole / 86400, whole / 3600 % 24);
    return word;
}

/* The growth of `path` in a second; "-": unknown. */
static struct word rate(const struct top_view *view, const struct json *now, const struct json *before,
                        double span, const char *path, bool is_bytes)
{
    double grown = json_number(now, path) - json_number(before, path);
    struct word word = {"-"};

    if (!before || span <= 0 || grown < 0)
        return word;
    if (is_bytes)
        return bytes(view, grown / span);
    snprintf(word.text, sizeof word.text, grown / span < 99.5 ? "%.1f" : "%.0f", grown / span);
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
    char clock[WORD] = "";

    if (gmtime_r(&time, &broken))
        strftime(clock, sizeof clock, view->terminal ? "%H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S UTC", &broken);
    line(view, BOLD, "%s %s  pid %.0f  up %s  generation %.0f  pools %s  %s", json_text(now, "server.name"),
         json_text(now, "server.version"), json_number(now, "server.pid"),
         seconds(view, json_number(now, "server.uptime_seconds")).text, json_number(now, "server.generation"),
         json_text(now, "server.pool_mode"), clock);
}

static void draw_totals(struct top_view *view, const struct json *now, const struct json *before)
{
    const struct json *totals = json_at(now, "totals"), *earlier = json_at(before, "totals");
    const struct json *states = json_at(now, "connections.states");
    double span = span_of(now, before);

    line(view, PLAIN, "connections %.0f: %.0f idle, %.0f reading, %.0f waiting, %.0f sending, %.0f lingering",
         json_number(totals, "open"), json_number(states, "idle"), json_number(states, "reading"),
         json_number(states, "waiting"), json_number(states, "sending"), json_number(states, "lingering"));
    if (view->terminal)
        line(view, PLAIN, "per second  %s accepted, %s requests, %s received, %s sent",
             rate(view, totals, earlier, span, "accepted", false).text,
             rate(view, totals, earlier, span, "requests", false).text,
             rate(view, totals, earlier, span, "received_bytes", true).text,
             rate(view, totals, earlier, span, "sent_bytes", true).text);
    line(view, PLAIN,
         "in all      %.0f accepted, %.0f requests, %s received, %s sent, %.0f refused, %.0f over budget",
         json_number(totals, "accepted"), json_number(totals, "requests"),
         bytes(view, json_number(totals, "received_bytes")).text,
         bytes(view, json_number(totals, "sent_bytes")).text, json_number(totals, "refused"),
         json_number(totals, "over_budget"));
}

static void draw_memory(struct top_view *view, const struct json *now)
{
    const struct json *memory = json_at(now, "memory"), *sgi = json_at(now, "sgi");
    double live = json_number(memory, "live_bytes"), budget = json_number(memory, "budget_bytes");
    char text[BAR + 4], of[WORD + 8] = "";

    bar(text, live, budget);
    if (budget > 0)
        snprintf(of, sizeof of, " of %s", bytes(view, budget).text);
    line(view, PLAIN, "memory      %s%s live%s, %s peak, %s resident, %.0f refused, %.0f failed",
         bytes(view, live).text, of, text, bytes(view, json_number(memory, "peak_bytes")).text,
         bytes(view, json_number(memory, "resident_bytes")).text, json_number(memory, "refused"),
         json_number(memory, "failed"));
    line(view, PLAIN, "pools       %s held, %s used   sgi %s held, %s out, %.0f of %.0f locks contended",
         bytes(view, json_number(now, "totals.total_bytes")).text,
         bytes(view, json_number(now, "totals.used_bytes")).text,
         bytes(view, json_number(sgi, "held_bytes")).text, bytes(view, json_number(sgi, "out_bytes")).text,
         json_number(sgi, "lists.contended") + json_number(sgi, "depots.contended"),
         json_number(sgi, "lists.taken") + json_number(sgi, "depots.taken"));
    if (*json_text(now, "advice.sentence"))
        line(view, PLAIN, "advice      %s", json_text(now, "advice.sentence"));
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
    int wide = view->terminal ? 8 : 12;

    line(view, PLAIN, "%s", "");
    line(view, REVERSE, "WORKER STATE     OPEN  %10s %*s %*s %*s %*s %*s %10s",
         view->terminal ? "REQ/S" : "REQUESTS", wide, "HELD", wide, "USED", wide, "PAGES", wide, "OBJECTS",
         wide, "BUDGET", "SLICE MS");
    for (const struct json *at = workers ? workers->first : NULL; at; at = at->next) {
        struct word requests;

        if (view->terminal)
            requests = rate(view, at, worker_of(before, json_number(at, "worker")), span_of(now, before),
                            "requests", false);
        else
            snprintf(requests.text, sizeof requests.text, "%.0f", json_number(at, "requests"));
        line(view, PLAIN, "%6.0f %-7s %6.0f  %10s %*s %*s %*s %*s %*s %10.3f", json_number(at, "worker"),
             json_text(at, "state"), json_number(at, "open"), requests.text, wide,
             bytes(view, json_number(at, "total_bytes")).text, wide,
             bytes(view, json_number(at, "used_bytes")).text, wide,
             bytes(view, json_number(at, "sizeclass.span_bytes")).text, wide,
             bytes(view, json_number(at, "sizeclass.live_bytes")).text, wide,
             bytes(view, json_number(at, "budget_bytes")).text, json_number(at, "slice_seconds") * 1000);
    }
}

/* The title of a column, marked if rows are sorted by it. */
static struct word title(const struct top_view *view, const char *name)
{
    struct word word;

    snprintf(word.text, sizeof word.text, "%s%s", strcmp(view->key->title, name) != 0 ? "" : ">", name);
    return word;
}

/* A line for each connection that the server sent, in its order. */
static void draw_rows(struct top_view *view, const struct json *now)
{
    const struct json *rows = json_at(now, "connections.rows");
    int wide = view->terminal ? 8 : 12;

    line(view, PLAIN, "%s", "");
    line(view, REVERSE, "%14s %2s %-7s %-9s %-21s %*s %*s %8s %*s %*s %*s %*s %4s %4s %4s %-7s %s",
         "CONNECTION", "W", "SPEAKS", "STATE", "CLIENT", wide, title(view, "AGE").text, wide,
         title(view, "IDLE").text, title(view, "REQS").text, wide, title(view, "HELD").text, wide,
         title(view, "USED").text, wide, title(view, "PEAK").text, wide, title(view, "UNSENT").text, "BLKS",
         "BUFS", "LRGS", "FAILED", "DOING");
    for (const struct json *at = rows ? rows->first : NULL; at; at = at->next)
        line(view, PLAIN,
             "%14.0f %2.0f %-7s %-9s %-21s %*s %*s %8.0f %*s %*s %*s %*s %4.0f %4.0f %4.0f %-7s %s",
             json_number(at, "id"), json_number(at, "worker"), json_text(at, "protocol"),
             json_text(at, "state"), json_text(at, "client"), wide,
             seconds(view, json_number(at, "age_seconds")).text, wide,
             seconds(view, json_number(at, "idle_seconds")).text, json_number(at, "requests"), wide,
             bytes(view, json_number(at, "total_bytes")).text, wide,
             bytes(view, json_number(at, "used_bytes")).text, wide,
             bytes(view, json_number(at, "peak_bytes")).text, wide,
             bytes(view, json_number(at, "unsent_bytes")).text, json_number(at, "total_nblocks"),
             json_number(at, "buffers"), json_number(at, "larges"),
             strcmp(json_text(at, "failure"), "none") != 0 ? json_text(at, "failure") : "-",
             json_text(at, "doing"));
}

void top_view_draw(struct top_view *view, const struct json *now, const struct json *before)
{
    if (view->terminal)
        fputs("\x1b[H", view->out);
    if (view->notice || view->news)
        line(view, BOLD, "%s", view->notice ? view->notice : view->news);
    if (now) {
        draw_server(view, now);
        draw_totals(view, now, before);
        draw_memory(view, now);
        if (view->workers)
            draw_workers(view, now, before);
        draw_rows(view, now);
    }
    if (view->terminal)
        fputs("\x1b[J", view->out);
}
