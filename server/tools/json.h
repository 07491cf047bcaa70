/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: reads a JSON text into a tree (RFC 8259), for the subcommands that show the answers of a running
 *   server.
 * Lifetime: the tree lies in the pool given; texts are decoded in place, in the text that was read, which
 *   must live as long.
 * Threads: the pool's owner.
 * Errors: NULL if the text is not JSON or is nested deeper than JSON_DEPTH, or without memory. Looking up
 *   never fails: a missing member is NULL, 0 or "", so a caller need not check each step of a path.
 */
#ifndef SERVER_TOOLS_JSON_H
#define SERVER_TOOLS_JSON_H

#include <stdbool.h>

struct pool;

enum { JSON_DEPTH = 64 };

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    const char *name;          /* in an object, else NULL; NUL-terminated UTF-8 */
    const char *text;          /* JSON_TEXT: NUL-terminated UTF-8 (an escaped NUL ends it) */
    double number;             /* JSON_NUMBER */
    struct json *first, *next; /* members of an array or object; the one behind this */
};

/* `text`, NUL-terminated, is changed. */
struct json *json_read(struct pool *pool, char *text);

/* By names with dots between them: "server.pid". NULL if any is missing. `json` may be NULL. */
const struct json *json_at(const struct json *json, const char *path);

double json_number(const struct json *json, const char *path);    /* 0 unless it is a number */
bool json_true(const struct json *json, const char *path);        /* false unless it is that */
const char *json_text(const struct json *json, const char *path); /* "" unless it is a text */

#endif
