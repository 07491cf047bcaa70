/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: which bytes of a stranger's text a terminal may see. Logs keep printable UTF-8 readable and escape
 *   the rest that is not ASCII: the control characters U+0080 to U+009F (a terminal takes U+009B for ESC [),
 *   as one byte or as two, and invalid UTF-8, which a terminal may take for anything.
 * Lifetime: none.
 * Threads: any.
 * Errors: none.
 */
#ifndef SERVER_LOG_UTF8_H
#define SERVER_LOG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the character from U+00A0 on that begins at `at`, 2 to 4 bytes; 0: none does. Reads no more
 * than `left` bytes. RFC 3629 4: no longer form than needed, no surrogates, nothing above U+10FFFF. */
static inline size_t utf8_printable(const char *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    unsigned char first = left ? (unsigned char)*at : 0;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint32_t code = first & (0xffU >> (length + 1));

    if (first < 0xc2 || first > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    }
    return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : length;
}

#endif
