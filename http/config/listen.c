/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of `listen`, their addresses, and the servers of each address. */
#include "http/config/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/units.h"
#include "http/route/server_names.h"
#include "http/driver.h"
#include "pool/pool.h"
#include "server/generation.h"

enum { HTTP_PORT = 80, HTTP_PORT_UNPRIVILEGED = 8000 };

struct listening_server {
    struct listening_server *next;
    const struct http_server *server;
};

/* An address while it is read. */
struct http_listening {
    struct http_address address;                     /* binding->data; address.next is the next of these */
    struct listening_server *servers, **servers_end; /* in file order */
    size_t server_count;
    bool has_default; /* there was a `default_server` */
    bool has_options; /* there were options of the socket */
};

/* The arguments after the address. */
struct listen_options {
    int backlog; /* 0: not given */
    bool default_server, of_socket;
};

/* ---- arguments ---- */

static int parse_backlog(struct conf *conf, const struct conf_node *node, const char *text,
                         struct listen_options *options)
{
    int64_t backlog;

    if (!conf_parse_number(text + strlen("backlog="), &backlog) || backlog < 1 || backlog > INT32_MAX)
        return conf_fail(conf, node, "invalid backlog \"%s\"", text);
    options->backlog = (int)backlog;
    return 0;
}

static int parse_ipv6only(struct conf *conf, const struct conf_node *node, const char *text)
{
    if (!strcmp(text, "off"))
        conf_warn(conf, node,
                  "\"ipv6only=off\" has no effect: an IPv6 socket takes IPv6 alone, "
                  "listen on the IPv4 address as well");
    else if (strcmp(text, "on"))
        return conf_fail(conf, node, "invalid ipv6only flags \"%s\"", text);
    return 0;
}

/* Options of nginx that have no effect here. */
static bool has_no_effect(const char *text)
{
    static const char *const names[] = {
        "bind", "deferred", "rcvbuf=", "sndbuf=", "setfib=", "fastopen=", "so_keepalive=", "accept_filter="};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);

        if (names[i][length - 1] == '=' ? !strncmp(text, names[i], length) : !strcmp(text, names[i]))
            return true;
    }
    return false;
}

/* Options of the socket may be given once per address; default_server is not one of them. */
static int parse_option(struct conf *conf, const struct conf_node *node, const char *text,
                        struct listen_options *options)
{
    if (!strcmp(text, "default_server") || !strcmp(text, "default")) {
        options->default_server = true;
        return 0;
    }
    if (!strcmp(text, "ssl"))
        return conf_fail(conf, node,
                         "the \"ssl\" parameter requires ngx_http_ssl_module (TLS is not part of Tidepool: "
                         "put a TLS terminator in front)");
    if (!strcmp(text, "http2"))
        return conf_fail(
            conf, node,
            "the \"http2\" parameter requires ngx_http_v2_module (only HTTP/1.1 is spoken: leave it out)");
    options->of_socket = true;
    if (!strncmp(text, "backlog=", strlen("backlog=")))
        return parse_backlog(conf, node, text, options);
    if (!strncmp(text, "ipv6only=", strlen("ipv6only=")))
        return parse_ipv6only(conf, node, text + strlen("ipv6only="));
    if (!strcmp(text, "reuseport"))
        return 0; /* each worker has a socket of its own anyway */
    if (!has_no_effect(text))
        return conf_fail(conf, node, "invalid parameter \"%s\"", text);
    conf_warn(conf, node, "the \"%s\" parameter of \"listen\" has no effect", text);
    return 0;
}

/* ---- addresses ---- */

/* The listening of that address, made if this is the first server there. NULL: noted in conf. */
static struct http_listening *listening_of(struct http_build *build, const struct conf_node *node,
                                           const struct listen_address *address)
{
    struct binding *binding = generation_bind(build->main->generation, address, &http_protocol, node);
    struct http_listening *listening;

    if (!binding) {
        conf_fail_memory(build->conf);
        return NULL;
    }
    if (binding->protocol != &http_protocol) {
        conf_fail(build->conf, node, "the address %s is taken: %s listens there", address->text,
                  binding->protocol->name);
        return NULL;
    }
    if (binding->data)
        return binding->data;
    listening = pool_calloc(build->conf->pool, sizeof *listening, "address");
    if (!listening) {
        conf_fail_memory(build->conf);
        return NULL;
    }
    listening->address.binding = binding;
    listening->servers_end = &listening->servers;
    listening->address.next = build->listening ? &build->listening->address : NULL;
    build->listening = listening;
    binding->data = listening;
    return listening;
}

static bool has_server(const struct http_listening *listening, const struct http_server *server)
{
    const struct listening_server *item = listening->servers;

    while (item && item->server != server)
        item = item->next;
    return item != NULL;
}

/* The first server at an address is its default, unless another one claims that. */
static int add_server(struct http_build *build, const struct conf_node *node,
                      const struct listen_address *address, const struct listen_options *options,
                      const struct http_server *server)
{
    struct http_listening *listening = listening_of(build, node, address);
    struct listening_server *item;

    if (!listening)
        return -EINVAL;
    if (has_server(listening, server))
        return conf_fail(build->conf, node, "a duplicate listen %s", address->text);
    if (options->of_socket && listening->has_options)
        return conf_fail(build->conf, node, "duplicate listen options for %s", address->text);
    if (options->default_server && listening->has_default)
        return conf_fail(build->conf, node, "a duplicate default server for %s", address->text);
    item = pool_calloc(build->conf->pool, sizeof *item, "address");
    if (!item)
        return conf_fail_memory(build->conf);
    item->server = server;
    *listening->servers_end = item;
    listening->servers_end = &item->next;
    listening->server_count++;
    listening->has_options |= options->of_socket;
    listening->has_default |= options->default_server;
    if (options->backlog)
        listening->address.binding->backlog = options->backlog;
    if (options->default_server || !listening->address.default_server)
        listening->address.default_server = server;
    return 0;
}

/* A `listen` that is being read: each of its addresses gets the server. */
struct one_listen {
    struct http_scope *scope;
    const struct conf_node *node;
    struct listen_options options;
};

static int take_address(void *data, const struct listen_address *address)
{
    const struct one_listen *one = data;

    return add_server(one->scope->build, one->node, address, &one->options, one->scope->server);
}

int http_set_listen(struct conf_setting *setting)
{
    const struct conf_node *node = setting->node;
    struct one_listen one = {.scope = http_scope_of(setting), .node = node};
    const char *why;
    int result = 0;

    for (unsigned i = 1; i < node->arg_count && !result; i++)
        result = parse_option(setting->conf, node, node->args[i], &one.options);
    if (result)
        return result;
    one.scope->listens = true;
    result = listen_addresses_parse(node->args[0], HTTP_PORT, take_address, &one, &why);
    return result && why ? conf_fail(setting->conf, node, "%s in \"%s\" of the \"listen\" directive", why,
                                     node->args[0])
                         : result;
}

int http_listen_default(struct http_build *build, const struct conf_node *node, struct http_server *server)
{
    const struct listen_options options = {0};
    struct listen_address address;
    const char *why = "";

    if (listen_address_parse("*", geteuid() == 0 ? HTTP_PORT : HTTP_PORT_UNPRIVILEGED, &address, &why))
        return conf_fail(build->conf, node, "%s in the default of the \"listen\" directive", why);
    return add_server(build, node, &address, &options, server);
}

/* ---- when all is read ---- */

/* The line about an address at the start: its URL, and in brackets the paths at which the server can be
 * watched. */
static int describe(struct http_build *build, const struct http_listening *listening)
{
    struct binding *binding = listening->address.binding;
    char text[1024];
    int length = snprintf(text, sizeof text, "listening on http://%s/", binding->address.text), bare = length;

    if (!listen_address_port(&binding->address))
        return 0; /* a unix socket has no URL */
    for (const struct http_announced *at = build->announced; at; at = at->next) {
        const struct http_location *location = at->location;

        if (has_server(listening, location->server) && length < (int)sizeof text)
            length += snprintf(text + length, sizeof text - (size_t)length, "%s%s: %.*s",
                               length == bare ? " (" : ", ", at->what, (int)location->name.length,
                               location->name.bytes);
    }
    if (length > bare && length < (int)sizeof text)
        length += snprintf(text + length, sizeof text - (size_t)length, ")");
    if (length >= (int)sizeof text)
        text[bare] = '\0'; /* so many paths would hide the address */
    binding->said = pool_strndup(build->conf->pool, text, strlen(text), "address");
    return binding->said ? 0 : conf_fail_memory(build->conf);
}

static int finish_address(struct http_build *build, struct http_listening *listening)
{
    const struct http_reading *reading = &listening->address.default_server->reading;
    struct binding *binding = listening->address.binding;
    const struct http_server **servers =
        pool_array(build->conf->pool, listening->server_count, sizeof *servers, "address");
    size_t count = 0;

    if (!servers)
        return conf_fail_memory(build->conf);
    for (const struct listening_server *item = listening->servers; item; item = item->next)
        servers[count++] = item->server;
    binding->pools = (struct pool_options){.first_size = reading->connection_pool_size,
                                           .block_size = reading->request_pool_size,
                                           .budget = reading->connection_pool_budget,
                                           .name = "connection"};
    binding->measured = true;
    binding->automatic = reading->request_pool_auto;
    if (describe(build, listening))
        return -ENOMEM;
    return http_names_build(build->conf, servers, count, binding->address.text, &listening->address.names);
}

int http_listen_finish(struct http_build *build)
{
    int result = 0;

    for (struct http_listening *at = build->listening; at && !result; at = (void *)at->address.next)
        result = finish_address(build, at);
    return result;
}
