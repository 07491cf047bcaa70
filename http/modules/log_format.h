/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_format: what a line of an access log looks like.
 *
 * Purpose: a format is compiled into literals and variables, and a line is made in two passes: the values
 *   are got and measured, then written where the caller has room. So a line is never written twice, and
 *   only what needs escaping is looked at byte by byte.
 * Lifetime: formats lie in the generation's pool; struct http_log_line is on the stack of whoever writes a
 *   line.
 * Threads: read-only once read.
 * Errors: those of reading. A value that cannot be got is "-".
 */
#ifndef HTTP_MODULES_LOG_FORMAT_H
#define HTTP_MODULES_LOG_FORMAT_H

#include "http/template.h"

enum {
    HTTP_LOG_VARIABLES = 128 /* in one format: a line's values are kept on the stack while it is written */
};

enum http_log_escape {
    HTTP_LOG_ESCAPE_DEFAULT, /* a quote, a backslash and what is not printable ASCII is \xXX; what is missing
                                is "-" */
    HTTP_LOG_ESCAPE_JSON,    /* as in a JSON string; what is missing is empty */
    HTTP_LOG_ESCAPE_NONE     /* as it is; what is missing is empty */
};

struct http_log_format {
    struct http_log_format *next;
    const char *name;
    enum http_log_escape escape;
    unsigned part_count;
    struct http_template_part *parts; /* as in a template */
    size_t literals;                  /* bytes of all literals, and of the newline */
};

/* The values of one line. */
struct http_log_line {
    struct http_text values[HTTP_LOG_VARIABLES];
    uint32_t escaped[HTTP_LOG_VARIABLES]; /* bytes that escaping adds; 0: copy it as it is */
};

/* The format `combined`. Null: no memory, said in conf. */
struct http_log_format *http_log_format_combined(struct conf *conf);

/* `log_format NAME [escape=…] STRING …;` NULL: said in conf. */
struct http_log_format *http_log_format_read(struct conf *conf, const struct conf_node *node);

/* Gets the values; returns the bytes of the line, newline included. */
size_t http_log_measure(const struct http_log_format *format, struct http_request *request,
                        struct http_log_line *line);

/* Writes exactly the bytes that were measured. */
void http_log_write(const struct http_log_format *format, const struct http_log_line *line, char *to);

#endif
