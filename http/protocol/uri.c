/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "http/protocol/uri.h"

/* Sets what follows from path and args. `query` is where the raw ? stands, or `end`. */
static void describe(struct http_uri *uri, struct http_text path, const char *query, const char *end,
                     bool plain)
{
    uri->path = path;
    uri->plain = plain;
    uri->has_args = query < end;
    uri->args =
        uri->has_args ? (struct http_text){query + 1, (size_t)(end - query) - 1} : (struct http_text){end, 0};
    uri->extension = (struct http_text){path.bytes + path.length, 0};
    for (size_t at = path.length; at > 1 && path.bytes[at - 1] != '/'; at--) {
        if (path.bytes[at - 1] == '.') { /* the first dot of .profile begins no extension */
            if (path.bytes[at - 2] != '/')
                uri->extension = (struct http_text){path.bytes + at, path.length - at};
            return;
        }
    }
}

bool http_uri_plain(const char *bytes, size_t length, bool merge_slashes, struct http_uri *uri)
{
    const char *end = bytes + length, *at = bytes;
    if (length == 0 || *at != '/')
        return false;
    for (; at < end && *at != '?'; at++) {
        if (*at == '%')
            return false;
        if (*at == '/' && at + 1 < end && (at[1] == '.' || (merge_slashes && at[1] == '/')))
            return false;
    }
    describe(uri, (struct http_text){bytes, (size_t)(at - bytes)}, at, end, true);
    return true;
}

/* The path being written: it begins with a slash, and so does every segment. */
struct writer {
    char *out;
    size_t length;
    size_t segment; /* where the last segment begins, behind its slash */
    bool merge_slashes;
};

/* A segment is complete. RFC 3986 5.2.4; false if it leads above the root. */
static bool end_segment(struct writer *writer, bool slash_follows)
{
    const char *segment = writer->out + writer->segment;
    size_t length = writer->length - writer->segment;
    if (length == 1 && segment[0] == '.') {
        writer->length = writer->segment;
        return true;
    }
    if (length == 2 && segment[0] == '.' && segment[1] == '.') {
        if (writer->segment == 1)
            return false;
        writer->length = writer->segment - 1;
        while (writer->out[writer->length - 1] != '/')
            writer->length--;
        writer->segment = writer->length;
        return true;
    }
    if (slash_follows && (length > 0 || !writer->merge_slashes)) {
        writer->out[writer->length++] = '/';
        writer->segment = writer->length;
    }
    return true;
}

/* The byte that the escape at `at` stands for (RFC 3986 2.1), or -1. NUL is refused: it would end the name of
 * a file early. */
static int decode(const char *at, const char *end)
{
    if (end - at < 3 || !http_char_is(at[1], HTTP_CHAR_HEX) || !http_char_is(at[2], HTTP_CHAR_HEX))
        return -1;
    int byte = http_hex(at[1]) << 4 | http_hex(at[2]);
    return byte != 0 ? byte : -1;
}

int http_uri_normalize(const char *bytes, size_t length, char *out, bool merge_slashes, struct http_uri *uri)
{
    if (http_uri_plain(bytes, length, merge_slashes, uri))
        return 0;
    const char *end = bytes + length, *at = bytes;
    struct writer writer = {.out = out, .length = 1, .segment = 1, .merge_slashes = merge_slashes};
    out[0] = '/';
    if (at < end && *at == '/')
        at++;
    else if (at < end && *at != '?')
        return 400;
    while (at < end && *at != '?') {
        int byte = (unsigned char)*at;
        if (byte == '%') {
            byte = decode(at, end);
            if (byte < 0)
                return 400;
            at += 2;
        }
        at++;
        if (byte != '/')
            out[writer.length++] = (char)byte;
        else if (!end_segment(&writer, true))
            return 400;
    }
    if (!end_segment(&writer, false))
        return 400;
    describe(uri, (struct http_text){out, writer.length}, at, end, false);
    return 0;
}

/* Bits of the bytes below 0x80 to be escaped, 32 a word, from nginx's tables of the same purpose. */
static const uint32_t escaped[2][4] = {
    [HTTP_ESCAPE_URI] = {0xffffffff, 0xd000002d, 0x50000000, 0xb8000001},
    [HTTP_ESCAPE_COMPONENT] = {0xffffffff, 0xfc009fff, 0x78000001, 0xb8000001},
};

static bool is_escaped(char c, enum http_uri_escape escape)
{
    unsigned byte = (unsigned char)c;
    return byte >= 0x80 || (escaped[escape][byte >> 5] >> (byte & 31) & 1) != 0;
}

size_t http_uri_escaped_length(const char *bytes, size_t length, enum http_uri_escape escape)
{
    size_t result = length;
    for (size_t i = 0; i < length; i++)
        result += is_escaped(bytes[i], escape) ? 2 : 0;
    return result;
}

char *http_uri_escape(char *out, const char *bytes, size_t length, enum http_uri_escape escape)
{
    static const char digits[16] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        if (!is_escaped(bytes[i], escape)) {
            *out++ = bytes[i];
            continue;
        }
        *out++ = '%';
        *out++ = digits[(unsigned char)bytes[i] >> 4];
        *out++ = digits[(unsigned char)bytes[i] & 15];
    }
    return out;
}
