/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of names, and looking them up. */
#include "http/protocol/fields.h"
#include "http/protocol/text.h"

#define HASH(length, a, b, c, d)                                                                             \
    HTTP_NAME_HASH(length, (uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

const uint8_t http_fields_by_hash[256] = {
    [HASH(6, 'c', 'e', 'p', 't')] = HTTP_FIELD_ACCEPT,
    [HASH(14, 'r', 's', 'e', 't')] = HTTP_FIELD_ACCEPT_CHARSET,
    [HASH(15, 'd', 'i', 'n', 'g')] = HTTP_FIELD_ACCEPT_ENCODING,
    [HASH(15, 'u', 'a', 'g', 'e')] = HTTP_FIELD_ACCEPT_LANGUAGE,
    [HASH(13, 'n', 'g', 'e', 's')] = HTTP_FIELD_ACCEPT_RANGES,
    [HASH(13, 't', 'i', 'o', 'n')] = HTTP_FIELD_AUTHORIZATION,
    [HASH(13, 't', 'r', 'o', 'l')] = HTTP_FIELD_CACHE_CONTROL,
    [HASH(10, 't', 'i', 'o', 'n')] = HTTP_FIELD_CONNECTION,
    [HASH(16, 'd', 'i', 'n', 'g')] = HTTP_FIELD_CONTENT_ENCODING,
    [HASH(14, 'n', 'g', 't', 'h')] = HTTP_FIELD_CONTENT_LENGTH,
    [HASH(13, 'a', 'n', 'g', 'e')] = HTTP_FIELD_CONTENT_RANGE,
    [HASH(12, 't', 'y', 'p', 'e')] = HTTP_FIELD_CONTENT_TYPE,
    [HASH(6, 'o', 'k', 'i', 'e')] = HTTP_FIELD_COOKIE,
    [HASH(4, 'd', 'a', 't', 'e')] = HTTP_FIELD_DATE,
    [HASH(5, 'e', 'p', 't', 'h')] = HTTP_FIELD_DEPTH,
    [HASH(11, 't', 'i', 'o', 'n')] = HTTP_FIELD_DESTINATION,
    [HASH(6, 'p', 'e', 'c', 't')] = HTTP_FIELD_EXPECT,
    [HASH(9, 'r', 'd', 'e', 'd')] = HTTP_FIELD_FORWARDED,
    [HASH(4, 'f', 'r', 'o', 'm')] = HTTP_FIELD_FROM,
    [HASH(4, 'h', 'o', 's', 't')] = HTTP_FIELD_HOST,
    [HASH(8, 'a', 't', 'c', 'h')] = HTTP_FIELD_IF_MATCH,
    [HASH(17, 'i', 'n', 'c', 'e')] = HTTP_FIELD_IF_MODIFIED_SINCE,
    [HASH(13, 'a', 't', 'c', 'h')] = HTTP_FIELD_IF_NONE_MATCH,
    [HASH(8, 'a', 'n', 'g', 'e')] = HTTP_FIELD_IF_RANGE,
    [HASH(19, 'i', 'n', 'c', 'e')] = HTTP_FIELD_IF_UNMODIFIED_SINCE,
    [HASH(10, 'l', 'i', 'v', 'e')] = HTTP_FIELD_KEEP_ALIVE,
    [HASH(12, 'a', 'r', 'd', 's')] = HTTP_FIELD_MAX_FORWARDS,
    [HASH(6, 'i', 'g', 'i', 'n')] = HTTP_FIELD_ORIGIN,
    [HASH(9, 'r', 'i', 't', 'e')] = HTTP_FIELD_OVERWRITE,
    [HASH(6, 'a', 'g', 'm', 'a')] = HTTP_FIELD_PRAGMA,
    [HASH(19, 't', 'i', 'o', 'n')] = HTTP_FIELD_PROXY_AUTHORIZATION,
    [HASH(16, 't', 'i', 'o', 'n')] = HTTP_FIELD_PROXY_CONNECTION,
    [HASH(5, 'a', 'n', 'g', 'e')] = HTTP_FIELD_RANGE,
    [HASH(7, 'e', 'r', 'e', 'r')] = HTTP_FIELD_REFERER,
    [HASH(14, 'd', 'e', 's', 't')] = HTTP_FIELD_SEC_FETCH_DEST,
    [HASH(14, 'm', 'o', 'd', 'e')] = HTTP_FIELD_SEC_FETCH_MODE,
    [HASH(14, 's', 'i', 't', 'e')] = HTTP_FIELD_SEC_FETCH_SITE,
    [HASH(14, 'u', 's', 'e', 'r')] = HTTP_FIELD_SEC_FETCH_USER,
    [HASH(7, 'i', 'l', 'e', 'r')] = HTTP_FIELD_TRAILER,
    [HASH(17, 'd', 'i', 'n', 'g')] = HTTP_FIELD_TRANSFER_ENCODING,
    [HASH(7, 'r', 'a', 'd', 'e')] = HTTP_FIELD_UPGRADE,
    [HASH(25, 'e', 's', 't', 's')] = HTTP_FIELD_UPGRADE_INSECURE_REQUESTS,
    [HASH(10, 'g', 'e', 'n', 't')] = HTTP_FIELD_USER_AGENT,
    [HASH(15, '-', 'f', 'o', 'r')] = HTTP_FIELD_X_FORWARDED_FOR,
    [HASH(16, 'h', 'o', 's', 't')] = HTTP_FIELD_X_FORWARDED_HOST,
    [HASH(17, 'r', 'o', 't', 'o')] = HTTP_FIELD_X_FORWARDED_PROTO,
    [HASH(9, 'l', '-', 'i', 'p')] = HTTP_FIELD_X_REAL_IP,
    [HASH(16, 'w', 'i', 't', 'h')] = HTTP_FIELD_X_REQUESTED_WITH,
};

/* Byte i of a name, and of its mask, whose literal is in lower case. */
#define LETTER(name, i) ((name)[(i) < sizeof(name) ? (i) : 0])
#define MASK(name, i)   ((i) >= sizeof(name) ? 0 : LETTER(name, i) >= 'a' ? 0xdf : 0xff)
#define TEXT(name, i)   ((i) == sizeof(name) - 1 ? ':' : LETTER(name, i) & MASK(name, i))
#define EIGHT(of, name, i)                                                                                   \
    of(name, i), of(name, (i) + 1), of(name, (i) + 2), of(name, (i) + 3), of(name, (i) + 4),                 \
        of(name, (i) + 5), of(name, (i) + 6), of(name, (i) + 7)
#define BYTES(of, name) EIGHT(of, name, 0), EIGHT(of, name, 8), EIGHT(of, name, 16), EIGHT(of, name, 24)
#define NAME(literal)                                                                                        \
    {                                                                                                        \
        {BYTES(TEXT, literal)},                                                                              \
        {                                                                                                    \
            BYTES(MASK, literal)                                                                             \
        }                                                                                                    \
    }

const struct http_known_name http_field_names[HTTP_FIELD_COUNT] = {
    [HTTP_FIELD_OTHER] = {.text = {1}}, /* no byte & 0 is 1 */
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

#define METHOD(literal)                                                                                      \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

static const struct http_text methods[HTTP_METHODS] = {
    [HTTP_METHOD_GET] = METHOD("GET"),           [HTTP_METHOD_HEAD] = METHOD("HEAD"),
    [HTTP_METHOD_POST] = METHOD("POST"),         [HTTP_METHOD_PUT] = METHOD("PUT"),
    [HTTP_METHOD_DELETE] = METHOD("DELETE"),     [HTTP_METHOD_OPTIONS] = METHOD("OPTIONS"),
    [HTTP_METHOD_CONNECT] = METHOD("CONNECT"),   [HTTP_METHOD_TRACE] = METHOD("TRACE"),
    [HTTP_METHOD_PATCH] = METHOD("PATCH"),       [HTTP_METHOD_MKCOL] = METHOD("MKCOL"),
    [HTTP_METHOD_COPY] = METHOD("COPY"),         [HTTP_METHOD_MOVE] = METHOD("MOVE"),
    [HTTP_METHOD_PROPFIND] = METHOD("PROPFIND"), [HTTP_METHOD_PROPPATCH] = METHOD("PROPPATCH"),
    [HTTP_METHOD_LOCK] = METHOD("LOCK"),         [HTTP_METHOD_UNLOCK] = METHOD("UNLOCK"),
};

_Static_assert(HTTP_FIELD_COUNT <= 64, "struct http_head has one bit for each known name");

static bool is_named(const char *name, size_t length, enum http_field_id id)
{
    const struct http_known_name *known = &http_field_names[id];

    for (size_t i = 0; i < length; i++)
        if (((uint8_t)name[i] & known->mask[i]) != known->text[i])
            return false;
    return known->text[length] == ':';
}

enum http_field_id http_field_lookup(const char *name, size_t length)
{
    static const uint8_t not_hashed[] = {HTTP_FIELD_TE, HTTP_FIELD_VIA, HTTP_FIELD_DNT};

    if (length >= HTTP_NAME_SPACE)
        return HTTP_FIELD_OTHER;
    if (length >= HTTP_NAME_HASHED_MIN) {
        enum http_field_id id = http_field_candidate(name, length);

        return is_named(name, length, id) ? id : HTTP_FIELD_OTHER;
    }
    for (size_t i = 0; i < sizeof not_hashed; i++)
        if (is_named(name, length, not_hashed[i]))
            return not_hashed[i];
    return HTTP_FIELD_OTHER;
}

uint8_t http_method_lookup(const char *method, size_t length)
{
    if (length == 3 && method[0] == 'G' && method[1] == 'E' && method[2] == 'T')
        return HTTP_METHOD_GET; /* most are */
    for (int i = 0; i < HTTP_METHODS; i++)
        if (methods[i].length == length && !memcmp(methods[i].bytes, method, length))
            return (uint8_t)i;
    return HTTP_METHOD_UNKNOWN;
}
