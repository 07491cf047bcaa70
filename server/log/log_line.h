/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a log line as it grows: our own text, and text of strangers, whose control bytes are written as
 *   \xHH.
 * Lifetime: the bytes are the caller's.
 * Threads: any; also in a handler of a signal (log_signal.h): no memory, no lock.
 * Errors: none: what does not fit is cut, never within an escaped byte or a character.
 */
#ifndef SERVER_LOG_LOG_LINE_H
#define SERVER_LOG_LOG_LINE_H

#include <stddef.h>

struct log_line {
    char *bytes;
    size_t length;
    size_t max; /* bytes of text; the line feed is not among them */
};

void log_line_text(struct log_line *line, const char *text, size_t length);
void log_line_string(struct log_line *line, const char *text);

/* Bytes of a peer must not write lines or terminal commands of their own. */
void log_line_escaped(struct log_line *line, const char *text, size_t length);

#endif
