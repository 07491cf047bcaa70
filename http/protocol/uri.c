/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests whether a path is plain, normalises it if not; and escaping. */
#include "http/protocol/uri.h"

#include "http/protocol/scan.h"

/* Sets what follows from path and args. `query` is where the raw ? stands, or `end`; `segment` the first
 * byte of the last segment, `dot` its last dot or NULL. */
static void describe(struct http_uri *uri, struct http_text path, const char *query, const char *end,
                     const char *segment, const char *dot)
{
    const char *path_end = path.bytes + path.length;

    uri->path = path;
    uri->has_args = query < end;
    uri->args =
        uri->has_args ? (struct http_text){query + 1, (size_t)(end - query) - 1} : (struct http_text){end, 0};
    /* The first dot of .profile begins no extension. */
    uri->extension = dot && dot > segment ? (struct http_text){dot + 1, (size_t)(path_end - dot) - 1}
                                          : (struct http_text){path_end, 0};
}

#ifdef HTTP_SCAN_SSE2

/* Bit i: byte i is one of % . / ? */
static unsigned mask_of(__m128i bytes)
{
    __m128i dot_or_slash = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(1)), _mm_set1_epi8('/'));
    __m128i others =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('%')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('?')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(dot_or_slash, others));
}

/* Skips groups of 16 and 8 bytes without a special one. */
static const char *skip_wide(const char *at, const char *end)
{
    unsigned mask = 0;

    while (end - at >= SCAN_WIDTH && (mask = mask_of(scan_load(at))) == 0)
        at += SCAN_WIDTH;
    if (mask == 0 && end - at >= SCAN_WIDTH / 2 &&
        (mask = mask_of(_mm_loadl_epi64((const __m128i *)(const void *)at))) == 0)
        at += SCAN_WIDTH / 2;
    return mask == 0 ? at : at + __builtin_ctz(mask);
}

#else

static const char *skip_wide(const char *at, const char *end)
{
    (void)end;
    return at;
}

#endif

/* The first byte from `at` on that is one of % . / ?, or `end`. */
static const char *find_mark(const char *at, const char *end)
{
    at = skip_wide(at, end);
    while (at < end && !http_char_is(*at, HTTP_CHAR_PATH))
        at++;
    return at;
}

bool http_uri_plain(const char *bytes, size_t length, size_t unmarked, bool merge_slashes,
                    struct http_uri *uri)
{
    const char *end = bytes + length, *at = bytes + unmarked, *segment = bytes + 1, *dot = NULL;

    if (!length || *bytes != '/' || (length > 1 && (bytes[1] == '.' || (merge_slashes && bytes[1] == '/'))))
        return false;
    if (at < end && !http_char_is(*at, HTTP_CHAR_PATH))
        at = find_mark(at, end);
    for (; at < end; at = find_mark(at + 1, end)) {
        if (*at == '?')
            break;
        if (*at == '.') {
            dot = at;
            continue;
        }
        if (*at == '%' || (at + 1 < end && (at[1] == '.' || (merge_slashes && at[1] == '/'))))
            return false;
        segment = at + 1;
        dot = NULL;
    }
    uri->plain = true;
    describe(uri, (struct http_text){bytes, (size_t)(at - bytes)}, at, end, segment, dot);
    return true;
}

/* The path being written: it begins with a slash, and so does every segment. */
struct writer {
    char *out;
    size_t length;
    size_t segment; /* where the last segment begins, behind its slash */
    bool merge_slashes;
};

/* Ends a segment (RFC 3986 5.2.4); false if it leads above the root. */
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
    int byte;

    if (end - at < 3 || !http_char_is(at[1], HTTP_CHAR_HEX) || !http_char_is(at[2], HTTP_CHAR_HEX))
        return -1;
    byte = http_hex(at[1]) << 4 | http_hex(at[2]);
    return byte ? byte : -1;
}

int http_uri_normalize(const char *bytes, size_t length, char *out, bool merge_slashes, struct http_uri *uri)
{
    const char *end = bytes + length, *at = bytes, *segment;
    struct writer writer = {.out = out, .length = 1, .segment = 1, .merge_slashes = merge_slashes};

    if (http_uri_plain(bytes, length, 1, merge_slashes, uri))
        return 0;
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
    segment = memrchr(out, '/', writer.length);
    uri->plain = false;
    describe(uri, (struct http_text){out, writer.length}, at, end, segment + 1,
             memrchr(segment, '.', (size_t)(out + writer.length - segment)));
    return 0;
}

#define UPPER_HALF 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff

/* Bits of the bytes to be escaped, 32 a word; the last two as in nginx's tables. */
static const uint32_t escaped[][8] = {
    [HTTP_ESCAPE_CONTROLS] = {0xffffffff, 0, 0, 0x80000000},
    [HTTP_ESCAPE_URI] = {0xffffffff, 0xd000002d, 0x50000000, 0xb8000001, UPPER_HALF},
    [HTTP_ESCAPE_COMPONENT] = {0xffffffff, 0xfc009fff, 0x78000001, 0xb8000001, UPPER_HALF},
};

static bool is_escaped(char c, enum http_uri_escape escape)
{
    unsigned byte = (unsigned char)c;

    return (escaped[escape][byte >> 5] >> (byte & 31) & 1) != 0;
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
