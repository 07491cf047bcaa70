/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: tables from one charset to another: charset_map. `charset_map FROM TO { 80 E282AC; … }` maps bytes
 *   of FROM to bytes of TO, or to UTF-8 if TO is utf-8, and back. Bytes below 0x80 that are not named stay as
 *   they are; others become "?".
 * Lifetime: maps lie in the generation's pool; a recoder is a transform in the request's.
 * Threads: read-only once read; a recoder belongs to its request.
 * Errors: reading: a negative errno, noted in conf; writing: those of http_pass.
 */
#ifndef HTTP_MODULES_OUTPUT_CHARSET_MAP_H
#define HTTP_MODULES_OUTPUT_CHARSET_MAP_H

#include "http/filters.h"

enum { HTTP_UTF8_MAX = 4 /* bytes of a character */ };

struct http_utf8_character {
    uint8_t length; /* bytes; 0: there is none */
    char bytes[HTTP_UTF8_MAX];
};

struct http_charset_map {
    struct http_charset_map *next;
    const char *from, *to;
    bool utf8;                            /* `to` is utf-8 */
    uint8_t forward[256], backward[256];  /* if utf8: backward alone, and only what is ASCII */
    struct http_utf8_character wide[256]; /* forward, if utf8; the rest backward is looked for in it */
};

/* A map and its direction. */
struct http_recoding {
    const struct http_charset_map *map;
    bool back;
};

/* Reads a charset_map block and puts it first on the list. */
int http_charset_map_read(struct conf *conf, const struct conf_node *node, struct http_charset_map **list);

/* From one charset to another, names in any case. False: no map leads there. */
bool http_charset_find(const struct http_charset_map *list, struct http_text from, struct http_text to,
                       struct http_recoding *recoding);

/* Whether the length stays the same. */
static inline bool http_recoding_same_length(const struct http_recoding *recoding)
{
    return !recoding->map->utf8;
}

/* Adds the recoder to the answer. 0 or -ENOMEM. */
int http_recode(struct http_request *request, const struct http_recoding *recoding);

#endif
