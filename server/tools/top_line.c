/* SPDX-License-Identifier: BSD-2-Clause */
/* A line is cut, cleaned and coloured; figures are rounded, or exact. */
#include "server/tools/top_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/tools/top_view.h"

enum {
    LINE = 512, /* bytes of a line */
    ENOUGH = 12 /* columns: a narrower line has no room for signs that it is cut */
};

const char *const top_styles[STYLES] = {"",         "\x1b[1m",  "\x1b[7m",  "\x1b[31m", "\x1b[32m",
                                        "\x1b[33m", "\x1b[34m", "\x1b[35m", "\x1b[36m", "\x1b[2m"};

/* ---- lines ---- */

void top_line(struct top_view *view, enum top_style style, const char *format, ...)
{
    bool grey = view->notice && view->written;
    const char *begin = grey ? style == REVERSE ? "\x1b[7m\x1b[2m" : "\x1b[2m"
                        : style > REVERSE && style < FAINT && view->plain ? ""
                                                                          : top_styles[style];
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
    if (view->columns && length > view->columns) {
        length = view->columns;
        if (length > ENOUGH) /* it shows that there is more */
            memcpy(text + length - 3, "...", 3);
    }
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

unsigned top_scroll(struct top_view *view, unsigned count)
{
    view->page = view->lines ? view->lines - view->written : count;
    if (view->offset + view->page > count)
        view->offset = count > view->page ? count - view->page : 0;
    return count - view->offset < view->page ? count - view->offset : view->page;
}

/* ---- figures ---- */

struct top_word top_bytes(const struct top_view *view, double value)
{
    static const char units[] = "BKMGTP";
    struct top_word word;
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

struct top_word top_count(const struct top_view *view, double value)
{
    struct top_word word;
    size_t length;

    snprintf(word.text, sizeof word.text, "%.0f", value);
    length = strlen(word.text);
    for (size_t at = length; view->terminal && at > 3 && length + 1 < sizeof word.text; length++) {
        at -= 3;
        memmove(word.text + at + 1, word.text + at, length - at + 1);
        word.text[at] = ',';
    }
    return word;
}

struct top_word top_seconds(const struct top_view *view, double value)
{
    struct top_word word;
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
