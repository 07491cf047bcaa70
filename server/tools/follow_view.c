/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for each kind of event. */
#include "server/tools/follow_view.h"

#include <string.h>

#include "server/tools/json.h"

enum { LINE = 1024, PIECE = 128 }; /* bytes of texts; what is longer is cut */

struct top_word follow_view_bytes(const char *sign, double value)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    struct top_word word;
    unsigned unit = 0;

    for (; value >= 1023.5 && unit < sizeof units / sizeof *units - 1; unit++)
        value /= 1024;
    snprintf(word.text, sizeof word.text,
             value < 99.95 && value > (double)(long)value ? "%s%.1f %s" : "%s%.0f %s", sign, value,
             units[unit]);
    return word;
}

/* Names the piece of an event that takes or gives: "input buffer", "block". */
static void say_piece(char *text, const struct json *event)
{
    const char *purpose = json_text(event, "purpose"), *kind = json_text(event, "kind");

    snprintf(text, PIECE, "%s%s%s", purpose, *purpose && *kind ? " " : "", kind);
}

/* The word for `k`, with a style that tells what the event does to the memory. */
static const struct looks {
    const char *k, *name;
    enum top_style style;
} looks[] = {{"create", "create", GREEN},  {"have", "holds", CYAN},     {"pin", "pin", GREEN},
             {"take", "take", CYAN},       {"give", "give", BLUE},      {"alloc", "alloc", PLAIN},
             {"request", "request", BOLD}, {"state", "state", PLAIN},   {"reset", "reset", MAGENTA},
             {"idle", "idle", MAGENTA},    {"refused", "refused", RED}, {"destroy", "destroy", RED},
             {"dropped", "dropped", RED}};

/* The text behind the figures: whose pool it is, which request, what for, why it was refused. */
static void say_more(char text[FOLLOW_MORE], const struct json *event, const char *k)
{
    char piece[PIECE];

    say_piece(piece, event);
    text[0] = '\0';
    if (!strcmp(k, "create"))
        snprintf(text, FOLLOW_MORE, "%s %s%s", json_text(event, "client"), json_text(event, "protocol"),
                 json_true(event, "joined") ? ", was open already" : "");
    else if (!strcmp(k, "request"))
        snprintf(text, FOLLOW_MORE, "%.0f: %s %s%s", json_number(event, "n"), json_text(event, "method"),
                 json_text(event, "path"), json_at(event, "cut") ? "..." : "");
    else if (!strcmp(k, "state"))
        snprintf(text, FOLLOW_MORE, "%s", json_text(event, "state"));
    else if (!strcmp(k, "reset") || !strcmp(k, "idle"))
        snprintf(text, FOLLOW_MORE, "%.0f request%s done", json_number(event, "n"),
                 json_number(event, "n") == 1 ? "" : "s");
    else if (!strcmp(k, "refused"))
        snprintf(text, FOLLOW_MORE, "%s for %s: %s", follow_view_bytes("", json_number(event, "bytes")).text,
                 piece, json_text(event, "why"));
    else if (!strcmp(k, "dropped"))
        snprintf(text, FOLLOW_MORE, "%.0f events found no room and are not shown",
                 json_number(event, "count"));
    else
        snprintf(text, FOLLOW_MORE, "%s%s%s", piece, *json_text(event, "source") ? "  " : "",
                 json_text(event, "source"));
}

/* The bytes taken or given back; "" if there are none. An alloc is cut from a block, so the pool holds as
 * much as before. */
static struct top_word change(const struct json *event, const char *k)
{
    double size = json_number(event, "bytes");

    if (!json_at(event, "bytes") || !strcmp(k, "refused"))
        return (struct top_word){""};
    return follow_view_bytes(!strcmp(k, "give")                          ? "-"
                             : !strcmp(k, "alloc") || !strcmp(k, "have") ? ""
                                                                         : "+",
                             size);
}

static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            *text = '?';
}

void follow_view_words(struct follow_words *words, const struct json *event)
{
    const char *k = json_text(event, "k");

    *words = (struct follow_words){.seconds = json_number(event, "t") / 1e6, .held = -1};
    snprintf(words->name, sizeof words->name, "%s", k);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (!strcmp(looks[i].k, k)) {
            snprintf(words->name, sizeof words->name, "%s", looks[i].name);
            words->style = looks[i].style;
        }
    words->change = change(event, k);
    if (json_at(event, "held")) {
        words->held = json_number(event, "held");
        words->holds = follow_view_bytes("", words->held);
    }
    say_more(words->more, event, k);
    clean(words->name);
    clean(words->more);
}

void follow_view_draw(const struct follow_view *view, const struct json *event)
{
    struct follow_words words;
    char text[LINE];

    if (!*json_text(event, "k")) /* the end of server-sent events: the caller reports it */
        return;
    follow_view_words(&words, event);
    snprintf(text, sizeof text, "%-8s %11.6f  %-7s  %9s  %9s  %s", json_text(event, "c"), words.seconds,
             words.name, words.change.text, words.holds.text, words.more);
    clean(text);
    for (size_t length = strlen(text); length && text[length - 1] == ' ';)
        text[--length] = '\0';
    if (view->colour && words.style != PLAIN)
        fprintf(view->out, "%s%s\x1b[0m\n", top_styles[words.style], text);
    else
        fprintf(view->out, "%s\n", text);
}
