/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of alphabets and of digits, and functions that are too long for inlining. */
#include "http/protocol/text.h"

/* Sums of HTTP_CHAR_ bits, 16 bytes a line. HOST has no comma: that would turn the field into a list. */
/* clang-format off */
const uint8_t http_chars[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,  /* 00 */
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  /* 10 */
     2,  7,  2,  3,  7, 35,  7,  7,  6,  6,  7,  7,  2, 23, 39, 34,  /* 20 */
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31,  2,  6,  2,  6,  2, 34,  /* 30 */
     2, 15, 15, 15, 15, 15, 15,  7,  7,  7,  7,  7,  7,  7,  7,  7,  /* 40 */
     7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  2,  2,  2,  3, 23,  /* 50 */
     3, 31, 31, 31, 31, 31, 31, 23, 23, 23, 23, 23, 23, 23, 23, 23,  /* 60 */
    23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23,  2,  3,  2,  7,  0,  /* 70 */
    [0x80 ... 0xff] = 2,
};
/* clang-format on */

const char http_digit_pairs[200] = "0001020304050607080910111213141516171819"
                                   "2021222324252627282930313233343536373839"
                                   "4041424344454647484950515253545556575859"
                                   "6061626364656667686970717273747576777879"
                                   "8081828384858687888990919293949596979899";

bool http_text_is(const char *bytes, size_t length, const char *lower)
{
    for (size_t i = 0; i < length; i++)
        if (lower[i] == '\0' || http_lower(bytes[i]) != lower[i])
            return false;
    return lower[length] == '\0';
}

int http_hex(char digit)
{
    const char lower = (char)(digit | 0x20);

    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

const char *http_read_number(const char *at, const char *end, int64_t *number, bool *above)
{
    *number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *at - '0', number)) {
            *above = true;
            *number = INT64_MAX;
        }
    return at;
}
