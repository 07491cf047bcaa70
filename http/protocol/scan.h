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

#include "http/protocol/scan_bytes.h"

#ifdef HTTP_SCAN_SSE2
#include <emmintrin.h>

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

/* Where the first bit is that is not set, of a mask that is not full. */
static inline size_t scan_first_clear(unsigned mask)
{
    return (unsigned)__builtin_ctz(~mask);
}

/* The first byte of [at, end) that is not ASCII, not above `highest` or DEL; or `end`. SCAN_WIDTH bytes in
 * front of `end` may be read, here and below. */
__attribute__((always_inline)) static inline const char *scan_unusual_wide(const char *at, const char *end,
                                                                           int highest)
{
    enum { STEPS = 4, STRIDE = STEPS * SCAN_WIDTH /* between two looks at the end */ };
    unsigned mask;

    for (; at <= end - STRIDE; at += STRIDE) {
#pragma GCC unroll 4
        for (int i = 0; i < STEPS; i++) {
            mask = scan_usual_mask(at + i * SCAN_WIDTH, highest);
            if (mask != SCAN_FULL)
                return at + i * SCAN_WIDTH + scan_first_clear(mask);
        }
    }
    for (; at <= end - SCAN_WIDTH; at += SCAN_WIDTH) {
        mask = scan_usual_mask(at, highest);
        if (mask != SCAN_FULL)
            return at + scan_first_clear(mask);
    }
    /* The rest, in a window that ends where the input ends. */
    mask = scan_usual_mask(end - SCAN_WIDTH, highest) >> (SCAN_WIDTH - (end - at));
    at += scan_first_clear(mask);
    return at < end ? at : end;
}

/* Bit i: byte i is none that has a meaning in a request target, nor a dash: above / and neither ? nor DEL. */
static inline unsigned scan_unmarked_mask(const char *at)
{
    __m128i bytes = scan_load(at);
    __m128i high = _mm_cmpgt_epi8(bytes, _mm_set1_epi8('/'));
    __m128i mark = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x40)), _mm_set1_epi8(0x7f));

    return (unsigned)_mm_movemask_epi8(_mm_andnot_si128(mark, high));
}

/* The first byte that is none of scan_unmarked_mask; or where less than SCAN_WIDTH bytes are left. */
static inline const char *scan_mark_wide(const char *at, const char *end)
{
    for (; at <= end - SCAN_WIDTH; at += SCAN_WIDTH) {
        unsigned mask = scan_unmarked_mask(at);

        if (mask != SCAN_FULL)
            return at + scan_first_clear(mask);
    }
    return at;
}

/* The first byte of [at, end) that is DEL or not above `highest`; or `end`. */
static inline const char *scan_stop_wide(const char *at, const char *end, int highest)
{
    unsigned mask;

    for (; at <= end - SCAN_WIDTH; at += SCAN_WIDTH) {
        mask = scan_stop_mask(at, highest);
        if (mask)
            return at + __builtin_ctz(mask);
    }
    mask = scan_stop_mask(end - SCAN_WIDTH, highest) >> (at - (end - SCAN_WIDTH));
    return mask ? at + __builtin_ctz(mask) : end;
}

/* Bit i: byte i of 16 readable ones is a colon. */
static inline unsigned scan_colons(const char *at)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(scan_load(at), _mm_set1_epi8(':')));
}

/* Whether 16 readable bytes are those of a known name from byte `from` on: 0 or SCAN_WIDTH. */
static inline bool scan_is_known(const char *bytes, const struct http_known_name *known, size_t from)
{
    const __m128i *text = (const __m128i *)(const void *)(known->text + from);
    const __m128i *mask = (const __m128i *)(const void *)(known->mask + from);
    __m128i same =
        _mm_cmpeq_epi8(_mm_and_si128(scan_load(bytes), _mm_load_si128(mask)), _mm_load_si128(text));

    return _mm_movemask_epi8(same) == SCAN_FULL;
}

#endif

/* The first byte of [at, end) that is DEL or not above `highest`; `end` if there is none. Bytes from `base`
 * on may be read. */
static inline const char *scan_stop(const char *base, const char *at, const char *end, int highest)
{
    return end - base < SCAN_WIDTH ? scan_stop_narrow(at, end, highest) : scan_stop_wide(at, end, highest);
}

#endif
