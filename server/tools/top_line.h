/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the lines and figures that the pictures of `tidepool top` (top_view.h) are made of.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: none; what is too long is cut.
 */
#ifndef SERVER_TOOLS_TOP_LINE_H
#define SERVER_TOOLS_TOP_LINE_H

struct json;
struct top_view;

enum { TOP_WORD = 32 /* bytes of a figure as it is written */ };

enum top_style { PLAIN, BOLD, REVERSE, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, FAINT, STYLES };

struct top_word {
    char text[TOP_WORD];
};

extern const char *const top_styles[STYLES]; /* what a terminal is sent; "" for PLAIN */

/* One more line, unless the screen is full: cut at its width with three dots, `?` for what is not printable
 * ASCII, grey instead of `style` below a notice. */
__attribute__((format(printf, 3, 4))) void top_line(struct top_view *view, enum top_style style,
                                                    const char *format, ...);

struct top_word top_bytes(const struct top_view *view, double value);
struct top_word top_count(const struct top_view *view, double value); /* 46,599; plain in a report */
struct top_word top_seconds(const struct top_view *view, double value);

/* top_rows.c: a line for each connection of a snapshot, in its order, below titles. */
void top_rows_draw(struct top_view *view, const struct json *now);

/* top_events.c: what happened lately, the newest first, a line each: `most` of them, the gravest; or all in
 * full, from the line view->offset on. */
void top_events_draw(struct top_view *view, const struct json *now, unsigned most);
void top_events_draw_all(struct top_view *view, const struct json *now);

/* top_help.c */
void top_help_draw(struct top_view *view);

/* Of `count` lines, how many have room from view->offset on, which is mended if there are fewer. */
unsigned top_scroll(struct top_view *view, unsigned count);

#endif
