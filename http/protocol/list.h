/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comma-separated lists (RFC 9110 5.6.1) whose members contain no quoted commas. Internal to
 *   http/protocol.
 * Lifetime. Members point into the value.
 * Threads. Any.
 * Errors. None.
 */
#ifndef HTTP_PROTOCOL_LIST_H
#define HTTP_PROTOCOL_LIST_H

#include <stdbool.h>
#include <string.h>

#include "http/protocol/head.h"

/* Takes blanks off both ends. */
static inline struct http_text list_trim(struct http_text text)
{
    while (text.length > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
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
    while (rest->length > 0) {
        (void)list_next_raw(rest, member);
        if (member->length > 0)
            return true;
    }
    return false;
}

#endif
