/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/text/variables.h"

#include <errno.h>
#include <string.h>

#include "http/module.h"
#include "http/text/named.h"
#include "http/text/variables_table.h"

static const struct http_variable_row *find_row(const struct http_variable_row *rows, struct http_text name)
{
    for (; rows->name; rows++)
        if (strlen(rows->name) == name.length && !memcmp(rows->name, name.bytes, name.length))
            return rows;
    return NULL;
}

static bool begins(struct http_text name, const char *prefix, struct http_text *rest)
{
    size_t length = strlen(prefix);

    if (name.length < length || memcmp(name.bytes, prefix, length) != 0)
        return false;
    *rest = (struct http_text){name.bytes + length, name.length - length};
    return true;
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

static int find_field(struct conf *conf, struct http_text name, struct http_variable *variable)
{
    int result = keep_name(conf, name, true, variable);

    if (result)
        return result;
    variable->number = (uint16_t)http_field_lookup(variable->name, variable->length);
    variable->get = variable->number == HTTP_FIELD_OTHER ? http_get_other_field : http_get_field;
    return 0;
}

static int find_sent(struct conf *conf, struct http_text name, struct http_variable *variable)
{
    const struct http_variable_row *row = find_row(http_sent_variables, name);

    variable->get = http_get_sent;
    variable->number = row ? (uint16_t)(row - http_sent_variables) : HTTP_SENT_OTHER;
    return keep_name(conf, name, true, variable);
}

enum http_found http_get_printed(struct http_request *request, const struct http_variable *variable,
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

static int find_trailer(struct conf *conf, struct http_text name, struct http_variable *variable)
{
    variable->get = http_get_trailer;
    return keep_name(conf, name, true, variable);
}

static int find_argument(struct conf *conf, struct http_text name, struct http_variable *variable)
{
    variable->get = http_get_argument;
    return keep_name(conf, name, false, variable);
}

static int find_cookie(struct conf *conf, struct http_text name, struct http_variable *variable)
{
    variable->get = http_get_cookie;
    return keep_name(conf, name, false, variable);
}

/* Variables whose name goes on as it likes; behind the prefix there may be nothing. */
static const struct family {
    const char *prefix;
    int (*find)(struct conf *conf, struct http_text rest, struct http_variable *variable);
} families[] = {{"http_", find_field},
                {"sent_http_", find_sent},
                {"sent_trailer_", find_trailer},
                {"arg_", find_argument},
                {"cookie_", find_cookie}};

static const struct family *find_family(struct http_text name, struct http_text *rest)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (begins(name, families[i].prefix, rest))
            return &families[i];
    return NULL;
}

/* The members of families that nginx has as variables of their own, which nobody can make. */
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
        if (strlen(names[i]) == name.length && !memcmp(names[i], name.bytes, name.length))
            return true;
    return false;
}

bool http_variable_builtin(struct http_text name)
{
    return find_builtin(name) || is_fixed(name);
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
                                           .length = (uint32_t)name.length};
        return 0;
    }
    if (name.length == 1 && *name.bytes >= '1' && *name.bytes <= '9') {
        variable->get = http_get_capture;
        variable->number = (uint16_t)(*name.bytes - '0');
        return keep_name(conf, name, false, variable);
    }
    family = find_family(name, &rest);
    if (family) {
        result = family->find(conf, rest, variable);
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
