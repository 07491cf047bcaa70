/* SPDX-License-Identifier: BSD-2-Clause */
/* One function makes the bytes for measuring and for writing, so that both agree. */
#include "server/log/json_text.h"

#include <stdbool.h>
#include <string.h>

#include "server/log/utf8.h"

/* The letter of a two-byte escape; 0: there is none. */
static char json_letter(char byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = byte ? strchr(bytes, byte) : NULL;

    return found ? letters[found - bytes] : 0;
}

/* RFC 8259 8.1: a text is UTF-8; an invalid byte becomes the character of its number. */
size_t json_escape(const char *at, size_t left, char to[JSON_ESCAPE_MAX], size_t *length)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)*at;
    char letter = json_letter(*at);
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

size_t json_measure(const char *bytes, size_t length)
{
    char escaped[JSON_ESCAPE_MAX];
    size_t all = 0, more;

    for (size_t i = 0; i < length; all += more)
        i += json_escape(bytes + i, length - i, escaped, &more);
    return all;
}

char *json_write(char *to, const char *bytes, size_t length)
{
    char escaped[JSON_ESCAPE_MAX];
    size_t more;

    for (size_t i = 0; i < length; to += more) {
        i += json_escape(bytes + i, length - i, escaped, &more);
        memcpy(to, escaped, more);
    }
    return to;
}
