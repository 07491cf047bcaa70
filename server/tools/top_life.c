/* SPDX-License-Identifier: BSD-2-Clause */
/* Events are kept in words, and drawn as wide as the screen is. */
#include "server/tools/top_life.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/tools/json.h"
#include "server/tools/terminal.h"
#include "server/tools/top_view.h"

enum {
    BAR = 8,      /* columns of a bar */
    WIDE = 72,    /* columns of a screen that has room for all */
    READS = 16,   /* of the stream between two pictures */
    SILENT = 3000 /* ms without a sign of life, of which there is one each second */
};

static void take_event(struct follow_stream *stream, const struct json *event)
{
    struct top_life *life = (struct top_life *)(void *)stream;
    struct follow_words *words = &life->lines[life->count++ % LIFE_LINES];
    const char *k = json_text(event, "k");

    follow_view_words(words, event);
    if (life->back && life->back < LIFE_LINES)
        life->back++; /* what is looked at stays */
    if (!strcmp(k, "create")) {
        snprintf(life->who, sizeof life->who, "%.100s %.20s", json_text(event, "client"),
                 json_text(event, "protocol"));
        life->joined = json_true(event, "joined");
    }
    if (!strcmp(k, "request"))
        life->requests = (unsigned)json_number(event, "n");
    if (words->held >= 0)
        life->held = words->held;
    if (life->most < life->held)
        life->most = life->held;
}

void top_life_end(struct top_life *life)
{
    if (life->fd >= 0)
        close(life->fd);
    life->fd = -1;
}

void top_life_begin(struct top_life *life, const char *name, int fd, bool http, const char *error)
{
    struct pool *pool = life->stream.pool;

    top_life_end(life);
    memset(life, 0, offsetof(struct top_life, lines)); /* lines are counted by `count` */
    life->stream.pool = pool;
    life->stream.event = take_event;
    life->stream.http = http;
    life->fd = fd;
    life->heard = terminal_ms();
    snprintf(life->name, sizeof life->name, "%s", name);
    if (fd < 0)
        snprintf(life->end, sizeof life->end, "%s", error);
}

int top_life_silence(const struct top_life *life)
{
    int64_t silent = life->fd < 0 ? 0 : terminal_ms() - life->heard;

    return silent < SILENT ? 0 : (int)(silent / 1000);
}

void top_life_read(struct top_life *life)
{
    enum follow_verdict verdict = FOLLOW_GOES_ON;

    life->heard = terminal_ms();

    for (int i = 0; i < READS && verdict == FOLLOW_GOES_ON; i++)
        verdict = follow_stream_read(&life->stream, life->fd);
    if (verdict == FOLLOW_GOES_ON || verdict == FOLLOW_SILENT)
        return;
    if (verdict == FOLLOW_FINISHED)
        snprintf(life->end, sizeof life->end, "its pool was destroyed: the connection has closed");
    else
        snprintf(life->end, sizeof life->end, "%s", life->stream.error);
    top_life_end(life);
}

static void draw_event(struct top_view *view, const struct top_life *life, const struct follow_words *words)
{
    char bar[BAR + 1] = "";

    if (words->held > 0 && life->most > 0)
        memset(bar, '#', (size_t)(BAR * words->held / life->most + .5));
    if (!view->columns || view->columns >= WIDE)
        top_line(view, words->style, "%9.6f %-7s %9s %9s %-*s %s", words->seconds, words->name,
                 words->change.text, words->holds.text, BAR, bar, words->more);
    else
        top_line(view, words->style, "%7.3f %-7s %9s %s", words->seconds, words->name, words->holds.text,
                 words->more);
}

void top_life_draw(struct top_life *life, struct top_view *view)
{
    int silence = top_life_silence(life);
    char silent[64];
    unsigned kept = life->count < LIFE_LINES ? life->count : LIFE_LINES, shown, first;

    top_line(view, BOLD, "life of %s: holds %s, at most %s, %u request%s; %s", life->name,
             follow_view_bytes("", life->held).text, follow_view_bytes("", life->most).text, life->requests,
             life->requests == 1 ? "" : "s", life->who);
    if (silence)
        snprintf(silent, sizeof silent, "no sign of life for %d s: the server hangs", silence);
    top_line(view, *life->end || silence ? RED : GREEN, "%s",
             *life->end     ? life->end
             : silence      ? silent
             : life->joined ? "Esc goes back. It was open already: what came before is not known."
                            : "Esc goes back. Events appear as they happen.");
    if (!view->columns || view->columns >= WIDE)
        top_line(view, REVERSE, "%9s %-7s %9s %9s %-*s %s", "SECONDS", "EVENT", "CHANGE", "HELD", BAR, "",
                 "WHAT");
    else
        top_line(view, REVERSE, "%7s %-7s %9s %s", "SECONDS", "EVENT", "HELD", "WHAT");
    view->page = view->lines ? view->lines - view->written : kept;
    if (life->back + view->page > kept)
        life->back = kept > view->page ? kept - view->page : 0;
    shown = kept - life->back < view->page ? kept - life->back : view->page;
    first = life->count - life->back - shown;
    for (unsigned i = 0; i < shown; i++)
        draw_event(view, life, &life->lines[(first + i) % LIFE_LINES]);
}
