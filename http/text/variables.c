/* SPDX-License-Identifier: BSD-2-Clause */
/* A name is looked up in the tables, then among the families; otherwise it is the configuration's own. */
#include "http/text/variables.h"

#include <errno.h>

#include "http/module.h"
#include "http/text/named.h"

static const struct http_variable_row *find_row(const struct http_variable_row *rows, struct http_text name)
{
    for (; rows->name; rows++)
        if (http_text_equal(http_text_of(rows->name), name))
            return rows;
    return NULL;
}

/* Keeps `name`; for a header, in its spelling: lower case, and dashes for underscores. */
static int keep_name(struct conf *conf, struct http_text name, bool header, struct http_variable *variable)
{
    char *copy = pool_strndup(conf->pool, name.bytes, name.length, "variable");

    if (!copy)
        return conf_fail_memory(conf);
    for (char *at = copy; header && *at; at++)
        *at = *at == '_' ? '-' : http_lower(*at);
    variable->name = copy;
    variable->length = (uint32_t)name.length;
    return 0;
}

static enum http_found http_get_printed(struct http_request *request, const struct http_variable *variable,
                                        struct http_text *value)
{
    char *to = pool_nalloc(request->pool, HTTP_PRINT_MAX, "variable");

    if (!to)
        return http_value_none(value);
    *value = (struct http_text){to, (size_t)(variable->print(request, to) - to)};
    return HTTP_VALUE_FOUND;
}

const struct http_variable_row *http_variable_table(size_t index)
{
    static const struct http_variable_row *const tables[] = {
        http_request_variables, http_connection_variables, http_response_variables, http_system_variables};
    enum { OWN = sizeof tables / sizeof *tables };

    if (index < OWN)
        return tables[index];
    index -= OWN;
    for (unsigned i = 0; i < HTTP_MODULES; i++)
        if (http_modules[i] && http_modules[i]->variables && index-- == 0)
            return http_modules[i]->variables;
    return NULL;
}

static const struct http_variable_row *find_builtin(struct http_text name)
{
    const struct http_variable_row *rows, *row = NULL;

    for (size_t i = 0; !row && (rows = http_variable_table(i)); i++)
        row = find_row(rows, name);
    return row;
}

/* Families of variables with any name behind the prefix, even an empty one. */
static const struct family {
    const char *prefix;
    http_getter *get;
    bool header; /* the rest names a field of a head */
} families[] = {{"http_", http_get_field, true},
                {"sent_http_", http_get_sent, true},
                {"sent_trailer_", http_get_trailer, true},
                {"arg_", http_get_argument, false},
                {"cookie_", http_get_cookie, false}};

static const struct family *find_family(struct http_text name, struct http_text *rest)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct http_text prefix = http_text_of(families[i].prefix);

        if (name.length < prefix.length || memcmp(name.bytes, prefix.bytes, prefix.length))
            continue;
        *rest = (struct http_text){name.bytes + prefix.length, name.length - prefix.length};
        return &families[i];
    }
    return NULL;
}

/* Known fields are found by their number. */
static int take_member(struct conf *conf, const struct family *family, struct http_text rest,
                       struct http_variable *variable)
{
    const struct http_variable_row *sent = find_row(http_sent_variables, rest);
    int result = keep_name(conf, rest, family->header, variable);

    if (result)
        return result;
    variable->get = family->get;
    if (family->get == http_get_sent)
        variable->number = sent ? (uint16_t)(sent - http_sent_variables) : HTTP_SENT_OTHER;
    if (family->get == http_get_field) {
        variable->number = (uint16_t)http_field_lookup(variable->name, variable->length);
        if (variable->number == HTTP_FIELD_OTHER)
            variable->get = http_get_other_field;
    }
    return 0;
}

/* Members of families that nginx defines itself: a configuration cannot. */
static bool is_fixed(struct http_text name)
{
    static const char *const names[] = {"http_host",
                                        "http_user_agent",
                                        "http_referer",
                                        "http_via",
                                        "http_x_forwarded_for",
                                        "http_cookie",
                                        "sent_http_location",
                                        "sent_http_content_type",
                                        "sent_http_content_length",
                                        "sent_http_link",
                                        "sent_http_connection",
                                        "sent_http_last_modified",
                                        "sent_http_keep_alive",
                                        "sent_http_transfer_encoding",
                                        "sent_http_cache_control"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (http_text_equal(http_text_of(names[i]), name))
            return true;
    return false;
}

struct http_named *http_variable_make(struct conf *conf, const struct conf_node *node, const char *text)
{
    struct http_text name = http_text_of(*text == '$' ? text + 1 : "");
    struct http_named *named;

    if (!name.length) {
        conf_fail(conf, node, "invalid variable name \"%s\"", text);
        return NULL;
    }
    if (find_builtin(name) || is_fixed(name)) {
        conf_fail(conf, node, "the duplicate \"%s\" variable", name.bytes);
        return NULL;
    }
    named = http_named_use(conf, node, name);
    if (named)
        named->made = true;
    return named;
}

int http_variable_find(struct conf *conf, const struct conf_node *node, struct http_text name,
                       struct http_variable *variable)
{
    const struct http_variable_row *row = find_builtin(name);
    const struct family *family;
    struct http_named *named;
    struct http_text rest;
    int result;

    memset(variable, 0, sizeof *variable);
    if (row) {
        *variable = (struct http_variable){.get = row->print ? http_get_printed : row->get,
                                           .print = row->print,
                                           .name = row->name,
                                           .length = (uint32_t)name.length,
                                           .number = row->number};
        return 0;
    }
    if (name.length == 1 && *name.bytes >= '1' && *name.bytes <= '9') {
        variable->get = http_get_capture;
        variable->number = (uint16_t)(*name.bytes - '0');
        return keep_name(conf, name, false, variable);
    }
    family = find_family(name, &rest);
    if (family) {
        result = take_member(conf, family, rest, variable);
        if (result || is_fixed(name))
            return result;
    }
    named = http_named_use(conf, node, name);
    if (!named)
        return -ENOMEM;
    if (family) {
        named->family = variable->get;
    } else {
        variable->name = named->name;
        variable->length = (uint32_t)name.length;
    }
    variable->named = named;
    variable->get = http_get_named;
    return 0;
}
