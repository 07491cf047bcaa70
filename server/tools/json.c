/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader by recursive descent; texts are decoded in place. */
#include "server/tools/json.h"

#include <stdlib.h>
#include <string.h>

#include "pool/pool.h"

struct reader {
    struct pool *pool;
    char *at;
    unsigned depth;
};

static struct json *read_value(struct reader *reader);

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

/* Whether `byte` comes next, behind blanks; then it is passed over. A blank behind it may be a text's own. */
static bool passes(struct reader *reader, char byte)
{
    skip_blanks(reader);
    if (*reader->at != byte)
        return false;
    reader->at++;
    return true;
}

/* ---- texts ---- */

/* Four hexadecimal digits; -1: something else. */
static int read_unit(const char *at)
{
    int unit = 0;

    for (int i = 0; i < 4; i++) {
        char byte = at[i];

        if (byte >= '0' && byte <= '9')
            unit = unit * 16 + byte - '0';
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            unit = unit * 16 + (byte | 0x20) - 'a' + 10;
        else
            return -1;
    }
    return unit;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* \uXXXX, or two of them beyond 16 bits; a half alone is U+FFFD. Never longer than the escape. */
static char *read_code(struct reader *reader, char *to)
{
    int unit = read_unit(reader->at), low;
    unsigned code = (unsigned)unit;

    if (unit < 0)
        return NULL;
    reader->at += 4;
    if (code >= 0xd800 && code < 0xe000) {
        low = code < 0xdc00 && reader->at[0] == '\\' && reader->at[1] == 'u' ? read_unit(reader->at + 2) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            reader->at += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + ((unsigned)low - 0xdc00);
        } else {
            code = 0xfffd;
        }
    }
    return put_utf8(to, code);
}

/* Reads from behind the opening quote. NULL: the string is invalid or has no end. */
static char *read_string(struct reader *reader)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char *begin = reader->at, *to = begin;

    while (*reader->at != '"') {
        const char *escape;

        if ((unsigned char)*reader->at < 0x20)
            return NULL;
        if (*reader->at != '\\') {
            *to++ = *reader->at++;
            continue;
        }
        reader->at++;
        escape = *reader->at ? strchr(names, *reader->at) : NULL;
        if (escape) {
            *to++ = values[escape - names];
            reader->at++;
        } else if (*reader->at++ != 'u' || !(to = read_code(reader, to))) {
            return NULL;
        }
    }
    reader->at++;
    *to = '\0';
    return begin;
}

/* ---- numbers and the rest ---- */

/* The digits at `at`, of which there has to be one. NULL: there is none. */
static const char *skip_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");

    return count ? at + count : NULL;
}

/* RFC 8259 section 6. strtod takes more, such as `1.` and infinities: its input is checked first. */
static bool read_figure(struct reader *reader, double *number)
{
    const char *at = reader->at + (*reader->at == '-');
    char *end;

    at = *at == '0' ? at + 1 : skip_digits(at);
    if (at && *at == '.')
        at = skip_digits(at + 1);
    if (at && (*at == 'e' || *at == 'E'))
        at = skip_digits(at + 1 + (at[1] == '+' || at[1] == '-'));
    if (!at)
        return false;
    *number = strtod(reader->at, &end);
    if (end != at)
        return false; /* a leading zero, or hexadecimal digits */
    reader->at = end;
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* The members between `[` or `{`, which has been passed, and `end`. */
static bool read_members(struct reader *reader, struct json *json, char end)
{
    struct json **link = &json->first;

    if (passes(reader, end))
        return true;
    if (++reader->depth > JSON_DEPTH)
        return false;
    do {
        const char *name = NULL;
        struct json *member;

        if (end == '}' && (!passes(reader, '"') || !(name = read_string(reader)) || !passes(reader, ':')))
            return false;
        member = read_value(reader);
        if (!member)
            return false;
        member->name = name;
        *link = member;
        link = &member->next;
    } while (passes(reader, ','));
    reader->depth--;
    return passes(reader, end);
}

/* A value of any kind. Any failure ends the whole reading. */
static struct json *read_value(struct reader *reader)
{
    struct json *json = pool_calloc(reader->pool, sizeof *json, "json");
    bool good;

    skip_blanks(reader);
    if (!json)
        return NULL;
    if (*reader->at == '{' || *reader->at == '[') {
        bool object = *reader->at++ == '{';

        json->kind = object ? JSON_OBJECT : JSON_ARRAY;
        good = read_members(reader, json, object ? '}' : ']');
    } else if (*reader->at == '"') {
        reader->at++;
        json->kind = JSON_TEXT;
        json->text = read_string(reader);
        good = json->text != NULL;
    } else if (read_word(reader, "true")) {
        json->kind = JSON_TRUE;
        good = true;
    } else if (read_word(reader, "false")) {
        json->kind = JSON_FALSE;
        good = true;
    } else if (read_word(reader, "null")) {
        good = true;
    } else {
        json->kind = JSON_NUMBER;
        good = read_figure(reader, &json->number);
    }
    return good ? json : NULL;
}

struct json *json_read(struct pool *pool, char *text)
{
    struct reader reader = {.pool = pool, .at = text};
    struct json *json = read_value(&reader);

    if (!json)
        return NULL; /* the reader may stand behind the text's end */
    skip_blanks(&reader);
    return *reader.at ? NULL : json;
}

/* ---- looking up ---- */

const struct json *json_at(const struct json *json, const char *path)
{
    while (json && *path) {
        size_t length = strcspn(path, ".");
        const struct json *member = json->first;

        while (member && (!member->name || strncmp(member->name, path, length) != 0 || member->name[length]))
            member = member->next;
        json = member;
        path += length + (path[length] == '.');
    }
    return json;
}

double json_number(const struct json *json, const char *path)
{
    const struct json *found = json_at(json, path);

    return found && found->kind == JSON_NUMBER ? found->number : 0;
}

bool json_true(const struct json *json, const char *path)
{
    const struct json *found = json_at(json, path);

    return found && found->kind == JSON_TRUE;
}

const char *json_text(const struct json *json, const char *path)
{
    const struct json *found = json_at(json, path);

    return found && found->kind == JSON_TEXT ? found->text : "";
}
