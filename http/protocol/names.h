/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables behind http_field_lookup, and its inline form for the parser. Internal to http/protocol.
 * Lifetime. Constant.
 * Threads. Any.
 * Errors. None.
 */
#ifndef HTTP_PROTOCOL_NAMES_H
#define HTTP_PROTOCOL_NAMES_H

#include <string.h>

#include "http/protocol/fields.h"
#include "http/protocol/scan.h"

enum {
    NAME_SPACE = 31, /* the longest name has 25 letters; the zeros behind it are read by the wide compare */
};

struct known_name {
    char text[NAME_SPACE];
    uint8_t length;
};

/* By enum http_field_id, and from NAMES_HASH to it (0 where no name is). */
extern const struct known_name names_fields[HTTP_FIELD_COUNT];
extern const uint8_t names_by_hash[256];

enum {
    NAMES_HASHED_MIN = 4, /* letters of the shortest name that is hashed */
};

/* Length and the last four letters of either case tell these names apart; the factor was found by trying. */
#define NAMES_WORD(a, b, c, d)                                                                               \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define NAMES_HASH(length, word) ((((word) | 0x20202020u) + (length)) * 0x19999e3fu >> 24)

/* The only known name that these 4 or more bytes can be: it is if its letters are the same. */
static inline enum http_field_id names_candidate(const char *name, size_t length)
{
    uint32_t word;
    memcpy(&word, name + length - sizeof(word), sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return names_by_hash[NAMES_HASH((uint32_t)length, word)];
}

/* http_field_lookup for 4 to 16 bytes of which 16 may be read. */
static inline enum http_field_id names_lookup_wide(const char *name, size_t length)
{
    enum http_field_id id = names_candidate(name, length);
    const struct known_name *known = &names_fields[id];
    return known->length == length && scan_equals_wide(name, known->text, length) ? id : HTTP_FIELD_OTHER;
}

#endif
