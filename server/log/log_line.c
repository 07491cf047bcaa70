/* SPDX-License-Identifier: BSD-2-Clause */
/* A log line as it grows. */
#include "server/log/log_line.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "server/log/utf8.h"

void log_line_text(struct log_line *line, const char *text, size_t length)
{
    size_t room = line->max - line->length;

    if (length > room)
        length = room;
    memcpy(line->bytes + line->length, text, length);
    line->length += length;
}

void log_line_string(struct log_line *line, const char *text)
{
    log_line_text(line, text, strlen(text));
}

/* Whether each of 8 bytes is printable ASCII. Of those that are not, the first has its high bit in one of the
 * three words. */
static bool is_plain(const char *at)
{
    const uint64_t each = UINT64_MAX / 0xff; /* a 1 in each byte */
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return ((word | (word - each * 0x20) | (word + each)) & each * 0x80) == 0;
}

/* Runs of printable ASCII are copied whole; what is not among them is looked at byte by byte. */
void log_line_escaped(struct log_line *line, const char *text, size_t length)
{
    static const char hex[] = "0123456789ABCDEF";

    for (const char *at = text, *end = text + length, *plain = at;; plain = at) {
        unsigned char byte;
        size_t whole;

        while (end - at >= (ptrdiff_t)sizeof(uint64_t) && is_plain(at))
            at += sizeof(uint64_t);
        while (at < end && *at >= 0x20 && *at < 0x7f)
            at++;
        log_line_text(line, plain, (size_t)(at - plain));
        if (at == end)
            return;
        byte = (unsigned char)*at;
        whole = utf8_printable(at, (size_t)(end - at));
        if (line->max - line->length < (whole ? whole : sizeof "\\xXX" - 1))
            return; /* no half characters */
        if (whole)
            log_line_text(line, at, whole);
        else
            log_line_text(line, (const char[]){'\\', 'x', hex[byte >> 4], hex[byte & 15]},
                          sizeof "\\xXX" - 1);
        at += whole ? whole : 1;
    }
}
