/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags as nginx makes them, and the two comparisons. */
#include "http/protocol/etag.h"

/* Writes a number in hexadecimal without leading zeros and returns the byte after it. */
static char *write_hex(char *out, uint64_t number)
{
    int shift = number == 0 ? 0 : (63 - __builtin_clzll(number)) / 4 * 4;

    for (; shift >= 0; shift -= 4)
        *out++ = "0123456789abcdef"[number >> shift & 15];
    return out;
}

size_t http_etag_format(int64_t mtime, int64_t size, char out[HTTP_ETAG_MAX])
{
    char *at = out;

    *at++ = '"';
    at = write_hex(at, (uint64_t)mtime);
    *at++ = '-';
    at = write_hex(at, (uint64_t)size);
    *at++ = '"';
    *at = '\0';
    return (size_t)(at - out);
}

static bool is_weak(struct http_text tag)
{
    return tag.length >= 2 && !memcmp(tag.bytes, "W/", 2); /* RFC 9110 8.8.3: case-sensitive */
}

static struct http_text opaque(struct http_text tag)
{
    size_t prefix = is_weak(tag) ? 2 : 0;

    return (struct http_text){tag.bytes + prefix, tag.length - prefix};
}

bool http_etag_equal(struct http_text a, struct http_text b, bool weak)
{
    if (!weak && (is_weak(a) || is_weak(b)))
        return false;
    a = opaque(a);
    b = opaque(b);
    return a.length >= 2 && a.bytes[0] == '"' && http_text_equal(a, b);
}

/* entity-tag at the start (RFC 9110 8.8.3): its length, or 0. A comma inside the quotes belongs to it. */
static size_t tag_length(struct http_text text)
{
    size_t at = is_weak(text) ? 2 : 0;
    const char *close;

    if (at >= text.length || text.bytes[at] != '"')
        return 0;
    close = memchr(text.bytes + at + 1, '"', text.length - at - 1);
    return close ? (size_t)(close - text.bytes) + 1 : 0;
}

bool http_etag_listed(struct http_text list, struct http_text tag, bool weak)
{
    if (list.length == 1 && list.bytes[0] == '*')
        return true;
    while (list.length) {
        size_t length = 1;

        if (!http_is_blank(list.bytes[0]) && list.bytes[0] != ',') {
            length = tag_length(list);
            if (length == 0)
                return false;
            if (http_etag_equal((struct http_text){list.bytes, length}, tag, weak))
                return true;
        }
        list.bytes += length;
        list.length -= length;
    }
    return false;
}
