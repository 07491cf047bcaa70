/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a long text in pieces, and JSON written into it. Snapshots and metrics are written piece by piece,
 *   over several turns of the loop. All that asked for them then read them, each at its own pace. Nothing is
 *   copied or moved when a text grows.
 * Lifetime: counted: text_create gives the first reference; text_put of the last frees it. A reader keeps a
 *   reference as long as it has a place in it.
 * Threads: one worker's.
 * Errors: without memory a write is dropped and `failed` stays set; the writer checks it once, at the end.
 */
#ifndef SERVER_WATCH_TEXT_H
#define SERVER_WATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_PIECE = 16 * 1024, /* bytes of a piece, header included */
    TEXT_LEAVES = 48 * 1024 /* of view_reserve, for sending the text */
};

struct text_piece {
    struct text_piece *next;
    size_t length; /* of bytes */
    char bytes[TEXT_PIECE - sizeof(struct text_piece *) - sizeof(size_t)];
};

struct text {
    struct text_piece *first, *last; /* null: nothing was written */
    size_t length;                   /* bytes of all pieces */
    unsigned references;
    struct text_piece *kept; /* for the end of a text when memory runs out */
    bool short_of_memory;    /* `kept` is in use: leave out what can be left out, and end */
    bool failed;             /* memory was missing: the text is incomplete */
    bool fresh;              /* JSON: the innermost object or array is still empty: no comma is due */
};

struct text *text_create(void); /* or NULL */
void text_get(struct text *text);
void text_put(struct text *text); /* NULL is allowed */

/* A text of one piece, both the caller's: it is not put, and TEXT_PIECE bytes are not reached. */
void text_stand_on(struct text *text, struct text_piece *piece);

void text_add(struct text *text, const char *bytes, size_t length);
void text_print(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* at most 1,023 bytes */

/* ---- reading, piece by piece ---- */

struct text_reader {
    struct text *text;              /* null: there is nothing to read */
    const struct text_piece *piece; /* the next; null: the end */
};

void text_reader_open(struct text_reader *reader, struct text *text);  /* takes a reference of its own */
const struct text_piece *text_reader_next(struct text_reader *reader); /* NULL: that was all */
void text_reader_close(struct text_reader *reader); /* any number of times, and of a zeroed one */

/* ---- JSON: each sets the comma that is needed; `name` is a literal, or NULL inside of an array ---- */

void json_put_open(struct text *text, const char *name, char bracket); /* '{' or '[' */
void json_put_close(struct text *text, char bracket);                  /* '}' or ']' */
void json_put_number(struct text *text, const char *name, uint64_t number);
void json_put_signed(struct text *text, const char *name, int64_t number);
void json_put_seconds(struct text *text, const char *name, double seconds); /* to the microsecond */
void json_put_bool(struct text *text, const char *name, bool value);
void json_put_text(struct text *text, const char *name, const char *value); /* escaped; NULL: null */
void json_put_bytes(struct text *text, const char *name, const char *value, size_t length); /* escaped */

#endif
