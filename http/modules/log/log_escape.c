/* SPDX-License-Identifier: BSD-2-Clause */
/* Few values need escaping, so 16 bytes are tested at a time. */
#include "http/modules/log/log_escape.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool escape_odd(char byte)
{
    unsigned char code = (unsigned char)byte;

    return code < 0x20 || code >= 0x7f || code == '"' || code == '\\';
}

#ifdef __SSE2__

/* Not 0: the bytes that may need escaping. */
static inline __m128i escape_odd_marks(__m128i bytes)
{
    /* Less the blank, and as unsigned bytes, all that is not printable ASCII is above the tilde. */
    __m128i control = _mm_subs_epu8(_mm_sub_epi8(bytes, _mm_set1_epi8(' ')), _mm_set1_epi8('~' - ' '));
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

    return _mm_or_si128(control, special);
}

static inline bool escape_any(__m128i marks)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(marks, _mm_setzero_si128())) != 0xffff;
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
 * early would not pay: nearly no text is odd. */
bool http_log_odd(struct http_text text)
{
    const char *at = text.bytes, *end = at + text.length;
    bool found = false;

    if (text.length >= 16) {
        __m128i marks = escape_odd_marks(escape_load(end - 16));

        for (size_t i = 0; i < text.length - 16; i += 16)
            marks = _mm_or_si128(marks, escape_odd_marks(escape_load(at + i)));
        return escape_any(marks);
    }
    if (text.length >= 8)
        return escape_any(
            escape_odd_marks(_mm_unpacklo_epi64(escape_load_half(at), escape_load_half(end - 8))));
    while (at < end)
        found |= escape_odd(*at++);
    return found;
}

static inline void escape_store(char *to, __m128i bytes)
{
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
}

/* As above, and each step is copied, too. */
bool http_log_copy(char *to, struct http_text text)
{
    const char *at = text.bytes, *end = at + text.length;
    bool found = false;

    if (text.length >= 16) {
        __m128i last = escape_load(end - 16), marks = escape_odd_marks(last);

        escape_store(to + text.length - 16, last);
        for (size_t i = 0; i < text.length - 16; i += 16) {
            __m128i bytes = escape_load(at + i);

            marks = _mm_or_si128(marks, escape_odd_marks(bytes));
            escape_store(to + i, bytes);
        }
        return escape_any(marks);
    }
    if (text.length >= 8) {
        __m128i first = escape_load_half(at), last = escape_load_half(end - 8);

        _mm_storel_epi64((__m128i *)(void *)to, first);
        _mm_storel_epi64((__m128i *)(void *)(to + text.length - 8), last);
        return escape_any(escape_odd_marks(_mm_unpacklo_epi64(first, last)));
    }
    while (at < end) {
        found |= escape_odd(*at);
        *to++ = *at++;
    }
    return found;
}

#else

bool http_log_copy(char *to, struct http_text text)
{
    for (size_t i = 0; i < text.length; i++)
        to[i] = text.bytes[i];
    return http_log_odd(text);
}

bool http_log_odd(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (escape_odd(text.bytes[i]))
            return true;
    return false;
}

#endif

uint32_t http_log_escape_measure(struct http_text text)
{
    size_t length = text.length;

    for (size_t i = 0; i < text.length; i++)
        length += escape_odd(text.bytes[i]) ? sizeof "xXX" - 1 : 0;
    return (uint32_t)length;
}

char *http_log_escape_write(char *to, struct http_text text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if (!escape_odd(text.bytes[i])) {
            *to++ = text.bytes[i];
            continue;
        }
        memcpy(to, "\\x", 2);
        to[2] = hex[byte >> 4];
        to[3] = hex[byte & 15];
        to += 4;
    }
    return to;
}
