/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/log_format.h"

#include <errno.h>
#include <string.h>

#include "http/modules/log_escape.h"

static const char combined[] =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

/* `text` becomes the format's parts, and lives as long. */
static int compile(struct conf *conf, const struct conf_node *node, const char *text,
                   struct http_log_format *format)
{
    struct http_template template;
    unsigned variables = 0;
    int result = http_template_compile(conf, node, text, &template);

    if (result)
        return result;
    if (http_template_constant(&template)) {
        template.parts = pool_calloc(conf->pool, sizeof *template.parts, "log format");
        if (!template.parts)
            return conf_fail_memory(conf);
        template.parts->literal = template.constant;
        template.part_count = 1;
    }
    format->parts = template.parts;
    format->part_count = template.part_count;
    format->literals = 1;
    for (unsigned i = 0; i < format->part_count; i++) {
        format->literals += format->parts[i].literal.length;
        variables += format->parts[i].variable.get != NULL;
    }
    if (variables > HTTP_LOG_VARIABLES)
        return conf_fail(conf, node, "log format \"%s\" has more than %d variables", format->name,
                         HTTP_LOG_VARIABLES);
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
    return compile(conf, NULL, combined, format) ? NULL : format;
}

static int read_escape(struct conf *conf, const struct conf_node *node, const char *name,
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
    if (escaped && read_escape(conf, node, node->args[1] + sizeof escape - 1, format))
        return NULL;
    at = text;
    for (unsigned i = 1 + escaped; i < node->arg_count; i++)
        at = stpcpy(at, node->args[i]);
    *at = '\0';
    return compile(conf, node, text, format) ? NULL : format;
}

/* ---- a line ---- */

static uint32_t measure_escape(enum http_log_escape escape, struct http_text value)
{
    switch (escape) {
    case HTTP_LOG_ESCAPE_DEFAULT:
        return http_log_escape_measure(value);
    case HTTP_LOG_ESCAPE_JSON:
        return http_log_json_measure(value);
    case HTTP_LOG_ESCAPE_NONE:
        break;
    }
    return 0;
}

size_t http_log_measure(const struct http_log_format *format, struct http_request *request,
                        struct http_log_line *line)
{
    size_t length = format->literals;
    unsigned index = 0;

    for (const struct http_template_part *part = format->parts; part < format->parts + format->part_count;
         part++) {
        struct http_text *value = &line->values[index];

        if (!part->variable.get)
            continue;
        line->escaped[index] = 0;
        if (http_variable_get(request, &part->variable, value) == HTTP_NOT_FOUND) {
            if (format->escape == HTTP_LOG_ESCAPE_DEFAULT)
                *value = HTTP_TEXT("-");
        } else if (!part->variable.plain) {
            line->escaped[index] = measure_escape(format->escape, *value);
        }
        length += value->length + line->escaped[index];
        index++;
    }
    return length;
}

/* memcpy, without a call for the short texts that lines are mostly made of. */
static inline char *put(char *to, const char *from, size_t length)
{
    if (length >= 8 && length <= 16) {
        uint64_t first, last;

        memcpy(&first, from, 8);
        memcpy(&last, from + length - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + length - 8, &last, 8);
    } else if (length < 8) {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
    } else {
        memcpy(to, from, length);
    }
    return to + length;
}

void http_log_write(const struct http_log_format *format, const struct http_log_line *line, char *to)
{
    unsigned index = 0;

    for (const struct http_template_part *part = format->parts; part < format->parts + format->part_count;
         part++) {
        const struct http_text *value = &line->values[index];

        to = put(to, part->literal.bytes, part->literal.length);
        if (!part->variable.get)
            continue;
        if (line->escaped[index] == 0)
            to = put(to, value->bytes, value->length);
        else if (format->escape == HTTP_LOG_ESCAPE_JSON)
            to = http_log_json_write(to, *value);
        else
            to = http_log_escape_write(to, *value);
        index++;
    }
    *to = '\n';
}
