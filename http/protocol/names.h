/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables behind http_field_lookup, and its inline form for the parser. Internal to http/protocol.
 * Lifetime. Constant. Threads. Any. Errors. None.
 */
#ifndef TIDEPOOL_HTTP_PROTOCOL_NAMES_H
#define TIDEPOOL_HTTP_PROTOCOL_NAMES_H

#include "http/protocol/fields.h"
#include "http/protocol/scan.h"

enum {
    NAME_SPACE = 31, /* the longest name has 25 letters; the zeros behind it are read by the wide compare */
};

struct known_name {
    char text[NAME_SPACE];
    uint8_t length;
};

/* By enum http_field_id, and from names_hash to it (0 where no name is). */
extern const struct known_name names_fields[HTTP_FIELD_COUNT];
extern const uint8_t names_by_hash[256];

/* Length, second byte and last but one, of either case, tell all known names apart; the factors were found by
 * trying. */
#define NAMES_HASH(length, second, last_but_one)                                                             \
    (((length)*32u + ((second) | 0x20u) * 9u + ((last_but_one) | 0x20u)) & 255u)

/* The only known name that these 2 or more bytes can be: it is if its letters are the same. */
static inline enum http_field_id names_candidate(const char *name, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)name;
    return names_by_hash[NAMES_HASH((unsigned)length, bytes[1], bytes[length - 2])];
}

/* http_field_lookup for 2 to 16 bytes of which 16 may be read. */
static inline enum http_field_id names_lookup_wide(const char *name, size_t length)
{
    enum http_field_id id = names_candidate(name, length);
    const struct known_name *known = &names_fields[id];
    return known->length == length && scan_equals_wide(name, known->text, length) ? id : HTTP_FIELD_OTHER;
}

#endif
