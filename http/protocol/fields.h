/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: the field names the server knows by number, the methods, and the alphabets of RFC 9110 5.6.
 *
 * Lifetime. Constant tables.
 * Threads. Any.
 * Errors. None: an unknown name is HTTP_FIELD_OTHER.
 *
 * A name is found by a perfect hash of its length and last letters, and one masked compare of 16 bytes:
 * a name that is found needs no other check of its letters. To add one: the enum here, its two lines in
 * fields.c. If its hash is taken, the compiler says so (an initialiser is overridden), and new factors are to
 * be found.
 */
#ifndef HTTP_PROTOCOL_FIELDS_H
#define HTTP_PROTOCOL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

enum {
    HTTP_CHAR_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    HTTP_CHAR_VALUE = 2, /* field-vchar, SP or HTAB, RFC 9110 5.5 */
    HTTP_CHAR_HOST = 4,  /* a byte of reg-name but %, RFC 3986 3.2.2 */
    HTTP_CHAR_HEX = 8,   /* HEXDIG, either case */
    HTTP_CHAR_PATH = 32, /* what matters in a path: % . / and ? */
    HTTP_CHAR_DNS = 16,  /* what most host names consist of: lower-case letters, digits, - and _ */
};

/* Bits of the alphabets that a byte belongs to. */
extern const uint8_t http_chars[256];

static inline bool http_char_is(char byte, unsigned alphabets)
{
    return (http_chars[(unsigned char)byte] & alphabets) != 0;
}

/* ASCII lower case; other bytes as they are. */
static inline char http_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* The value of a hexadecimal digit, or -1. */
int http_hex(char digit);

/* Whether the bytes equal `lower` (a NUL-terminated string in lower case), ASCII case ignored. */
bool http_text_is(const char *bytes, size_t length, const char *lower);

/* The id of a field name, ASCII case ignored. Any length, 0 included; reads nothing behind it. */
enum http_field_id http_field_lookup(const char *name, size_t length);

/* The name of an id in lower case, NUL-terminated; "" for HTTP_FIELD_OTHER. */
const char *http_field_text(enum http_field_id id);

enum {
    HTTP_METHOD_LONGEST = sizeof "PROPPATCH" - 1 /* bytes of a known method at most */
};

/* enum http_method of a method, case-sensitive (RFC 9110 9.1); HTTP_METHOD_UNKNOWN for any other. */
uint8_t http_method_lookup(const char *method, size_t length);

/* The name of a known method, or "" for HTTP_METHOD_UNKNOWN. */
const char *http_method_text(uint8_t method);

#endif
