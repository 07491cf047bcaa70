/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiling: a part for each dollar. Writing: part by part. */
#include "http/text/template.h"

#include "http/text/growing.h"

static bool in_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_';
}

/* The name behind a dollar; *end is the byte after it, and after its bracket. 0 or -EINVAL. */
static int read_name(struct conf *conf, const struct conf_node *node, const char *dollar,
                     struct http_text *name, const char **end)
{
    const char *at = dollar + 1;
    bool bracket = *at == '{';

    if (*at >= '1' && *at <= '9') {
        *name = (struct http_text){at, 1};
        *end = at + 1;
        return 0;
    }
    if (bracket)
        at++;
    name->bytes = at;
    while (in_name(*at))
        at++;
    name->length = (size_t)(at - name->bytes);
    if (bracket && *at != '}')
        return conf_fail(conf, node, "the closing bracket in \"%.*s\" variable is missing", (int)name->length,
                         name->bytes);
    if (!name->length)
        return conf_fail(conf, node, "invalid variable name");
    *end = at + bracket;
    return 0;
}

int http_template_compile(struct conf *conf, const struct conf_node *node, const char *text,
                          struct http_template *to)
{
    unsigned dollars = 0;

    *to = (struct http_template){.constant = http_text_of(text)};
    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$'))
        dollars++;
    if (!dollars)
        return 0;
    to->parts = pool_array(conf->pool, (size_t)dollars + 1, sizeof *to->parts, "template");
    if (!to->parts)
        return conf_fail_memory(conf);
    for (const char *at = text; *at;) {
        struct http_template_part *part = &to->parts[to->part_count++];
        size_t length = strcspn(at, "$");
        struct http_text name;
        int result;

        part->literal = (struct http_text){at, length};
        part->variable.get = NULL;
        at += length;
        if (!*at)
            break;
        result = read_name(conf, node, at, &name, &at);
        if (!result)
            result = http_variable_find(conf, node, name, &part->variable);
        if (result)
            return result;
    }
    return 0;
}

bool http_template_write_slow(const struct http_template *template, struct http_request *request,
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
        if (!http_growing_add(&growing, part->literal) || !http_growing_add(&growing, value))
            return false;
    }
    *text = http_growing_end(&growing);
    return !request->route.gave_up;
}
