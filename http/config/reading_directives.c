/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives of struct http_reading: blocks, those of server { } alone, reading of requests. */
#include <errno.h>
#include <string.h>

#include "http/config/build.h"
#include "http/config/core_directives.h"
#include "http/config/listen.h"
#include "http/route/server_names.h"

#define FIELD(name) offsetof(struct http_reading, name)
#define BOTH        (CONF_HTTP | CONF_SERVER)

enum {
    CONNECTION_POOL_MIN = 512,      /* bytes: room for the pool, the connection and a little more */
    CONNECTION_POOL_MAX = 64 * 1024 /* the largest size class */
};

static const struct conf_range pool_range = {0, CONNECTION_POOL_MAX};
static const struct conf_range buffer_range = {1, 1 << 30};

static int set_connection_pool_size(struct conf_setting *setting)
{
    struct http_reading *reading = setting->section;
    int result = conf_set_size(setting);

    if (!result && reading->connection_pool_size < CONNECTION_POOL_MIN)
        reading->connection_pool_size = CONNECTION_POOL_MIN;
    return result;
}

static int set_request_pool_size(struct conf_setting *setting)
{
    struct http_reading *reading = setting->section;

    reading->request_pool_auto = !strcmp(setting->node->args[0], "auto");
    return reading->request_pool_auto ? 0 : conf_set_size(setting);
}

static int set_large_buffers(struct conf_setting *setting)
{
    struct http_reading *reading = setting->section;
    const struct conf_buffers *buffers = &reading->large_client_header_buffers;
    int result = conf_set_buffers(setting);

    if (result)
        return result;
    /* A head has these and the small buffer. */
    if (buffers->count >= HTTP_HEAD_BUFFERS)
        return conf_setting_invalid(setting, setting->node->args[0], "a number between 1 and 15");
    if ((int64_t)buffers->size > buffer_range.high)
        return conf_setting_invalid(setting, setting->node->args[1], "a size of at most 1024m");
    return 0;
}

static int set_server_name(struct conf_setting *setting)
{
    struct http_server *server = http_scope_of(setting)->server;
    struct http_server_name **end = &server->names;

    while (*end)
        end = &(*end)->next;
    for (unsigned i = 0; i < setting->node->arg_count; i++) {
        *end = http_server_name_parse(setting->conf, setting->node, setting->node->args[i]);
        if (!*end)
            return -EINVAL;
        end = &(*end)->next;
    }
    return 0;
}

static const struct conf_ignored invalid_headers = {
    conf_set_flag, NULL, "a field with an invalid name is always refused with 400 (RFC 9112 5.1)"};

static const struct conf_directive directives[] = {
    {"server", CONF_HTTP, .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_REPEAT, .set = http_set_server,
     "A virtual server: its addresses, names and settings."},
    {"location", CONF_SERVER | CONF_LOCATION, .args = {1, 2}, .flags = CONF_BLOCK | CONF_REPEAT,
     .set = http_set_location,
     "`location [= | ^~ | ~ | ~*] PATH { … }` Settings for paths. `=`: exactly this path; none or `^~`: "
     "paths that begin with it; `~`, `~*`: a regular expression, with or without regard to case; `@NAME`: "
     "entered only by a directive that names it. The longest prefix wins unless a regular expression "
     "matches; behind a `^~` none is tried."},
    {"listen", CONF_SERVER, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .preset = "*:80 | *:8000",
     .set = http_set_listen,
     "`listen ADDRESS[:PORT] | PORT | unix:PATH [default_server] [backlog=NUMBER] [ipv6only=on] "
     "[reuseport];` Where the server listens: at all addresses of a name, at all ports of a range "
     "(`8080-8083`). `default_server`: it answers requests whose host is not the name of any server. "
     "`reuseport` is always on. nginx's other socket options are accepted with a warning. Without any "
     "listen: port 80, or 8000 if the user is not root."},
    {"server_name", CONF_SERVER, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .preset = "\"\"",
     .set = set_server_name,
     "`server_name NAME …;` Names of the server: `example.org`, `*.example.org`, `.example.org` (both), "
     "`mail.*`, `~REGEX`, `\"\"` (requests without a host), `$hostname`."},
    {"client_header_buffer_size", BOTH, .offset = FIELD(client_header_buffer_size), .extra = &buffer_range,
     .preset = "1k", .set = conf_set_size, "The first buffer for the head of a request."},
    {"large_client_header_buffers", BOTH, .args = {2, 2}, .offset = FIELD(large_client_header_buffers),
     .preset = "4 8k", .set = set_large_buffers,
     "`large_client_header_buffers NUMBER SIZE;` Further buffers, 15 at most, for heads that do not fit in "
     "the first. A request line longer than one of them is answered 414, a head that does not fit in all of "
     "them 431."},
    {"client_header_timeout", BOTH, .offset = FIELD(client_header_timeout), .preset = "60s",
     .set = conf_set_msec, "How long a head may take to arrive."},
    {"connection_pool_size", BOTH, .offset = FIELD(connection_pool_size), .extra = &pool_range,
     .preset = "512", .set = set_connection_pool_size,
     "`connection_pool_size SIZE;` The first block of a connection's pool, which is all that an idle "
     "connection keeps: 512 to 64k."},
    {"request_pool_size", BOTH, .offset = FIELD(request_pool_size), .extra = &pool_range, .preset = "4k",
     .set = set_request_pool_size,
     "`request_pool_size SIZE | auto;` The blocks that requests add to a connection's pool: 64k at most. "
     "`auto` (ours): each worker starts with 4k and follows what 99 % of its requests need."},
    {"connection_pool_budget", BOTH, .flags = CONF_OURS, .offset = FIELD(connection_pool_budget),
     .preset = "0", .set = conf_set_size,
     "Bytes that a connection may hold in all, buffers included; 0: no limit."},
    {"merge_slashes", BOTH, .offset = FIELD(merge_slashes), .preset = "on", .set = conf_set_flag,
     "Whether `//` in a path counts as `/`."},
    {"strict_line_endings", BOTH, .flags = CONF_OURS, .offset = FIELD(strict_line_endings), .preset = "off",
     .set = conf_set_flag,
     "Whether a head with a line that ends in a bare LF is refused (RFC 9112 2.2 allows both)."},
    {"max_headers", BOTH, .offset = FIELD(max_headers), .preset = "1000", .set = conf_set_number,
     "How many fields the head of a request may have; more are answered 400."},
    {"underscores_in_headers", BOTH, .offset = FIELD(underscores), .preset = "off", .set = conf_set_flag,
     "Whether `$http_a_b` is also a field named `A_B`, besides `A-B`."},
    {"ignore_invalid_headers", BOTH, .extra = &invalid_headers, .preset = "on", .set = conf_set_ignored,
     "`ignore_invalid_headers on | off;` Accepted for nginx's sake: a field with an invalid name is always "
     "refused with 400 (RFC 9112 5.1), since another server on the way may read it differently."},
};

const struct conf_module http_reading_module = {"http: servers, and how requests are read", directives,
                                                sizeof directives / sizeof *directives};

int http_reading_defaults(struct conf *conf, struct http_reading *reading)
{
    *reading = (struct http_reading){.large_client_header_buffers = {4, 8 * 1024},
                                     .connection_pool_size = CONNECTION_POOL_MIN,
                                     .request_pool_size = 4 * 1024};
    return conf_set_presets(conf, &http_reading_module, reading);
}
