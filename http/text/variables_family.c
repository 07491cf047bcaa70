/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that are named after something in the request: $http_NAME, $arg_NAME, $cookie_NAME, $1. */
#include <strings.h>

#include "http/text/growing.h"
#include "http/text/variables_table.h"

/* ---- fields ---- */

/* Whether a field has the variable's name: with underscores_in_headers its underscores count as dashes. */
static bool is_named(const struct http_request *request, struct http_text name,
                     const struct http_variable *variable)
{
    if (name.length != variable->length)
        return false;
    if (!request->server->reading.underscores)
        return http_text_is(name.bytes, name.length, variable->name);
    for (size_t i = 0; i < name.length; i++)
        if ((name.bytes[i] == '_' ? '-' : http_lower(name.bytes[i])) != variable->name[i])
            return false;
    return true;
}

/* Lines after `field` of the same name are added to its value (RFC 9110 5.3; RFC 6265 5.4 for cookies). The
 * head stays as it is: the value is measured, then written. */
static enum http_found join_lines(struct http_request *request, const struct http_variable *variable,
                                  const struct http_field *field, struct http_text *value)
{
    const struct http_head *head = &request->head;
    const struct http_field *end = head->fields + head->field_count;
    struct http_text between = variable->number == HTTP_FIELD_COOKIE ? HTTP_TEXT("; ") : HTTP_TEXT(", ");
    struct http_growing text;
    size_t room = 0;

    for (const struct http_field *at = field; at < end; at++)
        if (is_named(request, http_field_name(head, at), variable))
            room += between.length + http_field_value(head, at).length;
    if (room == between.length + http_field_value(head, field).length) {
        *value = http_field_value(head, field);
        return HTTP_VALUE_FOUND;
    }
    if (!http_growing_begin(&text, request->pool, room))
        return http_value_none(value);
    for (const struct http_field *at = field; at < end; at++) {
        if (!is_named(request, http_field_name(head, at), variable))
            continue;
        if ((at != field && !http_growing_add(&text, between)) ||
            !http_growing_add(&text, http_field_value(head, at)))
            return http_value_none(value);
    }
    *value = http_growing_end(&text);
    return HTTP_VALUE_FOUND;
}

enum http_found http_get_field(struct http_request *request, const struct http_variable *variable,
                               struct http_text *value)
{
    const struct http_head *head = &request->head;
    const struct http_field *field = http_head_find(head, (enum http_field_id)variable->number);

    if (!field)
        return http_value_none(value);
    if (http_head_repeats(head, (enum http_field_id)variable->number))
        return join_lines(request, variable, field, value);
    *value = http_field_value(head, field);
    return HTTP_VALUE_FOUND;
}

enum http_found http_get_other_field(struct http_request *request, const struct http_variable *variable,
                                     struct http_text *value)
{
    const struct http_head *head = &request->head;

    for (const struct http_field *field = head->fields; field < head->fields + head->field_count; field++)
        if (is_named(request, http_field_name(head, field), variable))
            return join_lines(request, variable, field, value);
    return http_value_none(value);
}

/* ---- arguments, cookies, captures ---- */

static bool same(const char *at, const char *end, const struct http_variable *variable)
{
    return (size_t)(end - at) >= variable->length && !strncasecmp(at, variable->name, variable->length);
}

enum http_found http_get_argument(struct http_request *request, const struct http_variable *variable,
                                  struct http_text *value)
{
    const char *at = request->args.bytes, *end;

    if (!variable->length || !request->args.length)
        return http_value_none(value); /* `at` may be null: nothing may be added to it, not even 0 */
    end = at + request->args.length;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));

        if (!stop)
            stop = end;
        if (same(at, stop, variable) && at + variable->length < stop && at[variable->length] == '=') {
            at += variable->length + 1;
            *value = (struct http_text){at, (size_t)(stop - at)};
            return HTTP_VALUE_FOUND;
        }
        at = stop + 1;
    }
    return http_value_none(value);
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* The value of a cookie in one line of them: only semicolons separate them (RFC 6265 4.2.1; by 5.2 a comma is
 * a byte of the value). */
static bool find_cookie(struct http_text line, const struct http_variable *variable, struct http_text *value)
{
    const char *at = line.bytes, *end = at + line.length;

    while (variable->length && at < end) {
        if (same(at, end, variable)) {
            const char *after = skip_blanks(at + variable->length, end);

            if (after < end && *after == '=') {
                after = skip_blanks(after + 1, end);
                at = memchr(after, ';', (size_t)(end - after));
                *value = (struct http_text){after, (size_t)((at ? at : end) - after)};
                return true;
            }
        }
        at = memchr(at, ';', (size_t)(end - at));
        at = at ? skip_blanks(at + 1, end) : end;
    }
    return false;
}

enum http_found http_get_cookie(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    const struct http_head *head = &request->head;

    for (const struct http_field *field = http_head_find(head, HTTP_FIELD_COOKIE); field;
         field = http_head_next(head, field))
        if (find_cookie(http_field_value(head, field), variable, value))
            return HTTP_VALUE_FOUND;
    return http_value_none(value);
}

enum http_found http_get_capture(struct http_request *request, const struct http_variable *variable,
                                 struct http_text *value)
{
    if (variable->number >= request->capture_count)
        return http_value_none(value);
    return http_value_text(request->captures[variable->number], value);
}
