/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a line of an access log looks like. A format is compiled into literals and variables.
 *   Numbers, times and addresses are printed into the line itself. Other values are got and measured first,
 *   so that the line's room is known before it is written. Only a value that needs escaping is looked at byte
 *   by byte.
 * Lifetime: formats lie in the generation's pool; struct http_log_line is on the stack of whoever writes.
 * Threads: read-only once read.
 * Errors: those of reading. A value that cannot be got is "-".
 */
#ifndef HTTP_MODULES_LOG_LOG_FORMAT_H
#define HTTP_MODULES_LOG_LOG_FORMAT_H

#include "http/text/template.h"

enum {
    HTTP_LOG_PARTS = 128 /* of one format: a line's values are kept on the stack while it is written */
};

enum http_log_escape {
    /* A quote, a backslash and what is not printable ASCII is \xXX; what is missing is "-". */
    HTTP_LOG_ESCAPE_DEFAULT,
    HTTP_LOG_ESCAPE_JSON, /* as in a JSON string; what is missing is empty */
    HTTP_LOG_ESCAPE_NONE  /* as it is; what is missing is empty */
};

enum http_log_kind { HTTP_LOG_LITERAL, HTTP_LOG_PRINTED, HTTP_LOG_VALUE };

/* A literal, then a variable, or nothing. A long literal is several parts. */
struct http_log_part {
    char literal[16]; /* all 16 can be read, whatever the length */
    uint32_t length;  /* 0 … 16 */
    enum http_log_kind kind;
    char *(*print)(struct http_request *request, char *to); /* HTTP_LOG_PRINTED */
};

struct http_log_format {
    struct http_log_format *next;
    const char *name;
    enum http_log_escape escape;
    unsigned part_count, value_count;
    struct http_log_part *parts;
    struct http_variable *values; /* of the parts that are HTTP_LOG_VALUE, in their order */
    size_t fixed; /* bytes that the literals, the printed variables and the newline take at most */
};

/* The values of one line. */
struct http_log_line {
    struct http_text values[HTTP_LOG_PARTS];
    uint32_t escaped[HTTP_LOG_PARTS]; /* bytes of the value once escaped; 0: it is copied as it is */
};

/* The format `combined`. Null: no memory, noted in conf. */
struct http_log_format *http_log_format_combined(struct conf *conf);

/* `log_format NAME [escape=…] STRING …;` NULL: noted in conf. */
struct http_log_format *http_log_format_read(struct conf *conf, const struct conf_node *node);

/* Writes a line of which no value needs escaping, as nearly all are, into `room` bytes. Null: one does, or
 * the room is too small, and the next two write the line. */
char *http_log_write_plain(const struct http_log_format *format, struct http_request *request, char *to,
                           size_t room);

/* Gets the values; returns how many bytes the line may take at most, newline included. */
size_t http_log_measure(const struct http_log_format *format, struct http_request *request,
                        struct http_log_line *line);

/* Writes the line into as much room as was measured; returns the byte after it. */
char *http_log_write(const struct http_log_format *format, struct http_request *request,
                     const struct http_log_line *line, char *to);

#endif
