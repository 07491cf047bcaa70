/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads tables of charset_map, and recodes answers with them. */
#include "http/modules/output/charset_map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/protocol/text.h"

enum {
    ASCII_END = 0x80,
    PIECE = 4096,    /* bytes recoded at a time */
    ENTITY_MAX = 12, /* bytes of "&#1114111;" and a NUL */
    CHARACTER_END = 0x110000
};

/* ---- reading ---- */

/* Up to `most` bytes written in hexadecimal. 0: it is something else. */
static unsigned charset_read_bytes(const char *text, char *bytes, unsigned most)
{
    size_t digits = strlen(text);
    unsigned count = 0;

    if (digits == 0 || digits > 2 * (size_t)most)
        return 0;
    if (digits % 2) { /* a single digit is a byte too */
        bytes[count] = (char)http_hex(*text);
        if (http_hex(*text++) < 0)
            return 0;
        count++;
    }
    for (; *text; text += 2) {
        int high = http_hex(text[0]), low = http_hex(text[1]);

        if (high < 0 || low < 0)
            return 0;
        bytes[count++] = (char)(high * 16 + low);
    }
    return count;
}

/* `80 E282AC;`: the way back is written down too, as far as it fits into a table of bytes. */
static int charset_read_line(struct conf *conf, const struct conf_node *line, struct http_charset_map *map)
{
    char from[1], to[HTTP_UTF8_MAX];
    unsigned length = line->block || line->arg_count != 1 ? 0 : 1;
    uint8_t byte;

    if (!length)
        return conf_fail(conf, line, "invalid parameters number");
    if (!charset_read_bytes(line->name, from, 1))
        return conf_fail(conf, line, "invalid value \"%s\"", line->name);
    length = charset_read_bytes(line->args[0], to, map->utf8 ? HTTP_UTF8_MAX : 1);
    if (!length)
        return conf_fail(conf, line, "invalid value \"%s\"", line->args[0]);
    byte = (uint8_t)*from;
    if (map->utf8) {
        map->wide[byte].length = (uint8_t)length;
        memcpy(map->wide[byte].bytes, to, length);
        if (length == 1 && (uint8_t)*to < ASCII_END)
            map->backward[(uint8_t)*to] = byte;
    } else {
        map->forward[byte] = (uint8_t)*to;
        map->backward[(uint8_t)*to] = byte;
    }
    return 0;
}

int http_charset_map_read(struct conf *conf, const struct conf_node *node, struct http_charset_map **list)
{
    struct http_charset_map *map = pool_calloc(conf->pool, sizeof *map, "charset_map");
    int result = 0;

    if (!map)
        return conf_fail_memory(conf);
    map->from = node->args[0];
    map->to = node->args[1];
    map->utf8 = !strcasecmp(map->to, "utf-8");
    if (!strcasecmp(map->from, map->to))
        return conf_fail(conf, node, "\"charset_map\" between the same charsets \"%s\" and \"%s\"", map->from,
                         map->to);
    for (const struct http_charset_map *other = *list; other; other = other->next)
        if ((!strcasecmp(map->from, other->from) && !strcasecmp(map->to, other->to)) ||
            (!strcasecmp(map->from, other->to) && !strcasecmp(map->to, other->from)))
            return conf_fail(conf, node, "duplicate \"charset_map\" between \"%s\" and \"%s\"", map->from,
                             map->to);
    for (unsigned i = 0; i < 256; i++) {
        map->forward[i] = map->backward[i] = i < ASCII_END ? (uint8_t)i : '?';
        map->wide[i] = (struct http_utf8_character){1, {i < ASCII_END ? (char)i : '?'}};
    }
    for (const struct conf_node *line = node->children; line && !result; line = line->next)
        result = charset_read_line(conf, line, map);
    map->next = *list;
    *list = map;
    return result;
}

static bool charset_named(struct http_text text, const char *name)
{
    return strlen(name) == text.length && !strncasecmp(text.bytes, name, text.length);
}

bool http_charset_find(const struct http_charset_map *list, struct http_text from, struct http_text to,
                       struct http_recoding *recoding)
{
    for (; list; list = list->next) {
        bool forth = charset_named(from, list->from) && charset_named(to, list->to);

        if (!forth && !(charset_named(from, list->to) && charset_named(to, list->from)))
            continue;
        *recoding = (struct http_recoding){list, !forth};
        return true;
    }
    return false;
}

/* ---- an answer ---- */

struct recoder {
    struct http_transform transform; /* first */
    struct http_recoding recoding;
    unsigned held; /* bytes of a character whose end is still to come */
    char character[HTTP_UTF8_MAX];
};

/* Recoded bytes, until they are passed on. */
struct made {
    struct recoder *recoder;
    struct http_request *request;
    size_t length;
    int result; /* of the first call that failed */
    char bytes[PIECE];
};

static void recoder_hand_on(struct made *made, enum http_piece piece)
{
    if (!made->result)
        made->result = http_pass(made->recoder->transform.next, made->request,
                                 (struct http_text){made->bytes, made->length}, piece);
    made->length = 0;
}

static void recoder_make(struct made *made, const char *bytes, size_t length)
{
    if (made->length + length > sizeof made->bytes)
        recoder_hand_on(made, HTTP_PIECE_MORE);
    memcpy(made->bytes + made->length, bytes, length);
    made->length += length;
}

/* Length of the character that begins with this byte; 0: none does. */
static unsigned recoder_length_of(char first)
{
    uint8_t byte = (uint8_t)first;

    if (byte < ASCII_END)
        return 1;
    return byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

/* The number of a whole character; CHARACTER_END or more: it is invalid. */
static uint32_t recoder_decode(const char *bytes, unsigned length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t number = (uint8_t)*bytes & (0xffu >> (length + 1));

    for (unsigned i = 1; i < length; i++)
        number = number << 6 | ((uint8_t)bytes[i] & 0x3f);
    return number < least[length] ? CHARACTER_END : number;
}

/* A character that the charset lacks becomes an HTML entity, as in nginx. */
static void recoder_narrow(struct made *made, const char *bytes, unsigned length)
{
    const struct http_charset_map *map = made->recoder->recoding.map;
    char entity[ENTITY_MAX];
    uint32_t number;

    if (length == 1) {
        recoder_make(made, (const char *)&map->backward[(uint8_t)*bytes], 1);
        return;
    }
    for (unsigned byte = 256; byte-- > 0;) { /* the highest are the most likely */
        char out = (char)byte;

        if (map->wide[byte].length != length || memcmp(map->wide[byte].bytes, bytes, length) != 0)
            continue;
        recoder_make(made, &out, 1);
        return;
    }
    number = recoder_decode(bytes, length);
    if (number >= CHARACTER_END)
        recoder_make(made, "?", 1);
    else
        recoder_make(made, entity, (size_t)snprintf(entity, sizeof entity, "&#%u;", number));
}

static void recoder_narrow_all(struct made *made, struct http_text in)
{
    struct recoder *recoder = made->recoder;

    for (size_t i = 0; i < in.length; i++) {
        bool continues = ((uint8_t)in.bytes[i] & 0xc0) == 0x80;

        if (recoder->held && !continues) { /* the last one was cut short */
            recoder_make(made, "?", 1);
            recoder->held = 0;
        }
        if (!recoder->held && !recoder_length_of(in.bytes[i])) {
            recoder_make(made, "?", 1);
            continue;
        }
        recoder->character[recoder->held++] = in.bytes[i];
        if (recoder->held < recoder_length_of(*recoder->character))
            continue;
        recoder_narrow(made, recoder->character, recoder->held);
        recoder->held = 0;
    }
}

/* The transform. A character may be cut by the end of a piece: only the narrow way has to remember it. */
static int recoder_write(struct http_transform *transform, struct http_request *request, struct http_text in,
                         enum http_piece piece)
{
    struct recoder *recoder = (struct recoder *)(void *)transform;
    const struct http_charset_map *map = recoder->recoding.map;
    const uint8_t *table = recoder->recoding.back ? map->backward : map->forward;
    struct made made;

    made.recoder = recoder;
    made.request = request;
    made.length = 0;
    made.result = 0;
    if (map->utf8 && recoder->recoding.back) {
        recoder_narrow_all(&made, in);
        if (piece == HTTP_PIECE_LAST && recoder->held)
            recoder_make(&made, "?", 1);
    } else {
        for (size_t i = 0; i < in.length; i++) {
            uint8_t byte = (uint8_t)in.bytes[i];
            char out = (char)table[byte];

            if (map->utf8)
                recoder_make(&made, map->wide[byte].bytes, map->wide[byte].length);
            else
                recoder_make(&made, &out, 1);
        }
    }
    recoder_hand_on(&made, piece);
    return made.result;
}

int http_recode(struct http_request *request, const struct http_recoding *recoding)
{
    struct recoder *recoder = pool_calloc(request->pool, sizeof *recoder, "charset");
    int64_t length = request->response.content_length;

    if (!recoder)
        return -ENOMEM;
    recoder->transform.write = recoder_write;
    recoder->recoding = *recoding;
    http_add_transform(request, &recoder->transform);
    if (http_recoding_same_length(recoding))
        request->response.content_length = length;
    return 0;
}
