/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a table from file extension to media type: open addressing in memory of the caller.
 * Lifetime: the caller owns table and slots; extensions and types are kept by pointer and must outlive the
 *   table.
 * Threads: any number of readers once it is filled.
 * Errors: none; an unknown extension has no type.
 */
#ifndef HTTP_PROTOCOL_MIME_H
#define HTTP_PROTOCOL_MIME_H

#include <stddef.h>
#include <stdint.h>

struct http_mime_slot {
    const char *extension; /* as given; null: free */
    const char *type;
    uint32_t hash;
    uint32_t extension_length;
};

struct http_mime {
    struct http_mime_slot *slots;
    size_t slot_count; /* a power of two, at least twice `count` */
    size_t count;
};

/* How many slots a table for `count` extensions needs. */
size_t http_mime_slots(size_t count);

/* Makes an empty table of slots for `count` extensions (http_mime_slots(count) of them, any content). */
void http_mime_init(struct http_mime *, struct http_mime_slot *slots, size_t count);

/* Adds an extension without its dot, or replaces its type; NUL-terminated both. Returns the type it replaced,
 * or null. Must not be called for more different extensions than init was told. */
const char *http_mime_add(struct http_mime *, const char *extension, const char *type);

/* The type of an extension, ASCII case ignored, or null. A table without slots (all zero) finds nothing. */
const char *http_mime_find(const struct http_mime *, const char *extension, size_t length);

#endif
