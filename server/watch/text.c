/* SPDX-License-Identifier: BSD-2-Clause */
/* A long text in pieces, and JSON written into it. */
#include "server/watch/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pool/sysmem.h"
#include "server/log/json_text.h"

_Static_assert(sizeof(struct text_piece) == TEXT_PIECE, "as its name says");

struct text *text_create(void)
{
    bool was = sysmem_use_spare(true);
    struct text *text = sysmem_calloc(SYSMEM_OF_VIEW, sizeof *text);

    if (text && !(text->kept = sysmem_alloc(SYSMEM_OF_VIEW, sizeof *text->kept))) {
        sysmem_free(SYSMEM_OF_VIEW, text, sizeof *text);
        text = NULL;
    }
    (void)sysmem_use_spare(was);
    if (!text)
        return NULL;
    text->references = 1;
    text->fresh = true;
    return text;
}

void text_stand_on(struct text *text, struct text_piece *piece)
{
    piece->next = NULL;
    piece->length = 0;
    *text = (struct text){.first = piece, .last = piece, .references = 1, .fresh = true};
}

void text_get(struct text *text)
{
    text->references++;
}

void text_put(struct text *text)
{
    if (!text || --text->references)
        return;
    while (text->first) {
        struct text_piece *next = text->first->next;

        sysmem_free(SYSMEM_OF_VIEW, text->first, sizeof *next);
        text->first = next;
    }
    sysmem_free(SYSMEM_OF_VIEW, text->kept, sizeof *text->kept);
    sysmem_free(SYSMEM_OF_VIEW, text, sizeof *text);
}

/* The last piece is the one that was kept for the end. */
static bool add_piece(struct text *text)
{
    bool was = sysmem_use_spare(true);
    bool room = !text->short_of_memory && sysmem_spare_left() >= TEXT_LEAVES;
    struct text_piece *piece = room ? sysmem_alloc(SYSMEM_OF_VIEW, sizeof *piece) : NULL;

    (void)sysmem_use_spare(was);
    if (!piece) {
        piece = text->kept;
        text->kept = NULL;
        text->short_of_memory = true;
    }
    if (!piece) {
        text->failed = true;
        return false;
    }
    piece->next = NULL;
    piece->length = 0;
    if (text->last)
        text->last->next = piece;
    else
        text->first = piece;
    text->last = piece;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    while (length) {
        struct text_piece *piece = text->last;
        size_t room = piece ? sizeof piece->bytes - piece->length : 0;

        if (!room) {
            if (!add_piece(text))
                return;
            continue;
        }
        if (room > length)
            room = length;
        memcpy(piece->bytes + piece->length, bytes, room);
        piece->length += room;
        text->length += room;
        bytes += room;
        length -= room;
    }
}

void text_print(struct text *text, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        text_add(text, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

/* ---- reading ---- */

void text_reader_open(struct text_reader *reader, struct text *text)
{
    text_get(text);
    reader->text = text;
    reader->piece = text->first;
}

const struct text_piece *text_reader_next(struct text_reader *reader)
{
    const struct text_piece *piece = reader->piece;

    if (piece)
        reader->piece = piece->next;
    return piece;
}

void text_reader_close(struct text_reader *reader)
{
    text_put(reader->text);
    *reader = (struct text_reader){0};
}

/* ---- JSON ---- */

static void begin(struct text *text, const char *name)
{
    char start[64];
    size_t at = 0, length = name ? strlen(name) : 0;

    if (!text->fresh)
        start[at++] = ',';
    text->fresh = false;
    if (name && length < sizeof start - 4) {
        start[at++] = '"';
        memcpy(start + at, name, length);
        at += length;
        start[at++] = '"';
        start[at++] = ':';
    }
    text_add(text, start, at);
}

void json_put_open(struct text *text, const char *name, char bracket)
{
    begin(text, name);
    text_add(text, &bracket, 1);
    text->fresh = true;
}

void json_put_close(struct text *text, char bracket)
{
    text_add(text, &bracket, 1);
    text->fresh = false;
}

static size_t digits_of(uint64_t number, char digits[20])
{
    char turned[20];
    size_t count = 0;

    do
        turned[count++] = (char)('0' + number % 10);
    while (number /= 10);
    for (size_t i = 0; i < count; i++)
        digits[i] = turned[count - 1 - i];
    return count;
}

void json_put_number(struct text *text, const char *name, uint64_t number)
{
    char digits[20];

    begin(text, name);
    text_add(text, digits, digits_of(number, digits));
}

void json_put_signed(struct text *text, const char *name, int64_t number)
{
    char digits[20];
    size_t length = digits_of(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, digits);

    begin(text, name);
    text_add(text, "-", number < 0);
    text_add(text, digits, length);
}

void json_put_seconds(struct text *text, const char *name, double seconds)
{
    uint64_t micros = seconds > 0 ? (uint64_t)(seconds * 1e6 + 0.5) : 0, rest = micros % 1000000;
    char digits[32];
    size_t length = digits_of(micros / 1000000, digits);

    begin(text, name);
    if (rest) {
        digits[length++] = '.';
        for (uint64_t unit = 100000; rest; rest %= unit, unit /= 10)
            digits[length++] = (char)('0' + rest / unit);
    }
    text_add(text, digits, length);
}

void json_put_bool(struct text *text, const char *name, bool value)
{
    begin(text, name);
    text_add(text, value ? "true" : "false", value ? 4 : 5);
}

void json_put_bytes(struct text *text, const char *name, const char *value, size_t length)
{
    char bytes[JSON_ESCAPE_MAX];
    size_t size;

    begin(text, name);
    text_add(text, "\"", 1);
    for (size_t taken; length; length -= taken, value += taken) {
        taken = json_escape(value, length, bytes, &size);
        text_add(text, bytes, size);
    }
    text_add(text, "\"", 1);
}

void json_put_text(struct text *text, const char *name, const char *value)
{
    if (value) {
        json_put_bytes(text, name, value, strlen(value));
    } else {
        begin(text, name);
        text_add(text, "null", 4);
    }
}
