/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/log_escape.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char hex[] = "0123456789ABCDEF";

static bool odd(char byte)
{
    unsigned char code = (unsigned char)byte;

    return code < 0x20 || code >= 0x7f || code == '"' || code == '\\';
}

#ifdef __SSE2__

/* Bytes with the high bit set are the odd ones. */
static inline __m128i odd_marks(__m128i bytes)
{
    /* One up and signed, DEL and what is not ASCII are below the blank, too. */
    __m128i control = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

    return _mm_or_si128(control, special);
}

static inline __m128i load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline __m128i load_half(const char *at)
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
        __m128i marks = odd_marks(load(end - 16));

        for (; end - at > 16; at += 16)
            marks = _mm_or_si128(marks, odd_marks(load(at)));
        return _mm_movemask_epi8(marks) != 0;
    }
    if (text.length >= 8)
        return _mm_movemask_epi8(odd_marks(_mm_unpacklo_epi64(load_half(at), load_half(end - 8)))) != 0;
    while (at < end)
        found |= odd(*at++);
    return found;
}

#else

bool http_log_odd(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (odd(text.bytes[i]))
            return true;
    return false;
}

#endif

uint32_t http_log_escape_measure(struct http_text text)
{
    uint32_t added = 0;

    for (size_t i = 0; i < text.length; i++)
        added += odd(text.bytes[i]) ? 3 : 0;
    return added;
}

char *http_log_escape_write(char *to, struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];

        if (odd(byte)) {
            *to++ = '\\';
            *to++ = 'x';
            *to++ = hex[(unsigned char)byte >> 4];
            byte = hex[(unsigned char)byte & 15];
        }
        *to++ = byte;
    }
    return to;
}

/* The letter of a two-byte escape; 0: there is none. */
static char json_letter(char byte)
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

uint32_t http_log_json_measure(struct http_text text)
{
    uint32_t added = 0;

    for (size_t i = 0; i < text.length; i++) {
        if (json_letter(text.bytes[i]))
            added += 1;
        else if ((unsigned char)text.bytes[i] < 0x20)
            added += sizeof "\\u00XX" - 2;
    }
    return added;
}

char *http_log_json_write(char *to, struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i], letter = json_letter(byte);

        if (letter) {
            *to++ = '\\';
            byte = letter;
        } else if ((unsigned char)byte < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = hex[(unsigned char)byte >> 4];
            to += 5;
            byte = hex[(unsigned char)byte & 15];
        }
        *to++ = byte;
    }
    return to;
}
