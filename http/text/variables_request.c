/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of the request: its line, target, host and fields. */
#include <strings.h>

#include "http/connection.h"
#include "http/text/request_id.h"
#include "http/text/variables_table.h"

/* A part of the request line; empty before the line has been read. */
static enum http_found line_part(struct http_request *request, struct http_span span, struct http_text *value)
{
    if (span.length == 0)
        return http_value_none(value);
    *value = http_head_text(&request->head, span);
    return HTTP_VALUE_FOUND;
}

static enum http_found get_request(struct http_request *request, const struct http_variable *variable,
                                   struct http_text *value)
{
    (void)variable;
    return line_part(request, request->head.request_line, value);
}

static enum http_found get_method(struct http_request *request, const struct http_variable *variable,
                                  struct http_text *value)
{
    (void)variable;
    if (request->route.got)
        return http_value_string(request->head.method == HTTP_METHOD_HEAD ? "HEAD" : "GET", value);
    return line_part(request, request->head.method_text, value);
}

/* In the absolute form without scheme and authority, as nginx. */
static enum http_found get_request_uri(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    if (request->head.form == HTTP_TARGET_ABSOLUTE)
        return line_part(request, request->head.path, value);
    return http_value_text(request->target, value);
}

static enum http_found get_uri(struct http_request *request, const struct http_variable *variable,
                               struct http_text *value)
{
    (void)variable;
    return http_value_text(request->path, value);
}

static enum http_found get_args(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    (void)variable;
    /* nginx logs "-" for no arguments, since its variable is then not found. */
    if (request->args.length == 0)
        return http_value_none(value);
    return http_value_text(request->args, value);
}

static enum http_found get_is_args(struct http_request *request, const struct http_variable *variable,
                                   struct http_text *value)
{
    (void)variable;
    return http_value_string(request->args.length ? "?" : "", value);
}

static enum http_found get_host(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    (void)variable;
    if (request->host.name.length)
        return http_value_text(request->host.name, value);
    return http_value_string(request->server->name, value);
}

/* The port as the client wrote it, behind the host. */
static enum http_found get_request_port(struct http_request *request, const struct http_variable *variable,
                                        struct http_text *value)
{
    (void)variable;
    return request->host.has_port ? http_value_number(request, request->host.port, value)
                                  : http_value_none(value);
}

static enum http_found get_is_request_port(struct http_request *request, const struct http_variable *variable,
                                           struct http_text *value)
{
    (void)variable;
    return http_value_string(request->host.has_port ? ":" : "", value);
}

static enum http_found get_protocol(struct http_request *request, const struct http_variable *variable,
                                    struct http_text *value)
{
    (void)variable;
    if (request->head.major != 1)
        return http_value_none(value);
    return http_value_string(request->head.minor ? "HTTP/1.1" : "HTTP/1.0", value);
}

static char *print_length(struct http_request *request, char *to)
{
    return http_print_number(to, request->length);
}

static char *print_request_id(struct http_request *request, char *to)
{
    http_request_id_write(request->connection->base.number, request->connection->base.requests, to);
    return to + HTTP_REQUEST_ID_LENGTH;
}

/* The request began behind another one's bytes in its first buffer if the client sent both at once. */
static enum http_found get_pipe(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    const struct http_input *input = &request->connection->input;
    const char *first = request->head.buffers[0];

    (void)variable;
    return http_value_string(
        input->bytes && first > input->bytes && first < input->bytes + input->capacity ? "p" : ".", value);
}

/* ---- fields ---- */

/* The first field of that number. */
static enum http_found get_known_field(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    const struct http_field *field = http_head_find(&request->head, (enum http_field_id)variable->number);

    if (!field)
        return http_value_none(value);
    *value = http_field_value(&request->head, field);
    return HTTP_VALUE_FOUND;
}

/* ---- basic credentials (RFC 7617 2): the name before the colon ---- */

static int base64_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

static size_t base64_decode(struct http_text in, char *to)
{
    uint32_t bits = 0;
    unsigned count = 0;
    char *start = to;

    for (size_t i = 0; i < in.length; i++) {
        int digit = base64_value(in.bytes[i]);

        if (digit < 0)
            break;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *to++ = (char)(bits >> count & 0xff);
        }
    }
    return (size_t)(to - start);
}

static enum http_found get_remote_user(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    struct http_text field;
    const char *colon;
    char *user;

    if (get_known_field(request, variable, &field) == HTTP_VALUE_NONE || field.length <= 6 ||
        strncasecmp(field.bytes, "Basic ", 6) != 0)
        return http_value_none(value);
    field = (struct http_text){field.bytes + 6, field.length - 6};
    for (; field.length && *field.bytes == ' '; field.length--)
        field.bytes++;
    user = pool_nalloc(request->pool, field.length + 1, "variable");
    if (!user)
        return http_value_none(value);
    colon = memchr(user, ':', base64_decode(field, user));
    if (!colon)
        return http_value_none(value);
    *value = (struct http_text){user, (size_t)(colon - user)};
    return HTTP_VALUE_FOUND;
}

const struct http_variable_row http_request_variables[] = {
    {"request", get_request, .help = "The request line as it came in."},
    {"request_method", get_method, .help = "`GET`, `POST` …"},
    {"request_uri", get_request_uri, .help = "The target of the request as it came in, arguments included."},
    {"uri", get_uri,
     .help = "The path, decoded, without `.`, `..` and doubled slashes; as rewrite and internal redirects "
             "leave it."},
    {"document_uri", get_uri, .help = "The same as `$uri`."},
    {"args", get_args, .help = "What follows the `?`; `set` may change it."},
    {"query_string", get_args, .help = "The same as `$args`."},
    {"is_args", get_is_args, .help = "`?` if there are arguments, else empty."},
    {"host", get_host,
     .help = "The host that the request is for, in lower case, without a port; without one the first "
             "server_name."},
    {"request_port", get_request_port, .help = "The port that the request names with the host."},
    {"is_request_port", get_is_request_port, .help = "`:` if it names one, else empty."},
    {"server_protocol", get_protocol, .help = "`HTTP/1.1` or `HTTP/1.0`."},
    {"request_length", .print = print_length, "Bytes of the request: line, head and body."},
    {"request_id", .print = print_request_id, "32 hexadecimal digits, unique for each request."},
    {"pipe", get_pipe, .help = "`p` if the request was received behind another (pipelined), else `.`."},
    {"content_type", get_known_field, .help = "Content-Type of the request.",
     .number = HTTP_FIELD_CONTENT_TYPE},
    {"content_length", get_known_field, .help = "Content-Length of the request.",
     .number = HTTP_FIELD_CONTENT_LENGTH},
    {"request_body", http_get_request_body,
     .help = "The body, if it was read whole and fits in `client_body_buffer_size` (`echo_body whole`)."},
    {"request_body_file", http_get_request_body_file,
     .help = "The file that holds the body, if there is one."},
    {"remote_user", get_remote_user, .help = "The name in `Authorization: Basic`, unchecked.",
     .number = HTTP_FIELD_AUTHORIZATION},
    {.name = NULL},
};
