/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: names: the fields that the server knows by number, and the methods. A name is found by a perfect
 *   hash of its length and last letters, and one compare of all its letters, so a name that is found needs no
 *   other check.
 * Lifetime: constant tables.
 * Threads: any.
 * Errors: none: an unknown name is HTTP_FIELD_OTHER, an unknown method HTTP_METHOD_UNKNOWN.
 *
 * To add a field: the enum here, and its two lines in fields.c. If its hash is taken, the compiler says so
 * (an initialiser is overridden), and another factor has to be found.
 */
#ifndef HTTP_PROTOCOL_FIELDS_H
#define HTTP_PROTOCOL_FIELDS_H

#include <stdint.h>
#include <string.h>

/* At most 64, since struct http_head keeps a bit for each. */
enum http_field_id {
    HTTP_FIELD_OTHER,
    HTTP_FIELD_ACCEPT,
    HTTP_FIELD_ACCEPT_CHARSET,
    HTTP_FIELD_ACCEPT_ENCODING,
    HTTP_FIELD_ACCEPT_LANGUAGE,
    HTTP_FIELD_ACCEPT_RANGES,
    HTTP_FIELD_AUTHORIZATION,
    HTTP_FIELD_CACHE_CONTROL,
    HTTP_FIELD_CONNECTION,
    HTTP_FIELD_CONTENT_ENCODING,
    HTTP_FIELD_CONTENT_LENGTH,
    HTTP_FIELD_CONTENT_RANGE,
    HTTP_FIELD_CONTENT_TYPE,
    HTTP_FIELD_COOKIE,
    HTTP_FIELD_DATE,
    HTTP_FIELD_DEPTH,
    HTTP_FIELD_DESTINATION,
    HTTP_FIELD_DNT,
    HTTP_FIELD_EXPECT,
    HTTP_FIELD_FORWARDED,
    HTTP_FIELD_FROM,
    HTTP_FIELD_HOST,
    HTTP_FIELD_IF_MATCH,
    HTTP_FIELD_IF_MODIFIED_SINCE,
    HTTP_FIELD_IF_NONE_MATCH,
    HTTP_FIELD_IF_RANGE,
    HTTP_FIELD_IF_UNMODIFIED_SINCE,
    HTTP_FIELD_KEEP_ALIVE,
    HTTP_FIELD_MAX_FORWARDS,
    HTTP_FIELD_ORIGIN,
    HTTP_FIELD_OVERWRITE,
    HTTP_FIELD_PRAGMA,
    HTTP_FIELD_PROXY_AUTHORIZATION,
    HTTP_FIELD_PROXY_CONNECTION,
    HTTP_FIELD_RANGE,
    HTTP_FIELD_REFERER,
    HTTP_FIELD_SEC_FETCH_DEST,
    HTTP_FIELD_SEC_FETCH_MODE,
    HTTP_FIELD_SEC_FETCH_SITE,
    HTTP_FIELD_SEC_FETCH_USER,
    HTTP_FIELD_TE,
    HTTP_FIELD_TRAILER,
    HTTP_FIELD_TRANSFER_ENCODING,
    HTTP_FIELD_UPGRADE,
    HTTP_FIELD_UPGRADE_INSECURE_REQUESTS,
    HTTP_FIELD_USER_AGENT,
    HTTP_FIELD_VIA,
    HTTP_FIELD_X_FORWARDED_FOR,
    HTTP_FIELD_X_FORWARDED_HOST,
    HTTP_FIELD_X_FORWARDED_PROTO,
    HTTP_FIELD_X_REAL_IP,
    HTTP_FIELD_X_REQUESTED_WITH,
    HTTP_FIELD_COUNT,
};

/* The methods of RFC 9110 9.3, RFC 5789 and those of WebDAV that nginx knows. */
enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_CONNECT,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_MKCOL,
    HTTP_METHOD_COPY,
    HTTP_METHOD_MOVE,
    HTTP_METHOD_PROPFIND,
    HTTP_METHOD_PROPPATCH,
    HTTP_METHOD_LOCK,
    HTTP_METHOD_UNLOCK,
    HTTP_METHOD_UNKNOWN, /* a valid token that will be answered 501 */
    HTTP_METHODS = HTTP_METHOD_UNKNOWN,
};

/* The id of a field name, ASCII case ignored. Any length, 0 included; reads nothing behind it. */
enum http_field_id http_field_lookup(const char *name, size_t length);

enum {
    HTTP_METHOD_LONGEST = sizeof "PROPPATCH" - 1 /* bytes of a known method at most */
};

/* enum http_method of a method, case-sensitive (RFC 9110 9.1). */
uint8_t http_method_lookup(const char *method, size_t length);

/* ---- the tables, for the parser ---- */

enum {
    HTTP_NAME_SPACE = 32,     /* the longest name has 25 letters */
    HTTP_NAME_HASHED_MIN = 4, /* letters of the shortest name that is hashed */
};

/* A name as it is compared: bytes & mask must equal text. */
struct http_known_name {
    _Alignas(16) uint8_t text[HTTP_NAME_SPACE]; /* in upper case, with its colon; then zeros */
    uint8_t mask[HTTP_NAME_SPACE]; /* a letter's case does not count, nor what is behind the colon */
};

/* By enum http_field_id, and from HTTP_NAME_HASH to it (0 where no name is). HTTP_FIELD_OTHER equals none. */
extern const struct http_known_name http_field_names[HTTP_FIELD_COUNT];
extern const uint8_t http_fields_by_hash[256];

/* Length and the last four letters of either case tell these names apart; the factor was found by trying. */
#define HTTP_NAME_HASH(length, word) ((((word) | 0x20202020u) + (length)) * 0x19999e3fu >> 24)

/* The only known name that these bytes can be, if its letters are the same and 4 or more. The 4 bytes in
 * front of name + length are read. */
static inline enum http_field_id http_field_candidate(const char *name, size_t length)
{
    uint32_t word;

    memcpy(&word, name + length - sizeof word, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return http_fields_by_hash[HTTP_NAME_HASH((uint32_t)length, word)];
}

#endif
