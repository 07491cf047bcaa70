/* SPDX-License-Identifier: BSD-2-Clause */
/* Escaping and unescaping as nginx does it, and the client's arguments behind the new ones. */
#include "http/modules/rewrite/rewrite_text.h"

#include <string.h>

#include "http/protocol/text.h"
#include "http/text/growing.h"
#include "http/text/variables_table.h"

/* Whether the client had escaped its path: only then are captures escaped. */
static bool rewrite_was_escaped(const struct http_request *request)
{
    struct http_text target = request->target;
    const char *mark = memchr(target.bytes, '?', target.length);
    size_t length = mark ? (size_t)(mark - target.bytes) : target.length;

    return memchr(target.bytes, '%', length) || memchr(target.bytes, '+', length);
}

static bool rewrite_must_escape(unsigned char byte)
{
    return byte <= ' ' || byte >= 0x7f || strchr("\"#%&+;<>?", byte);
}

static bool rewrite_add_escaped(struct http_growing *growing, struct http_text text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = http_growing_room(growing, 3 * text.length);

    if (!to)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if (rewrite_must_escape(byte)) {
            *to++ = '%';
            *to++ = digits[byte >> 4];
            *to++ = digits[byte & 15];
        } else {
            *to++ = (char)byte;
        }
    }
    growing->length = (size_t)(to - growing->bytes);
    return true;
}

/* The template with its captures escaped. */
static bool rewrite_write_escaped(const struct http_template *template, struct http_request *request,
                                  struct http_text *text)
{
    struct http_growing growing;

    if (!http_growing_begin(&growing, request->pool, template->constant.length + 63))
        return false;
    for (unsigned i = 0; i < template->part_count; i++) {
        const struct http_template_part *part = &template->parts[i];
        struct http_text value = {"", 0};

        if (part->variable.get)
            (void)http_variable_get(request, &part->variable, &value);
        if (!http_growing_add(&growing, part->literal))
            return false;
        if (!(part->variable.get == http_get_capture ? rewrite_add_escaped(&growing, value)
                                                     : http_growing_add(&growing, value)))
            return false;
    }
    *text = http_growing_end(&growing);
    return !request->route.gave_up;
}

static bool rewrite_write(const struct http_template *template, struct http_request *request,
                          struct http_text *text)
{
    if (!http_template_constant(template) && request->capture_count && rewrite_was_escaped(request))
        return rewrite_write_escaped(template, request, text);
    return http_template_write(template, request, text);
}

/* In place; stops at a ?, also at one that was escaped. What must stay escaped in a URL stays. */
static size_t rewrite_unescape(char *bytes, size_t length)
{
    char *to = bytes;
    size_t i = 0;

    while (i < length && bytes[i] != '?') {
        int high = i + 2 < length && bytes[i] == '%' ? http_hex(bytes[i + 1]) : -1;
        int byte = high >= 0 && http_hex(bytes[i + 2]) >= 0 ? high * 16 + http_hex(bytes[i + 2]) : -1;

        if (byte <= '%' || byte >= 0x7f) {
            *to++ = bytes[i++];
            continue;
        }
        *to++ = (char)byte;
        i += 3;
        if (byte == '?')
            break;
    }
    memmove(to, bytes + i, length - i);
    return (size_t)(to - bytes) + length - i;
}

/* `text`, then the client's arguments behind `between`. */
static bool rewrite_add_args(struct http_request *request, struct http_text *text, char between,
                             struct http_text args)
{
    char *bytes = pool_nalloc(request->pool, text->length + args.length + 2, "rewrite");

    if (!bytes)
        return false;
    memcpy(bytes, text->bytes, text->length);
    bytes[text->length] = between;
    memcpy(bytes + text->length + 1, args.bytes, args.length);
    *text = (struct http_text){bytes, text->length + 1 + args.length};
    bytes[text->length] = '\0';
    return true;
}

bool http_rewrite_location(struct http_request *request, const struct http_rewrite_rule *rule,
                           struct http_text *location)
{
    struct http_text text;
    char *copy;

    if (!rewrite_write(&rule->path, request, &text))
        return false;
    copy = pool_nalloc(request->pool, text.length + 1, "rewrite");
    if (!copy)
        return false;
    memcpy(copy, text.bytes, text.length);
    *location = (struct http_text){copy, rewrite_unescape(copy, text.length)};
    if (!rule->keeps_args || !request->args.length)
        return true;
    return rewrite_add_args(request, location, rule->has_args ? '&' : '?', request->args);
}

bool http_rewrite_path(struct http_request *request, const struct http_rewrite_rule *rule,
                       struct http_text *path, struct http_text *args)
{
    struct http_text old = *args;

    if (!http_template_write(&rule->path, request, path))
        return false;
    if (!rule->has_args) {
        if (!rule->keeps_args)
            *args = (struct http_text){"", 0};
        return true;
    }
    if (!rewrite_write(&rule->args, request, args))
        return false;
    return !rule->keeps_args || !old.length || rewrite_add_args(request, args, '&', old);
}
