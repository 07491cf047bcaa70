/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: takes comma-separated lists apart (RFC 9110 5.6.1), if no member contains a quoted comma.
 * Lifetime: members point into the value.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_LIST_H
#define HTTP_PROTOCOL_LIST_H

#include "http/protocol/text.h"

/* Takes blanks off both ends. */
static inline struct http_text list_trim(struct http_text text)
{
    for (; text.length && http_is_blank(text.bytes[0]); text.length--)
        text.bytes++;
    while (text.length && http_is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

/* Takes the first member, maybe an empty one, off *rest. Returns whether a comma followed it. */
static inline bool list_next_raw(struct http_text *rest, struct http_text *member)
{
    const char *comma = memchr(rest->bytes, ',', rest->length);
    size_t length = comma ? (size_t)(comma - rest->bytes) : rest->length;

    *member = list_trim((struct http_text){rest->bytes, length});
    length += comma != NULL;
    rest->bytes += length;
    rest->length -= length;
    return comma != NULL;
}

/* Takes the next member that is not empty off *rest; false at the end (RFC 9110 5.6.1.2: empty members are
 * ignored). */
static inline bool list_next(struct http_text *rest, struct http_text *member)
{
    while (rest->length) {
        (void)list_next_raw(rest, member);
        if (member->length)
            return true;
    }
    return false;
}

#endif
