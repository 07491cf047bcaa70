/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "http/protocol/fields.h"
#include "http/protocol/head.h"
#include "http/protocol/names.h"

/* Sums of HTTP_CHAR_ bits, 16 bytes a line. A comma is left out of HOST: it would make a list of a field that
 * is none. */
/* clang-format off */
const uint8_t http_chars[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,  /* 00 */
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  /* 10 */
     2,  7,  2,  3,  7,  3,  7,  7,  6,  6,  7,  7,  2, 23,  7,  2,  /* 20 */
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31,  2,  6,  2,  6,  2,  2,  /* 30 */
     2, 15, 15, 15, 15, 15, 15,  7,  7,  7,  7,  7,  7,  7,  7,  7,  /* 40 */
     7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  2,  2,  2,  3, 23,  /* 50 */
     3, 31, 31, 31, 31, 31, 31, 23, 23, 23, 23, 23, 23, 23, 23, 23,  /* 60 */
    23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23,  2,  3,  2,  7,  0,  /* 70 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 80 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 90 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* a0 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* b0 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* c0 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* d0 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* e0 */
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* f0 */
};
/* clang-format on */

const uint8_t names_by_hash[256] = {
    [NAMES_HASH(6, 'c', 'p')] = HTTP_FIELD_ACCEPT,
    [NAMES_HASH(14, 'c', 'e')] = HTTP_FIELD_ACCEPT_CHARSET,
    [NAMES_HASH(15, 'c', 'n')] = HTTP_FIELD_ACCEPT_ENCODING,
    [NAMES_HASH(15, 'c', 'g')] = HTTP_FIELD_ACCEPT_LANGUAGE,
    [NAMES_HASH(13, 'c', 'e')] = HTTP_FIELD_ACCEPT_RANGES,
    [NAMES_HASH(13, 'u', 'o')] = HTTP_FIELD_AUTHORIZATION,
    [NAMES_HASH(13, 'a', 'o')] = HTTP_FIELD_CACHE_CONTROL,
    [NAMES_HASH(10, 'o', 'o')] = HTTP_FIELD_CONNECTION,
    [NAMES_HASH(16, 'o', 'n')] = HTTP_FIELD_CONTENT_ENCODING,
    [NAMES_HASH(14, 'o', 't')] = HTTP_FIELD_CONTENT_LENGTH,
    [NAMES_HASH(13, 'o', 'g')] = HTTP_FIELD_CONTENT_RANGE,
    [NAMES_HASH(12, 'o', 'p')] = HTTP_FIELD_CONTENT_TYPE,
    [NAMES_HASH(6, 'o', 'i')] = HTTP_FIELD_COOKIE,
    [NAMES_HASH(4, 'a', 't')] = HTTP_FIELD_DATE,
    [NAMES_HASH(5, 'e', 't')] = HTTP_FIELD_DEPTH,
    [NAMES_HASH(11, 'e', 'o')] = HTTP_FIELD_DESTINATION,
    [NAMES_HASH(3, 'n', 'n')] = HTTP_FIELD_DNT,
    [NAMES_HASH(6, 'x', 'c')] = HTTP_FIELD_EXPECT,
    [NAMES_HASH(9, 'o', 'e')] = HTTP_FIELD_FORWARDED,
    [NAMES_HASH(4, 'r', 'o')] = HTTP_FIELD_FROM,
    [NAMES_HASH(4, 'o', 's')] = HTTP_FIELD_HOST,
    [NAMES_HASH(8, 'f', 'c')] = HTTP_FIELD_IF_MATCH,
    [NAMES_HASH(17, 'f', 'c')] = HTTP_FIELD_IF_MODIFIED_SINCE,
    [NAMES_HASH(13, 'f', 'c')] = HTTP_FIELD_IF_NONE_MATCH,
    [NAMES_HASH(8, 'f', 'g')] = HTTP_FIELD_IF_RANGE,
    [NAMES_HASH(19, 'f', 'c')] = HTTP_FIELD_IF_UNMODIFIED_SINCE,
    [NAMES_HASH(10, 'e', 'v')] = HTTP_FIELD_KEEP_ALIVE,
    [NAMES_HASH(12, 'a', 'd')] = HTTP_FIELD_MAX_FORWARDS,
    [NAMES_HASH(6, 'r', 'i')] = HTTP_FIELD_ORIGIN,
    [NAMES_HASH(9, 'v', 't')] = HTTP_FIELD_OVERWRITE,
    [NAMES_HASH(6, 'r', 'm')] = HTTP_FIELD_PRAGMA,
    [NAMES_HASH(19, 'r', 'o')] = HTTP_FIELD_PROXY_AUTHORIZATION,
    [NAMES_HASH(16, 'r', 'o')] = HTTP_FIELD_PROXY_CONNECTION,
    [NAMES_HASH(5, 'a', 'g')] = HTTP_FIELD_RANGE,
    [NAMES_HASH(7, 'e', 'e')] = HTTP_FIELD_REFERER,
    [NAMES_HASH(14, 'e', 's')] = HTTP_FIELD_SEC_FETCH_DEST,
    [NAMES_HASH(14, 'e', 'd')] = HTTP_FIELD_SEC_FETCH_MODE,
    [NAMES_HASH(14, 'e', 't')] = HTTP_FIELD_SEC_FETCH_SITE,
    [NAMES_HASH(14, 'e', 'e')] = HTTP_FIELD_SEC_FETCH_USER,
    [NAMES_HASH(2, 'e', 't')] = HTTP_FIELD_TE,
    [NAMES_HASH(7, 'r', 'e')] = HTTP_FIELD_TRAILER,
    [NAMES_HASH(17, 'r', 'n')] = HTTP_FIELD_TRANSFER_ENCODING,
    [NAMES_HASH(7, 'p', 'd')] = HTTP_FIELD_UPGRADE,
    [NAMES_HASH(25, 'p', 't')] = HTTP_FIELD_UPGRADE_INSECURE_REQUESTS,
    [NAMES_HASH(10, 's', 'n')] = HTTP_FIELD_USER_AGENT,
    [NAMES_HASH(3, 'i', 'i')] = HTTP_FIELD_VIA,
    [NAMES_HASH(15, '-', 'o')] = HTTP_FIELD_X_FORWARDED_FOR,
    [NAMES_HASH(16, '-', 's')] = HTTP_FIELD_X_FORWARDED_HOST,
    [NAMES_HASH(17, '-', 't')] = HTTP_FIELD_X_FORWARDED_PROTO,
    [NAMES_HASH(9, '-', 'i')] = HTTP_FIELD_X_REAL_IP,
    [NAMES_HASH(16, '-', 't')] = HTTP_FIELD_X_REQUESTED_WITH,
};

#define NAME(literal)                                                                                        \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

const struct known_name names_fields[HTTP_FIELD_COUNT] = {
    [HTTP_FIELD_ACCEPT] = NAME("accept"),
    [HTTP_FIELD_ACCEPT_CHARSET] = NAME("accept-charset"),
    [HTTP_FIELD_ACCEPT_ENCODING] = NAME("accept-encoding"),
    [HTTP_FIELD_ACCEPT_LANGUAGE] = NAME("accept-language"),
    [HTTP_FIELD_ACCEPT_RANGES] = NAME("accept-ranges"),
    [HTTP_FIELD_AUTHORIZATION] = NAME("authorization"),
    [HTTP_FIELD_CACHE_CONTROL] = NAME("cache-control"),
    [HTTP_FIELD_CONNECTION] = NAME("connection"),
    [HTTP_FIELD_CONTENT_ENCODING] = NAME("content-encoding"),
    [HTTP_FIELD_CONTENT_LENGTH] = NAME("content-length"),
    [HTTP_FIELD_CONTENT_RANGE] = NAME("content-range"),
    [HTTP_FIELD_CONTENT_TYPE] = NAME("content-type"),
    [HTTP_FIELD_COOKIE] = NAME("cookie"),
    [HTTP_FIELD_DATE] = NAME("date"),
    [HTTP_FIELD_DEPTH] = NAME("depth"),
    [HTTP_FIELD_DESTINATION] = NAME("destination"),
    [HTTP_FIELD_DNT] = NAME("dnt"),
    [HTTP_FIELD_EXPECT] = NAME("expect"),
    [HTTP_FIELD_FORWARDED] = NAME("forwarded"),
    [HTTP_FIELD_FROM] = NAME("from"),
    [HTTP_FIELD_HOST] = NAME("host"),
    [HTTP_FIELD_IF_MATCH] = NAME("if-match"),
    [HTTP_FIELD_IF_MODIFIED_SINCE] = NAME("if-modified-since"),
    [HTTP_FIELD_IF_NONE_MATCH] = NAME("if-none-match"),
    [HTTP_FIELD_IF_RANGE] = NAME("if-range"),
    [HTTP_FIELD_IF_UNMODIFIED_SINCE] = NAME("if-unmodified-since"),
    [HTTP_FIELD_KEEP_ALIVE] = NAME("keep-alive"),
    [HTTP_FIELD_MAX_FORWARDS] = NAME("max-forwards"),
    [HTTP_FIELD_ORIGIN] = NAME("origin"),
    [HTTP_FIELD_OVERWRITE] = NAME("overwrite"),
    [HTTP_FIELD_PRAGMA] = NAME("pragma"),
    [HTTP_FIELD_PROXY_AUTHORIZATION] = NAME("proxy-authorization"),
    [HTTP_FIELD_PROXY_CONNECTION] = NAME("proxy-connection"),
    [HTTP_FIELD_RANGE] = NAME("range"),
    [HTTP_FIELD_REFERER] = NAME("referer"),
    [HTTP_FIELD_SEC_FETCH_DEST] = NAME("sec-fetch-dest"),
    [HTTP_FIELD_SEC_FETCH_MODE] = NAME("sec-fetch-mode"),
    [HTTP_FIELD_SEC_FETCH_SITE] = NAME("sec-fetch-site"),
    [HTTP_FIELD_SEC_FETCH_USER] = NAME("sec-fetch-user"),
    [HTTP_FIELD_TE] = NAME("te"),
    [HTTP_FIELD_TRAILER] = NAME("trailer"),
    [HTTP_FIELD_TRANSFER_ENCODING] = NAME("transfer-encoding"),
    [HTTP_FIELD_UPGRADE] = NAME("upgrade"),
    [HTTP_FIELD_UPGRADE_INSECURE_REQUESTS] = NAME("upgrade-insecure-requests"),
    [HTTP_FIELD_USER_AGENT] = NAME("user-agent"),
    [HTTP_FIELD_VIA] = NAME("via"),
    [HTTP_FIELD_X_FORWARDED_FOR] = NAME("x-forwarded-for"),
    [HTTP_FIELD_X_FORWARDED_HOST] = NAME("x-forwarded-host"),
    [HTTP_FIELD_X_FORWARDED_PROTO] = NAME("x-forwarded-proto"),
    [HTTP_FIELD_X_REAL_IP] = NAME("x-real-ip"),
    [HTTP_FIELD_X_REQUESTED_WITH] = NAME("x-requested-with"),
};

static const struct known_name methods[HTTP_METHODS] = {
    [HTTP_GET] = NAME("GET"),           [HTTP_HEAD] = NAME("HEAD"),
    [HTTP_POST] = NAME("POST"),         [HTTP_PUT] = NAME("PUT"),
    [HTTP_DELETE] = NAME("DELETE"),     [HTTP_OPTIONS] = NAME("OPTIONS"),
    [HTTP_CONNECT] = NAME("CONNECT"),   [HTTP_TRACE] = NAME("TRACE"),
    [HTTP_PATCH] = NAME("PATCH"),       [HTTP_MKCOL] = NAME("MKCOL"),
    [HTTP_COPY] = NAME("COPY"),         [HTTP_MOVE] = NAME("MOVE"),
    [HTTP_PROPFIND] = NAME("PROPFIND"), [HTTP_PROPPATCH] = NAME("PROPPATCH"),
    [HTTP_LOCK] = NAME("LOCK"),         [HTTP_UNLOCK] = NAME("UNLOCK"),
};

_Static_assert(HTTP_FIELD_COUNT <= 64, "struct http_head has one bit for each known name");

int http_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool http_text_is(const char *bytes, size_t length, const char *lower)
{
    for (size_t i = 0; i < length; i++) {
        if (lower[i] == '\0' || http_lower(bytes[i]) != lower[i])
            return false;
    }
    return lower[length] == '\0';
}

enum http_field_id http_field_lookup(const char *name, size_t length)
{
    if (length < 2)
        return HTTP_FIELD_OTHER;
    enum http_field_id id = names_candidate(name, length);
    return http_text_is(name, length, names_fields[id].text) ? id : HTTP_FIELD_OTHER;
}

const char *http_field_text(enum http_field_id id)
{
    return names_fields[id].text;
}

uint8_t http_method_lookup(const char *method, size_t length)
{
    if (length == 3 && method[0] == 'G' && method[1] == 'E' && method[2] == 'T')
        return HTTP_GET; /* most are */
    for (uint8_t i = 0; i < HTTP_METHODS; i++) {
        if (methods[i].length == length && memcmp(methods[i].text, method, length) == 0)
            return i;
    }
    return HTTP_METHOD_UNKNOWN;
}

const char *http_method_text(uint8_t method)
{
    return method < HTTP_METHODS ? methods[method].text : "";
}
