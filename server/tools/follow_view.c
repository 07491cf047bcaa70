/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for each kind of event. */
#include "server/tools/follow_view.h"

#include <string.h>

#include "server/tools/json.h"

enum { LINE = 1024, MORE = 768, PIECE = 128, WORD = 32 }; /* bytes of texts; what is longer is cut */

struct word {
    char text[WORD];
};

static struct word bytes(const char *sign, double value)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    struct word word;
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

/* The word for `k`, with a colour that tells what the event does to the memory. */
static const struct looks {
    const char *k, *name, *colour;
} looks[] = {{"create", "create", "1;32"},  {"have", "holds", "36"},        {"pin", "pin", "32"},
             {"take", "take", "36"},        {"give", "give", "34"},         {"alloc", "alloc", "2"},
             {"request", "request", "1"},   {"state", "state", "2"},        {"reset", "reset", "1;35"},
             {"idle", "idle", "1;35"},      {"refused", "refused", "1;31"}, {"destroy", "destroy", "1;31"},
             {"dropped", "dropped", "1;31"}};

/* The text behind the figures: whose pool it is, which request, what for, why it was refused. */
static void say_more(char *text, const struct json *event, const char *k)
{
    const struct json *joined = json_at(event, "joined");
    char piece[PIECE];

    say_piece(piece, event);
    text[0] = '\0';
    if (!strcmp(k, "create"))
        snprintf(text, MORE, "%s %s%s", json_text(event, "client"), json_text(event, "protocol"),
                 joined && joined->kind == JSON_TRUE ? ", was open already" : "");
    else if (!strcmp(k, "request"))
        snprintf(text, MORE, "%.0f: %s %s%s", json_number(event, "n"), json_text(event, "method"),
                 json_text(event, "path"), json_at(event, "cut") ? "..." : "");
    else if (!strcmp(k, "state"))
        snprintf(text, MORE, "%s", json_text(event, "state"));
    else if (!strcmp(k, "reset") || !strcmp(k, "idle"))
        snprintf(text, MORE, "%.0f request%s done", json_number(event, "n"),
                 json_number(event, "n") == 1 ? "" : "s");
    else if (!strcmp(k, "refused"))
        snprintf(text, MORE, "%s for %s: %s", bytes("", json_number(event, "bytes")).text, piece,
                 json_text(event, "why"));
    else if (!strcmp(k, "dropped"))
        snprintf(text, MORE, "%.0f events found no room and are not shown", json_number(event, "count"));
    else
        snprintf(text, MORE, "%s%s%s", piece, *json_text(event, "source") ? "  " : "",
                 json_text(event, "source"));
}

/* The bytes taken or given back; "" if there are none. An alloc is cut from a block, so the pool holds as
 * much as before. */
static struct word change(const struct json *event, const char *k)
{
    double size = json_number(event, "bytes");

    if (!json_at(event, "bytes") || !strcmp(k, "refused"))
        return (struct word){""};
    return bytes(!strcmp(k, "give") ? "-" : !strcmp(k, "alloc") || !strcmp(k, "have") ? "" : "+", size);
}

void follow_view_draw(const struct follow_view *view, const struct json *event)
{
    const char *k = json_text(event, "k"), *name = k, *colour = "0";
    struct word held = {""};
    char more[MORE], text[LINE];

    if (!*k) /* the end of server-sent events: the caller reports it */
        return;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (!strcmp(looks[i].k, k)) {
            name = looks[i].name;
            colour = looks[i].colour;
        }
    if (json_at(event, "held"))
        held = bytes("", json_number(event, "held"));
    say_more(more, event, k);
    snprintf(text, sizeof text, "%-8s %11.6f  %-7s  %9s  %9s  %s", json_text(event, "c"),
             json_number(event, "t") / 1e6, name, change(event, k).text, held.text, more);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?';
    for (size_t length = strlen(text); length && text[length - 1] == ' ';)
        text[--length] = '\0';
    if (view->colour)
        fprintf(view->out, "\x1b[%sm%s\x1b[0m\n", colour, text);
    else
        fprintf(view->out, "%s\n", text);
}
