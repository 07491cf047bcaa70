/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts as spans, and numbers as text.
 *
 * Purpose: what all of http says "these bytes" with.
 * Lifetime: a span is valid as long as the bytes it points at.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_TEXT_H
#define HTTP_PROTOCOL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somewhere, not NUL-terminated. `bytes` is not null, even when the length is 0. */
struct http_text {
    const char *bytes;
    size_t length;
};

#define HTTP_TEXT(literal) ((struct http_text){(literal), sizeof(literal) - 1})

/* How many decimal digits a number has. */
static inline unsigned http_count_digits(uint64_t number)
{
    unsigned digits = 1;

    for (; number >= 10000; number /= 10000)
        digits += 4;
    return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

extern const char http_digit_pairs[200]; /* "00" … "99" */

/* The last `digits` digits of a number, two at a time. */
static inline char *http_print_digits(char *to, uint64_t number, unsigned digits)
{
    char *end = to + digits;

    for (to = end; digits >= 2; digits -= 2, number /= 100)
        memcpy(to -= 2, &http_digit_pairs[number % 100 * 2], 2);
    if (digits)
        to[-1] = (char)('0' + number % 10);
    return end;
}

static inline char *http_print_number(char *to, uint64_t number)
{
    if (number < 10) { /* many a line ends with 0 bytes */
        *to = (char)('0' + number);
        return to + 1;
    }
    return http_print_digits(to, number, http_count_digits(number));
}

#endif
