/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/text/variables.h"

#include <errno.h>
#include <string.h>

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

    if (name.length <= length || memcmp(name.bytes, prefix, length) != 0)
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

static const struct http_variable_row *find_builtin(struct http_text name)
{
    static const struct http_variable_row *const tables[] = {
        http_request_variables, http_connection_variables, http_response_variables, http_system_variables};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct http_variable_row *row = find_row(tables[i], name);

        if (row)
            return row;
    }
    return NULL;
}

bool http_variable_builtin(struct http_text name)
{
    struct http_text rest;

    return find_builtin(name) || begins(name, "http_", &rest) || begins(name, "sent_http_", &rest) ||
           begins(name, "sent_trailer_", &rest) || begins(name, "arg_", &rest) ||
           begins(name, "cookie_", &rest);
}

int http_variable_find(struct conf *conf, const struct conf_node *node, struct http_text name,
                       struct http_variable *variable)
{
    const struct http_variable_row *row = find_builtin(name);
    struct http_text rest;

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
    if (begins(name, "http_", &rest))
        return find_field(conf, rest, variable);
    if (begins(name, "sent_http_", &rest))
        return find_sent(conf, rest, variable);
    if (begins(name, "sent_trailer_", &rest)) {
        variable->get = http_get_trailer;
        return keep_name(conf, rest, true, variable);
    }
    if (begins(name, "arg_", &rest)) {
        variable->get = http_get_argument;
        return keep_name(conf, rest, false, variable);
    }
    if (begins(name, "cookie_", &rest)) {
        variable->get = http_get_cookie;
        return keep_name(conf, rest, false, variable);
    }
    variable->named = http_named_use(conf, node, name);
    if (!variable->named)
        return -ENOMEM;
    variable->get = http_get_named;
    variable->name = variable->named->name;
    variable->length = (uint32_t)name.length;
    return 0;
}
