/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: texts as spans, the alphabets of RFC 9110 5.6, and numbers as text, for all of http.
 * Lifetime: a span is valid as long as the bytes it points at.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_TEXT_H
#define HTTP_PROTOCOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somewhere, not NUL-terminated. `bytes` is not null, even when the length is 0. */
struct http_text {
    const char *bytes;
    size_t length;
};

#define HTTP_TEXT(literal) ((struct http_text){(literal), sizeof(literal) - 1})

static inline struct http_text http_text_of(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

static inline bool http_text_equal(struct http_text a, struct http_text b)
{
    return a.length == b.length && !memcmp(a.bytes, b.bytes, a.length);
}

/* Whether the bytes equal `lower` (a NUL-terminated string in lower case), ASCII case ignored. */
bool http_text_is(const char *bytes, size_t length, const char *lower);

/* ---- alphabets ---- */

enum {
    HTTP_CHAR_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    HTTP_CHAR_VALUE = 2, /* field-vchar, SP or HTAB, RFC 9110 5.5 */
    HTTP_CHAR_HOST = 4,  /* a byte of reg-name but %, RFC 3986 3.2.2 */
    HTTP_CHAR_HEX = 8,   /* HEXDIG, either case */
    HTTP_CHAR_DNS = 16,  /* what most host names consist of: lower-case letters, digits, - and _ */
    HTTP_CHAR_PATH = 32, /* special in a path: % . / and ? */
};

/* Bits of the alphabets that a byte belongs to. */
extern const uint8_t http_chars[256];

static inline bool http_char_is(char byte, unsigned alphabets)
{
    return (http_chars[(unsigned char)byte] & alphabets) != 0;
}

static inline bool http_is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* ASCII lower case; other bytes as they are. */
static inline char http_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* The first byte from `at` on that is not a tchar, or `end`. */
static inline const char *http_skip_token(const char *at, const char *end)
{
    while (at < end && http_char_is(*at, HTTP_CHAR_TOKEN))
        at++;
    return at;
}

/* ---- numbers ---- */

/* The value of a hexadecimal digit, or -1. */
int http_hex(char digit);

/* Reads the digits from `at` on and returns the byte behind them. If no int64_t holds the number, *number is
 * INT64_MAX and *above is set. */
const char *http_read_number(const char *at, const char *end, int64_t *number, bool *above);

/* How many decimal digits a number has. */
static inline unsigned http_count_digits(uint64_t number)
{
    unsigned digits = 1;

    for (; number >= 10000; number /= 10000)
        digits += 4;
    return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

extern const char http_digit_pairs[200]; /* "00" … "99" */

/* The last `digits` digits of a number, two at a time. Returns the byte after them, as the next does. */
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
    if (number < 10) { /* many log lines end with 0 bytes */
        *to = (char)('0' + number);
        return to + 1;
    }
    if (number < 100) { /* and small answers have 10 to 99 */
        memcpy(to, &http_digit_pairs[number * 2], 2);
        return to + 2;
    }
    return http_print_digits(to, number, http_count_digits(number));
}

#endif
