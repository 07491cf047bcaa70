/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/log/log_escape.h"

#include <string.h>

#include "server/log/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char hex[] = "0123456789ABCDEF";

static bool escape_odd(char byte)
{
    unsigned char code = (unsigned char)byte;

    return code < 0x20 || code >= 0x7f || code == '"' || code == '\\';
}

#ifdef __SSE2__

/* Bytes with the high bit set are the odd ones. */
static inline __m128i escape_odd_marks(__m128i bytes)
{
    /* One up and signed, DEL and what is not ASCII are below the blank, too. */
    __m128i control = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

    return _mm_or_si128(control, special);
}

static inline __m128i escape_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline __m128i escape_load_half(const char *at)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)at);
}

/* The last step of each size overlaps the one before it, so that nothing behind the text is read. Stopping
 * early is not worth its while: it would nearly always be in vain. */
bool http_log_odd(struct http_text text)
{
    const char *at = text.bytes, *end = at + text.length;
    bool found = false;

    if (text.length >= 16) {
        __m128i marks = escape_odd_marks(escape_load(end - 16));

        for (; end - at > 16; at += 16)
            marks = _mm_or_si128(marks, escape_odd_marks(escape_load(at)));
        return _mm_movemask_epi8(marks) != 0;
    }
    if (text.length >= 8)
        return _mm_movemask_epi8(escape_odd_marks(
                   _mm_unpacklo_epi64(escape_load_half(at), escape_load_half(end - 8)))) != 0;
    while (at < end)
        found |= escape_odd(*at++);
    return found;
}

#else

bool http_log_odd(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (escape_odd(text.bytes[i]))
            return true;
    return false;
}

#endif

/* ---- both forms have one function that makes the bytes, so that what is measured is what is written ---- */

enum { ESCAPE_MAX = 6 /* bytes that one byte becomes at most: \u00XX */ };

/* What stands for the byte at `at`: *length bytes; a whole character may stand for itself. Returns how many
 * bytes of the text it stands for. */
typedef size_t escape(const char *at, size_t left, char to[ESCAPE_MAX], size_t *length);

static size_t escape_plain(const char *at, size_t left, char to[ESCAPE_MAX], size_t *length)
{
    unsigned char byte = (unsigned char)*at;

    (void)left;
    if (!escape_odd(*at)) {
        *to = *at;
        *length = 1;
        return 1;
    }
    memcpy(to, "\\x", 2);
    to[2] = hex[byte >> 4];
    to[3] = hex[byte & 15];
    *length = 4;
    return 1;
}

/* The letter of a two-byte escape; 0: there is none. */
static char escape_json_letter(char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* RFC 8259 8.1: a text is UTF-8. A byte that is none is written as the character of its number. */
static size_t escape_json(const char *at, size_t left, char to[ESCAPE_MAX], size_t *length)
{
    unsigned char byte = (unsigned char)*at;
    char letter = escape_json_letter(*at);
    size_t whole = byte < 0x80 ? byte >= 0x20 && byte != 0x7f && !letter : utf8_printable(at, left);
    bool c1 = byte == 0xc2 && left > 1 && ((unsigned char)at[1] & 0xe0) == 0x80;

    if (whole) {
        memcpy(to, at, whole);
        *length = whole;
        return whole;
    }
    if (letter) {
        to[0] = '\\';
        to[1] = letter;
        *length = 2;
        return 1;
    }
    if (c1)
        byte = (unsigned char)at[1];
    memcpy(to, "\\u00", 4);
    to[4] = hex[byte >> 4];
    to[5] = hex[byte & 15];
    *length = 6;
    return c1 ? 2 : 1;
}

static inline uint32_t escape_measure(struct http_text text, escape *make)
{
    char bytes[ESCAPE_MAX];
    size_t all = 0, length;

    for (size_t i = 0; i < text.length; all += length)
        i += make(text.bytes + i, text.length - i, bytes, &length);
    return (uint32_t)all;
}

static inline char *escape_write(char *to, struct http_text text, escape *make)
{
    char bytes[ESCAPE_MAX];
    size_t length;

    for (size_t i = 0; i < text.length; to += length) {
        i += make(text.bytes + i, text.length - i, bytes, &length);
        memcpy(to, bytes, length);
    }
    return to;
}

uint32_t http_log_escape_measure(struct http_text text)
{
    return escape_measure(text, escape_plain);
}

char *http_log_escape_write(char *to, struct http_text text)
{
    return escape_write(to, text, escape_plain);
}

uint32_t http_log_json_measure(struct http_text text)
{
    return escape_measure(text, escape_json);
}

char *http_log_json_write(char *to, struct http_text text)
{
    return escape_write(to, text, escape_json);
}
