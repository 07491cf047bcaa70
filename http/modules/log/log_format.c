/* SPDX-License-Identifier: BSD-2-Clause */
/* A format is compiled once; a line is measured, then written. */
#include "http/modules/log/log_format.h"

#include <string.h>

#include "http/modules/log/log_escape.h"
#include "pool/annotate.h"
#include "server/log/json_text.h"

enum { LITERAL = sizeof((struct http_log_part *)0)->literal };

static const char combined[] =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

/* Parts that a literal takes: all but the last are full, and the last may be empty. */
static size_t log_format_parts_of(const struct http_template_part *part)
{
    return part->literal.length / LITERAL + 1;
}

/* A long literal fills parts of its own; what is left of it stands before the variable. */
static void log_format_take_part(const struct http_template_part *from, struct http_log_format *format)
{
    struct http_log_part *to = &format->parts[format->part_count];
    size_t left = from->literal.length;

    for (; left >= LITERAL; left -= LITERAL, to++) {
        memcpy(to->literal, from->literal.bytes + from->literal.length - left, LITERAL);
        to->length = LITERAL;
    }
    memcpy(to->literal, from->literal.bytes + from->literal.length - left, left);
    to->length = (uint32_t)left;
    format->part_count += (unsigned)log_format_parts_of(from);
    format->fixed += from->literal.length;
    if (!from->variable.get)
        return;
    if (from->variable.print) {
        to->kind = HTTP_LOG_PRINTED;
        to->print = from->variable.print;
        format->fixed += HTTP_PRINT_MAX;
    } else {
        to->kind = HTTP_LOG_VALUE;
        format->fixed += sizeof "-" - 1;
        format->values[format->value_count++] = from->variable;
    }
}

/* `text` becomes the format's parts, and lives as long. */
static int log_format_compile(struct conf *conf, const struct conf_node *node, const char *text,
                              struct http_log_format *format)
{
    struct http_template template;
    struct http_template_part whole;
    size_t parts = 0;
    int result = http_template_compile(conf, node, text, &template);

    if (result)
        return result;
    if (http_template_constant(&template)) {
        whole = (struct http_template_part){.literal = template.constant};
        template.parts = &whole;
        template.part_count = 1;
    }
    if (template.part_count > HTTP_LOG_PARTS)
        return conf_fail(conf, node, "log format \"%s\" has more than %d parts", format->name,
                         HTTP_LOG_PARTS);
    for (unsigned i = 0; i < template.part_count; i++)
        parts += log_format_parts_of(&template.parts[i]);
    format->parts = pool_calloc(conf->pool, parts * sizeof *format->parts, "log format");
    format->values = pool_array(conf->pool, template.part_count, sizeof *format->values, "log format");
    if (!format->parts || !format->values)
        return conf_fail_memory(conf);
    format->fixed = LITERAL + 1; /* the newline, and what may be written behind the last literal */
    for (unsigned i = 0; i < template.part_count; i++)
        log_format_take_part(&template.parts[i], format);
    return 0;
}

struct http_log_format *http_log_format_combined(struct conf *conf)
{
    struct http_log_format *format = pool_calloc(conf->pool, sizeof *format, "log format");

    if (!format) {
        (void)conf_fail_memory(conf);
        return NULL;
    }
    format->name = "combined";
    return log_format_compile(conf, NULL, combined, format) ? NULL : format;
}

static int log_format_read_escape(struct conf *conf, const struct conf_node *node, const char *name,
                                  struct http_log_format *format)
{
    static const char *const names[] = {[HTTP_LOG_ESCAPE_DEFAULT] = "default",
                                        [HTTP_LOG_ESCAPE_JSON] = "json",
                                        [HTTP_LOG_ESCAPE_NONE] = "none"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(names[i], name)) {
            format->escape = (enum http_log_escape)i;
            return 0;
        }
    }
    return conf_fail(conf, node, "unknown log format escaping \"%s\"", name);
}

struct http_log_format *http_log_format_read(struct conf *conf, const struct conf_node *node)
{
    static const char escape[] = "escape=";
    struct http_log_format *format = pool_calloc(conf->pool, sizeof *format, "log format");
    bool escaped = node->arg_count > 1 && !strncmp(node->args[1], escape, sizeof escape - 1);
    size_t length = 1;
    char *text, *at;

    for (unsigned i = 1 + escaped; i < node->arg_count; i++)
        length += strlen(node->args[i]);
    text = format ? pool_nalloc(conf->pool, length, "log format") : NULL;
    if (!text) {
        (void)conf_fail_memory(conf);
        return NULL;
    }
    format->name = node->args[0];
    if (escaped && log_format_read_escape(conf, node, node->args[1] + sizeof escape - 1, format))
        return NULL;
    at = text;
    for (unsigned i = 1 + escaped; i < node->arg_count; i++)
        at = stpcpy(at, node->args[i]);
    *at = '\0';
    return log_format_compile(conf, node, text, format) ? NULL : format;
}

/* ---- a line ---- */

/* Bytes of a value once it is escaped; 0: it is written as it is. */
static uint32_t log_format_measure_escape(enum http_log_escape escape, struct http_text value)
{
    if (escape == HTTP_LOG_ESCAPE_NONE || !http_log_odd(value))
        return 0;
    return escape == HTTP_LOG_ESCAPE_JSON ? (uint32_t)json_measure(value.bytes, value.length)
                                          : http_log_escape_measure(value);
}

size_t http_log_measure(const struct http_log_format *format, struct http_request *request,
                        struct http_log_line *line)
{
    size_t length = format->fixed;

    for (unsigned i = 0; i < format->value_count; i++) {
        struct http_text *value = &line->values[i];

        if (http_variable_get(request, &format->values[i], value) == HTTP_VALUE_FOUND) {
            line->escaped[i] = log_format_measure_escape(format->escape, *value);
            length += line->escaped[i] ? line->escaped[i] : value->length;
            continue;
        }
        line->escaped[i] = 0;
        if (format->escape == HTTP_LOG_ESCAPE_DEFAULT)
            *value = HTTP_TEXT("-");
        length += value->length;
    }
    return length;
}

UNGUARDED char *http_log_write_plain(const struct http_log_format *format, struct http_request *request,
                                     char *to, size_t room)
{
    const struct http_log_part *part = format->parts, *end = part + format->part_count;
    const struct http_variable *variable = format->values;
    size_t left = room - format->fixed; /* for values */

    if (room < format->fixed)
        return NULL;
    for (; part < end; part++) {
        struct http_text value;

        memcpy(to, part->literal, LITERAL); /* the excess is overwritten */
        to += part->length;
        if (part->kind == HTTP_LOG_PRINTED) {
            to = part->print(request, to);
        } else if (part->kind == HTTP_LOG_VALUE) {
            if (http_variable_get(request, variable++, &value) != HTTP_VALUE_FOUND) {
                *to = '-';
                to += format->escape == HTTP_LOG_ESCAPE_DEFAULT;
                continue; /* `fixed` has room for it */
            }
            if (value.length > left || (http_log_copy(to, value) && format->escape != HTTP_LOG_ESCAPE_NONE))
                return NULL;
            left -= value.length;
            to += value.length;
        }
    }
    *to = '\n';
    return to + 1;
}

/* memcpy, without a call for the short texts that lines are mostly made of. */
static inline char *log_format_put(char *to, const char *from, size_t length)
{
    if (length > 16) {
        memcpy(to, from, length);
    } else if (length >= 8) {
        uint64_t first, last;

        memcpy(&first, from, sizeof first);
        memcpy(&last, from + length - sizeof last, sizeof last);
        memcpy(to, &first, sizeof first);
        memcpy(to + length - sizeof last, &last, sizeof last);
    } else {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
    }
    return to + length;
}

static char *log_format_put_escaped(enum http_log_escape escape, char *to, struct http_text value)
{
    return escape == HTTP_LOG_ESCAPE_JSON ? json_write(to, value.bytes, value.length)
                                          : http_log_escape_write(to, value);
}

UNGUARDED char *http_log_write(const struct http_log_format *format, struct http_request *request,
                               const struct http_log_line *line, char *to)
{
    const struct http_log_part *part = format->parts, *end = part + format->part_count;
    const struct http_text *value = line->values;
    const uint32_t *escaped = line->escaped;

    for (; part < end; part++) {
        memcpy(to, part->literal, LITERAL); /* the excess is overwritten */
        to += part->length;
        if (part->kind == HTTP_LOG_PRINTED) {
            to = part->print(request, to);
        } else if (part->kind == HTTP_LOG_VALUE) {
            to = *escaped == 0 ? log_format_put(to, value->bytes, value->length)
                               : log_format_put_escaped(format->escape, to, *value);
            value++;
            escaped++;
        }
    }
    *to = '\n';
    return to + 1;
}
