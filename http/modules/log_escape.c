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

/* Whether any byte is odd: nearly always none, and that is what must be quick. */
static bool any_odd(struct http_text text)
{
    const char *at = text.bytes, *end = at + text.length;

#ifdef __SSE2__
    const __m128i blank = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i rubout = _mm_set1_epi8(0x7f);

    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* Signed, so that bytes from 0x80 on are below the blank. */
        __m128i control = _mm_or_si128(_mm_cmplt_epi8(bytes, blank), _mm_cmpeq_epi8(bytes, rubout));
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash));

        if (_mm_movemask_epi8(_mm_or_si128(control, special)) != 0)
            return true;
    }
#endif
    for (; at < end; at++)
        if (odd(*at))
            return true;
    return false;
}

uint32_t http_log_escape_measure(struct http_text text)
{
    uint32_t added = 0;

    if (!any_odd(text))
        return 0;
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

    if (!any_odd(text))
        return 0;
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
