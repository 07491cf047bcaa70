/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: inner loops of the parser, for http/protocol alone: 16 bytes at a time where there is SSE2 (all of
 *   x86-64), byte by byte elsewhere. Both forms give the same results: the unit tests of the parser run over
 *   each, the portable one chosen with HTTP_PROTOCOL_PORTABLE. Nothing outside [base, end) is read.
 * Lifetime: nothing is kept.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_SCAN_H
#define HTTP_PROTOCOL_SCAN_H

#include "http/protocol/text.h"

#if defined(__SSE2__) && !defined(HTTP_PROTOCOL_PORTABLE)
#define HTTP_SCAN_SSE2 1
#include <emmintrin.h>
#endif

enum {
    SCAN_WIDTH = 16,      /* bytes looked at in one step */
    SCAN_CONTROLS = 0x1f, /* scan_stop: stop at control bytes, HTAB among them */
    SCAN_BLANKS = 0x20,   /* scan_stop: stop at SP, too */
};

/* scan_stop, byte by byte. */
static inline const char *scan_stop_narrow(const char *at, const char *end, int highest)
{
    while (at < end && (unsigned char)*at > highest && *at != 0x7f)
        at++;
    return at;
}

#ifdef HTTP_SCAN_SSE2

static inline __m128i scan_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* All bits of a byte that is <= highest, unsigned. */
static inline __m128i scan_is_low(__m128i bytes, int highest)
{
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8((char)highest)), bytes);
}

/* Bit i: byte i is <= highest or DEL. */
static inline unsigned scan_stop_mask(const char *at, int highest)
{
    __m128i bytes = scan_load(at);

    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(scan_is_low(bytes, highest), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))));
}

/*
 * Bit i: byte i is ASCII, above `highest` and not DEL. One compare does it: one up, DEL and what is not ASCII
 * are negative, but for 0xff, which is 0.
 */
static inline unsigned scan_usual_mask(const char *at, int highest)
{
    __m128i one_up = _mm_add_epi8(scan_load(at), _mm_set1_epi8(1));

    return (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(one_up, _mm_set1_epi8((char)(highest + 1))));
}

/* scan_stop where SCAN_WIDTH bytes in front of `end` may be read. */
static inline const char *scan_stop_wide(const char *at, const char *end, int highest)
{
    unsigned mask;

    for (; at <= end - SCAN_WIDTH; at += SCAN_WIDTH) {
        mask = scan_usual_mask(at, highest);
        if (mask == 0xffff)
            continue;
        if ((signed char)at[__builtin_ctz(~mask)] >= 0)
            return at + __builtin_ctz(~mask);
        mask = scan_stop_mask(at, highest); /* obs-text: now exactly */
        if (mask)
            return at + __builtin_ctz(mask);
    }
    /* The rest, in a window that ends where the input ends. */
    mask = scan_stop_mask(end - SCAN_WIDTH, highest) >> (at - (end - SCAN_WIDTH));
    return mask ? at + __builtin_ctz(mask) : end;
}

/* The first byte of [at, end) that is DEL or not above `highest`; `end` if there is none. Bytes from `base`
 * on may be read. */
static inline const char *scan_stop(const char *base, const char *at, const char *end, int highest)
{
    return end - base < SCAN_WIDTH ? scan_stop_narrow(at, end, highest) : scan_stop_wide(at, end, highest);
}

/* Where the first colon of 16 readable bytes is, or 16. */
static inline size_t scan_colon_wide(const char *at)
{
    __m128i bytes = scan_load(at);
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')));

    return (size_t)__builtin_ctz(mask | 1u << SCAN_WIDTH);
}

/*
 * Whether 1 to 16 bytes equal a name in lower case, letters of either case: 16 bytes are readable at both.
 * Only bytes that are letters in the name are folded: folding a dash would let a CR pass for it.
 */
static inline bool scan_equals_wide(const char *bytes, const char *lower, size_t length)
{
    __m128i want = scan_load(lower);
    __m128i letters = _mm_cmpgt_epi8(want, _mm_set1_epi8('_'));
    __m128i fold = _mm_and_si128(letters, _mm_set1_epi8(0x20));
    __m128i have = _mm_or_si128(scan_load(bytes), fold);
    unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(have, want));

    return ~same << (32 - length) == 0; /* the highest bits are those of the name */
}

#else

static inline const char *scan_stop_wide(const char *at, const char *end, int highest)
{
    return scan_stop_narrow(at, end, highest);
}

static inline const char *scan_stop(const char *base, const char *at, const char *end, int highest)
{
    (void)base;
    return scan_stop_narrow(at, end, highest);
}

static inline size_t scan_colon_wide(const char *at)
{
    size_t i = 0;

    while (i < SCAN_WIDTH && at[i] != ':')
        i++;
    return i;
}

static inline bool scan_equals_wide(const char *bytes, const char *lower, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (http_lower(bytes[i]) != lower[i])
            return false;
    return true;
}

#endif

#endif
