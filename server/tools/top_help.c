/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of `tidepool top`: a line each, so that a narrow screen has all of them. */
#include "server/tools/top_line.h"
#include "server/tools/top_view.h"

static const char *const lines[] = {
    "Up Down j k   select a connection",
    "PgUp PgDn     a screen further",
    "Home End      the first, the last",
    "Enter         life of its pool",
    "Esc q         go back; q ends top",
    "/             find: name or address",
    "t p u a       sort: held peak used age",
    "i r n         sort: idle reqs unsent",
    "e             what happened lately",
    "w             workers, or none",
    "v             without who watches",
    "blank         ask now",
    "?             this",
    "",
    "Connections: blue read, magenta wait,",
    "yellow send, cyan linger; faint: watches",
    "the server. FILL: what of HELD is",
    "filled. Memory: yellow above 80 % of its",
    "budget, red above 95 %.",
    "A wider screen has more columns.",
};

void top_help_draw(struct top_view *view)
{
    unsigned shown;

    top_line(view, REVERSE, "%s", "KEYS (Up and Down move this text)");
    shown = top_scroll(view, sizeof lines / sizeof *lines);
    for (unsigned i = 0; i < shown; i++)
        top_line(view, PLAIN, "%s", lines[view->offset + i]);
}
