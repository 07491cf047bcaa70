/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the answer of a running server, which `tidepool top`, `follow` and `advise` read. The text is
 * taken if, and only if, it follows the grammar of RFC 8259, which stands here a second time, over an index
 * and without memory. What was read is written, and read again as the same.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/pool.h"
#include "server/tools/json.h"
#include "tests/fuzz/check.h"

/* ---- the grammar ---- */

static size_t blanks(const char *text, size_t at)
{
    while (text[at] && strchr(" \t\n\r", text[at]))
        at++;
    return at;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t digits(const char *text, size_t at)
{
    while (is_digit(text[at]))
        at++;
    return at;
}

/* Each of these returns where its part ends; 0: it is none. Section 6. */
static size_t number(const char *text, size_t at)
{
    size_t begin;

    at += text[at] == '-';
    begin = at;
    at = digits(text, at);
    if (at == begin || (text[begin] == '0' && at > begin + 1))
        return 0;
    if (text[at] == '.') {
        begin = at + 1;
        at = digits(text, begin);
        if (at == begin)
            return 0;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        begin = at + 1 + (text[at + 1] == '-' || text[at + 1] == '+');
        at = digits(text, begin);
        if (at == begin)
            return 0;
    }
    return at;
}

/* Section 7. */
static size_t string(const char *text, size_t at)
{
    if (text[at++] != '"')
        return 0;
    for (; text[at] != '"'; at++) {
        if ((unsigned char)text[at] < 0x20)
            return 0;
        if (text[at] != '\\')
            continue;
        at++;
        if (text[at] == 'u') {
            for (int i = 0; i < 4; i++)
                if (!text[++at] || !strchr("0123456789abcdefABCDEF", text[at]))
                    return 0;
        } else if (!text[at] || !strchr("\"\\/bfnrt", text[at])) {
            return 0;
        }
    }
    return at + 1;
}

/* Sections 3 to 5. `depth`: of what is not empty, as the reader counts. */
static size_t value(const char *text, size_t at, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null"};
    bool object = text[at] == '{';
    char end = object ? '}' : ']';

    if (text[at] == '"')
        return string(text, at);
    if (!object && text[at] != '[') {
        for (unsigned i = 0; i < 3; i++)
            if (!strncmp(text + at, words[i], strlen(words[i])))
                return at + strlen(words[i]);
        return number(text, at);
    }
    at = blanks(text, at + 1);
    if (text[at] == end)
        return at + 1;
    if (++depth > JSON_DEPTH)
        return 0;
    for (;;) {
        if (object) {
            at = string(text, at);
            at = at ? blanks(text, at) : 0;
            if (!at || text[at] != ':')
                return 0;
            at = blanks(text, at + 1);
        }
        at = value(text, at, depth);
        at = at ? blanks(text, at) : 0;
        if (!at || (text[at] != ',' && text[at] != end))
            return 0;
        if (text[at] == end)
            return at + 1;
        at = blanks(text, at + 1);
    }
}

static bool is_json(const char *text)
{
    size_t at = value(text, blanks(text, 0), 0);

    return at && !text[blanks(text, at)];
}

/* ---- there and back ---- */

struct writer {
    char *bytes;
    size_t length, size;
};

static void put(struct writer *to, const char *bytes)
{
    size_t length = strlen(bytes);

    CHECK(to->length + length < to->size);
    memcpy(to->bytes + to->length, bytes, length + 1);
    to->length += length;
}

static void put_string(struct writer *to, const char *text)
{
    char escaped[8] = "";

    put(to, "\"");
    for (; *text; text++) {
        bool plain = (unsigned char)*text >= 0x20 && *text != '"' && *text != '\\';

        snprintf(escaped, sizeof escaped, plain ? "%c" : "\\u%04X", plain ? *text : (unsigned char)*text);
        put(to, escaped);
    }
    put(to, "\"");
}

static void put_json(struct writer *to, const struct json *json)
{
    static const char *const words[] = {"null", "false", "true"};
    char figure[32];

    if (json->kind <= JSON_TRUE) {
        put(to, words[json->kind]);
    } else if (json->kind == JSON_NUMBER) {
        snprintf(figure, sizeof figure, "%.17g", json->number);
        put(to, isfinite(json->number) ? figure : json->number < 0 ? "-1e999" : "1e999");
    } else if (json->kind == JSON_TEXT) {
        put_string(to, json->text);
    } else {
        put(to, json->kind == JSON_OBJECT ? "{" : "[");
        for (const struct json *member = json->first; member; member = member->next) {
            if (json->kind == JSON_OBJECT) {
                put_string(to, member->name);
                put(to, ":");
            }
            put_json(to, member);
            put(to, member->next ? "," : "");
        }
        put(to, json->kind == JSON_OBJECT ? "}" : "]");
    }
}

static void check_again(struct pool *pool, const struct json *json, size_t size)
{
    /* No value is longer written than 24 times what it was read from: 1e9 has 10 digits, 1 byte 6. */
    struct writer first = {malloc(24 * size + 32), 0, 24 * size + 32}, second = first;
    char *text;

    second.bytes = malloc(second.size);
    CHECK(first.bytes && second.bytes);
    put_json(&first, json);
    text = strdup(first.bytes);
    CHECK(text && (json = json_read(pool, text)));
    put_json(&second, json);
    CHECK(first.length == second.length && !memcmp(first.bytes, second.bytes, first.length));
    free(text);
    free(first.bytes);
    free(second.bytes);
}

/* Nothing is too odd to be looked for. */
static void look(const struct json *json)
{
    const char *path = "";

    for (const struct json *at = json; at; at = at->first)
        if (at->name)
            path = at->name;
    CHECK(json_at(json, "") == json && !json_at(NULL, path));
    (void)json_at(json, path);
    CHECK(!isnan(json_number(json, path)) && json_text(json, path));
    CHECK(!json_true(json, path) || json_at(json, path)->kind == JSON_TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool *pool = pool_create(&(struct pool_options){.name = "json"});
    char *text = malloc(size + 1);
    const struct json *json;
    bool good;

    CHECK(pool && text);
    memcpy(text, data, size);
    text[size] = '\0';
    good = is_json(text);
    json = json_read(pool, text);
    CHECK(good == (json != NULL));
    if (json) {
        look(json);
        check_again(pool, json, size);
    }
    free(text);
    pool_destroy(pool);
    return 0;
}
