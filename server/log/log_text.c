/* SPDX-License-Identifier: BSD-2-Clause */
/* The few conversions that log lines have. */
#include "server/log/log_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS_MAX = 20 /* of a uint64_t */ };

struct text {
    char *at;
    char *end; /* of the room: the NUL's byte */
};

static void put(struct text *text, const char *bytes, size_t length)
{
    size_t room = (size_t)(text->end - text->at);

    text->at = mempcpy(text->at, bytes, length < room ? length : room);
}

static void put_number(struct text *text, uint64_t number)
{
    char digits[DIGITS_MAX], *at = digits + sizeof digits;

    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(text, at, (size_t)(digits + sizeof digits - at));
}

static void put_signed(struct text *text, int number)
{
    if (number < 0)
        put(text, "-", 1);
    put_number(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* A quote in it would end it for whoever reads the line, and what follows would pass for words of ours. */
static void put_quoted(struct text *text, const char *bytes, size_t length)
{
    static const char escaped[] = "\\x22";
    const char *end = bytes + length, *quote;

    while ((quote = memchr(bytes, '"', (size_t)(end - bytes)))) {
        put(text, bytes, (size_t)(quote - bytes));
        put(text, escaped, sizeof escaped - 1);
        bytes = quote + 1;
    }
    put(text, bytes, (size_t)(end - bytes));
}

/* `most`: the precision; negative: none. */
static void put_string(struct text *text, const char *string, int most, bool quoted)
{
    size_t length;

    if (!string)
        string = "(null)";
    length = most < 0 ? strlen(string) : strnlen(string, (size_t)most);
    if (quoted)
        put_quoted(text, string, length);
    else
        put(text, string, length);
}

/* What stands behind a %, at `at`, and its argument; *next is behind it. `quoted`: a quote stands in front.
 * False: it is none of ours. */
static bool put_conversion(struct text *text, const char *at, bool quoted, va_list *arguments,
                           const char **next)
{
    int most;

    switch (*at) {
    case 's':
        put_string(text, va_arg(*arguments, const char *), -1, quoted);
        *next = at + 1;
        return true;
    case 'd':
        put_signed(text, va_arg(*arguments, int));
        *next = at + 1;
        return true;
    case 'u':
        put_number(text, va_arg(*arguments, unsigned));
        *next = at + 1;
        return true;
    case '.':
        if (at[1] != '*' || at[2] != 's')
            return false;
        most = va_arg(*arguments, int);
        put_string(text, va_arg(*arguments, const char *), most, quoted);
        *next = at + 3;
        return true;
    case 'z':
        if (at[1] != 'u')
            return false;
        put_number(text, va_arg(*arguments, size_t));
        *next = at + 2;
        return true;
    case 'l':
        if (at[1] != 'l' || at[2] != 'u')
            return false;
        put_number(text, va_arg(*arguments, unsigned long long));
        *next = at + 3;
        return true;
    default:
        return false;
    }
}

/* All of it. A broken format is written as it stands: its text is better than nothing. */
__attribute__((format(printf, 3, 0))) static size_t print_other(char *to, size_t size, const char *format,
                                                                va_list arguments)
{
    int length = vsnprintf(to, size, format, arguments);

    if (length < 0)
        return log_text_print(to, size, "%s", format);
    return (size_t)length < size ? (size_t)length : size - 1;
}

size_t log_text_vprint(char *to, size_t size, const char *format, va_list arguments)
{
    struct text text = {to, to + size - 1};
    const char *at = format;
    bool known = true;
    va_list taken;

    va_copy(taken, arguments);
    while (known && *at) {
        if (*at == '%') {
            known = put_conversion(&text, at + 1, at > format && at[-1] == '"', &taken, &at);
            continue;
        }
        if (text.at < text.end) /* the words between two conversions are short */
            *text.at++ = *at;
        at++;
    }
    va_end(taken);
    if (!known)
        return print_other(to, size, format, arguments);
    *text.at = '\0';
    return (size_t)(text.at - to);
}

size_t log_text_print(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = log_text_vprint(to, size, format, arguments);
    va_end(arguments);
    return length;
}
