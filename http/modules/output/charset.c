/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter that names the charset, and adds the recoder if the answer is in another one. */
#include "http/modules/output/charset.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "http/modules/output/charset_map.h"
#include "http/modules/output/type_list.h"
#include "http/text/field_text.h"
#include "http/text/template.h"
#include "server/log/log.h"

/* What all levels of a configuration share. */
struct charset_shared {
    struct http_charset_map *maps;
};

struct charset {
    struct charset_shared *shared;
    struct http_template charset, source; /* a name, or what variables say; "" and constant: none */
    const struct http_type_list *types;   /* null: the default ones */
};

static const struct http_type_list default_types[] = {
    {&default_types[1], {"text/html", 9}},
    {&default_types[2], {"text/xml", 8}},
    {&default_types[3], {"text/plain", 10}},
    {&default_types[4], {"text/vnd.wap.wml", 16}},
    {&default_types[5], {"application/javascript", 22}},
    {NULL, {"application/rss+xml", 19}},
};

/* ---- a request ---- */

static bool says_charset(struct http_text type)
{
    for (size_t i = 0; i + 8 <= type.length; i++)
        if (!strncasecmp(type.bytes + i, "charset=", 8))
            return true;
    return false;
}

static int charset_say(struct http_request *request, struct http_text name)
{
    struct http_text type = request->response.content_type;
    size_t length = type.length + sizeof "; charset=" - 1 + name.length;
    char *to = pool_nalloc(request->pool, length, "charset");

    if (!to)
        return -ENOMEM;
    memcpy(to, type.bytes, type.length);
    memcpy(to + type.length, "; charset=", sizeof "; charset=" - 1);
    memcpy(to + length - name.length, name.bytes, name.length);
    request->response.content_type = (struct http_text){to, length};
    return http_field_clean(request, &request->response.content_type) ? 0 : -ENOMEM;
}

/* Content-Type names the charset; the body is recoded if it is in another one. */
static int charset_run(struct http_request *request, void *section)
{
    const struct charset *settings = section;
    struct http_response *response = &request->response;
    struct http_recoding recoding;
    struct http_text name, source;
    bool same;
    int result;

    /* nginx: old browsers took a redirect's charset for that of the page it leads to. */
    if (request->status == 301 || request->status == 302 || says_charset(response->content_type) ||
        !http_type_listed(settings->types ? settings->types : default_types, response->content_type))
        return 0;
    if (!http_template_write(&settings->charset, request, &name) ||
        !http_template_write(&settings->source, request, &source))
        return -ENOMEM;
    if (!name.length)
        return 0;
    same = !source.length ||
           (source.length == name.length && !strncasecmp(source.bytes, name.bytes, name.length));
    /* A compressed answer cannot be recoded, so it is not in that charset. */
    if (!same && response->encoded)
        return 0;
    if (!same && !http_charset_find(settings->shared->maps, source, name, &recoding)) {
        http_log(request, LOG_LEVEL_ERROR, 0, "no \"charset_map\" between the charsets \"%.*s\" and \"%.*s\"",
                 (int)source.length, source.bytes, (int)name.length, name.bytes);
        return 0;
    }
    result = charset_say(request, name);
    if (result || same || (response->body == HTTP_BODY_NONE && !http_head_stands_for_body(request)))
        return result;
    return http_recode(request, &recoding);
}

/* ---- reading ---- */

static int charset_defaults(struct conf *conf, void *section)
{
    struct charset *settings = section;

    settings->shared = pool_calloc(conf->pool, sizeof *settings->shared, "charset");
    settings->charset.constant = settings->source.constant = HTTP_TEXT("");
    return settings->shared ? 0 : conf_fail_memory(conf);
}

static int charset_set_map(struct conf_setting *setting)
{
    struct charset *settings = setting->section;

    return http_charset_map_read(setting->conf, setting->node, &settings->shared->maps);
}

static int charset_set_name(struct conf_setting *setting)
{
    struct http_template *name = conf_setting_field(setting);
    const char *text = setting->node->args[0];

    memset(name, 0, sizeof *name);
    return http_template_compile(setting->conf, setting->node, strcmp(text, "off") != 0 ? text : "", name);
}

bool http_charset_is_utf8(const struct http_location *location)
{
    const struct charset *settings = http_section(location, HTTP_MODULE_CHARSET);

    return settings && http_template_constant(&settings->charset) && settings->charset.constant.length == 5 &&
           !strncasecmp(settings->charset.constant.bytes, "utf-8", 5);
}

static int charset_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct charset *settings = section;
    struct http_text to = settings->charset.constant, from = settings->source.constant;
    bool fixed = http_template_constant(&settings->charset) && http_template_constant(&settings->source);
    struct http_recoding recoding;

    (void)location;
    if (http_template_constant(&settings->charset) && !to.length)
        return 0;
    if (fixed && from.length &&
        (from.length != to.length || strncasecmp(from.bytes, to.bytes, to.length) != 0) &&
        !http_charset_find(settings->shared->maps, from, to, &recoding))
        return conf_fail(http_build_conf(build), NULL,
                         "no \"charset_map\" between the charsets \"%s\" and \"%s\"", from.bytes, to.bytes);
    return http_add_filter(build, HTTP_FILTER_CHARSET, charset_run, section);
}

#define FIELD(name) offsetof(struct charset, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_ignored override = {conf_set_flag, "off",
                                             "no answer comes from elsewhere with a charset of its own"};

static const struct conf_directive directives[] = {
    {"charset", EVERYWHERE | CONF_IF, .offset = FIELD(charset), .preset = "off", .set = charset_set_name,
     "`charset NAME | off;` The charset that Content-Type names, for the types of charset_types; may be a "
     "variable."},
    {"source_charset", EVERYWHERE | CONF_IF, .offset = FIELD(source), .preset = "off",
     .set = charset_set_name,
     "`source_charset NAME | off;` The charset that answers are in. If it is not that of `charset`, a "
     "charset_map recodes them."},
    {"override_charset", EVERYWHERE | CONF_IF, .extra = &override, .preset = "off", .set = conf_set_ignored},
    {"charset_types", EVERYWHERE, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .offset = FIELD(types),
     .preset = "text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml",
     .set = http_set_type_list,
     "`charset_types TYPE …;` Media types that `charset` is for, besides text/html; `*`: all."},
    {"charset_map", CONF_HTTP, .args = {2, 2}, .flags = CONF_BLOCK | CONF_RAW | CONF_REPEAT,
     .set = charset_set_map,
     "`charset_map CHARSET CHARSET { CODE CODE; … }` How to write the bytes of a charset in another, in "
     "hexadecimal: `charset_map koi8-r utf-8 { C0 D18E; … }`."},
};

const struct http_module http_charset_module = {
    .conf = {"charset", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct charset),
    .defaults = charset_defaults,
    .finish = charset_finish,
};
