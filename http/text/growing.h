/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a text that is written in one pass and grows as its parts come. Parts are not measured first,
 *   since a variable that is asked twice may give two values. Every write asks for its room.
 * Lifetime: in the pool, with the outgrown copies: at most four times the text in all.
 * Threads: the pool's owner. Errors: false, no memory; what was written so far is still there.
 */
#ifndef HTTP_TEXT_GROWING_H
#define HTTP_TEXT_GROWING_H

#include <stdbool.h>
#include <string.h>

#include "http/protocol/head.h"
#include "pool/pool.h"

struct http_growing {
    struct pool *pool;
    char *bytes;
    size_t length, room; /* length < room: a NUL fits behind the text */
};

/* `guess`: bytes it will probably take. */
static inline bool http_growing_begin(struct http_growing *text, struct pool *pool, size_t guess)
    __attribute__((warn_unused_result));

/* Makes room for `more` bytes and a NUL, and returns where they go; NULL: no memory. The caller adds to
 * text->length what it wrote there. */
static inline char *http_growing_room(struct http_growing *text, size_t more)
    __attribute__((warn_unused_result));

static inline bool http_growing_add(struct http_growing *text, struct http_text more)
    __attribute__((warn_unused_result));

/* The text, NUL-terminated. */
static inline struct http_text http_growing_end(struct http_growing *text);

/* ---- inline bodies ---- */

char *http_growing_move(struct http_growing *text, size_t more);

static inline bool http_growing_begin(struct http_growing *text, struct pool *pool, size_t guess)
{
    *text = (struct http_growing){.pool = pool, .room = guess + 1};
    text->bytes = pool_nalloc(pool, text->room, "text");
    return text->bytes != NULL;
}

static inline char *http_growing_room(struct http_growing *text, size_t more)
{
    return more < text->room - text->length ? text->bytes + text->length : http_growing_move(text, more);
}

static inline bool http_growing_add(struct http_growing *text, struct http_text more)
{
    char *to = http_growing_room(text, more.length);

    if (!to)
        return false;
    memcpy(to, more.bytes, more.length);
    text->length += more.length;
    return true;
}

static inline struct http_text http_growing_end(struct http_growing *text)
{
    text->bytes[text->length] = '\0';
    return (struct http_text){text->bytes, text->length};
}

#endif
