/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter of expires, add_header and add_trailer. */
#include "http/answer.h"
#include "http/modules/output/headers.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "http/modules/output/expires.h"
#include "http/protocol/date.h"
#include "http/text/field_text.h"
#include "http/text/template.h"

/* A line of add_header or add_trailer. */
struct rule {
    struct rule *next;
    struct http_text name;
    struct http_template value;
    int (*add)(struct http_request *request, const struct rule *rule, struct http_text value);
    bool always; /* with every status */
};

struct headers {
    struct http_expires expires;
    struct rule *headers, *trailers;
};

/* ---- a request ---- */

/* The statuses for which nginx adds headers without `always`. */
static bool headers_plain_status(int status)
{
    switch (status) {
    case 200:
    case 201:
    case 204:
    case 206:
    case 301:
    case 302:
    case 303:
    case 304:
    case 307:
    case 308:
        return true;
    default:
        return false;
    }
}

static int headers_add_field(struct http_request *request, const struct rule *rule, struct http_text value)
{
    return !value.length || http_add_header(request, rule->name, value) ? 0 : -ENOMEM;
}

static int headers_set_etag(struct http_request *request, const struct rule *rule, struct http_text value)
{
    (void)rule;
    request->response.etag = value;
    return http_field_clean(request, &request->response.etag) ? 0 : -ENOMEM;
}

static int headers_set_last_modified(struct http_request *request, const struct rule *rule,
                                     struct http_text value)
{
    request->response.last_modified = -1;
    if (!value.length || http_date_parse(value.bytes, value.length, &request->response.last_modified))
        return 0;
    return headers_add_field(request, rule, value); /* not a date: sent as it is, and never compared */
}

/* Each is there as $sent_trailer_NAME for those that follow. */
static int headers_make_trailers(struct http_request *request, const struct headers *settings)
{
    struct http_header **end = &request->response.sent_trailers;
    bool plain = headers_plain_status(request->status);

    for (const struct rule *rule = settings->trailers; rule; rule = rule->next) {
        struct http_text value;

        if (!plain && !rule->always)
            continue;
        if (!http_template_write(&rule->value, request, &value) || !http_field_clean(request, &value))
            return -ENOMEM;
        if (!value.length)
            continue;
        *end = pool_alloc(request->pool, sizeof **end, "trailers");
        if (!*end)
            return -ENOMEM;
        **end = (struct http_header){.name = rule->name, .value = value};
        end = &(*end)->next;
    }
    return 0;
}

static int headers_write_trailers(struct http_request *request, struct http_text *lines)
{
    int result = headers_make_trailers(request, http_section(request->location, HTTP_MODULE_HEADERS));
    size_t length = 0;
    char *to, *at;

    for (const struct http_header *field = request->response.sent_trailers; field; field = field->next)
        length += field->name.length + field->value.length + 4;
    if (result || !length)
        return result;
    at = to = pool_nalloc(request->pool, length, "trailers");
    if (!to)
        return -ENOMEM;
    for (const struct http_header *field = request->response.sent_trailers; field; field = field->next) {
        at = mempcpy(at, field->name.bytes, field->name.length);
        at = mempcpy(at, ": ", 2);
        at = mempcpy(at, field->value.bytes, field->value.length);
        at = mempcpy(at, "\r\n", 2);
    }
    *lines = (struct http_text){to, length};
    return 0;
}

/* Trailers are announced to the response here, and written when the body is out. */
static int headers_run(struct http_request *request, void *section)
{
    const struct headers *settings = section;
    bool plain = headers_plain_status(request->status);
    int result = plain ? http_expires_add(&settings->expires, request) : 0;

    for (const struct rule *rule = settings->headers; rule && !result; rule = rule->next) {
        struct http_text value;

        if (!plain && !rule->always)
            continue;
        if (!http_template_write(&rule->value, request, &value))
            return -ENOMEM;
        result = rule->add(request, rule, value);
    }
    for (const struct rule *rule = settings->trailers; rule; rule = rule->next) {
        if ((plain || rule->always) && request->head.minor && request->location->core.chunked) {
            request->response.write_trailers = headers_write_trailers;
            request->response.piecewise = true;
        }
    }
    return result;
}

/* ---- reading ---- */

/* add_header and add_trailer: the offset says which list; ETag and Last-Modified replace the answer's own. */
static int headers_set_rule(struct conf_setting *setting)
{
    struct rule **end = conf_setting_field(setting), *rule;
    const struct conf_node *node = setting->node;
    bool header = setting->directive->offset == offsetof(struct headers, headers);

    if (node->arg_count == 3 && strcmp(node->args[2], "always") != 0)
        return conf_fail(setting->conf, node, "invalid parameter \"%s\"", node->args[2]);
    rule = pool_calloc(setting->conf->pool, sizeof *rule, "header");
    if (!rule)
        return conf_fail_memory(setting->conf);
    if (setting->first)
        *end = NULL;
    while (*end)
        end = &(*end)->next;
    *end = rule;
    rule->name = (struct http_text){node->args[0], strlen(node->args[0])};
    rule->always = node->arg_count == 3;
    rule->add = headers_add_field;
    if (header && !strcasecmp(rule->name.bytes, "ETag"))
        rule->add = headers_set_etag;
    if (header && !strcasecmp(rule->name.bytes, "Last-Modified"))
        rule->add = headers_set_last_modified;
    return http_template_compile(setting->conf, node, node->args[1], &rule->value);
}

static int headers_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct headers *settings = section;

    (void)location;
    if (!settings->headers && !settings->trailers && settings->expires.kind == HTTP_EXPIRES_OFF)
        return 0;
    return http_add_filter(build, HTTP_FILTER_HEADERS, headers_run, section);
}

#define FIELD(name) offsetof(struct headers, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION | CONF_IF };

static const struct conf_directive directives[] = {
    {"expires", EVERYWHERE, .args = {1, 2}, .offset = FIELD(expires), .preset = "off",
     .set = http_set_expires,
     "`expires [modified] TIME | @TIME | epoch | max | off;` Adds Expires and Cache-Control to answers "
     "without an error: a time from now (negative: no-cache), `modified` from the file's change, `@` a time "
     "of day; or a variable."},
    {"add_header", EVERYWHERE, .args = {2, 3}, .flags = CONF_REPEAT, .offset = FIELD(headers),
     .set = headers_set_rule,
     "`add_header NAME VALUE [always];` Adds a header to answers with 200, 201, 204, 206, 301 to 304, 307 "
     "and 308, with `always` to all. The value may have variables. A level that has any inherits none."},
    {"add_trailer", EVERYWHERE, .args = {2, 3}, .flags = CONF_REPEAT, .offset = FIELD(trailers),
     .set = headers_set_rule,
     "`add_trailer NAME VALUE [always];` As add_header, but after the body, which is then sent in chunks."},
};

const struct http_module http_headers_module = {
    .conf = {"headers", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct headers),
    .finish = headers_finish,
};
