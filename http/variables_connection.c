/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of the connection, the server and the clock. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connection.h"
#include "http/variables_table.h"
#include "server/version.h"

static enum http_found value_peer(struct http_request *request, const struct peer *peer,
                                  struct http_text *value)
{
    char *to = pool_nalloc(request->pool, PEER_TEXT_MAX, "variable");

    if (!to)
        return http_value_none(value);
    *value = (struct http_text){to, peer_format(peer, to)};
    return HTTP_FOUND;
}

static enum http_found get_remote_addr(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    return value_peer(request, &request->connection->base.peer, value);
}

static enum http_found get_binary_remote_addr(struct http_request *request,
                                              const struct http_variable *variable, struct http_text *value)
{
    const struct peer *peer = &request->connection->base.peer;

    if (peer->family == AF_UNIX)
        return get_remote_addr(request, variable, value);
    *value = (struct http_text){(const char *)peer->bytes,
                                peer->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr)};
    return HTTP_FOUND;
}

static enum http_found value_port(struct http_request *request, uint16_t port, struct http_text *value)
{
    return port ? http_value_number(request, port, 1, value) : http_value_string("", value);
}

static enum http_found get_remote_port(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    return value_port(request, request->connection->base.peer.port, value);
}

static enum http_found get_connection(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    (void)variable;
    return http_value_number(request, request->connection->base.number, 1, value);
}

static enum http_found get_connection_requests(struct http_request *request,
                                               const struct http_variable *variable, struct http_text *value)
{
    (void)variable;
    return http_value_number(request, request->connection->base.requests, 1, value);
}

/* ---- the server ---- */

static enum http_found get_server_name(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    return http_value_string(request->server->name, value);
}

static bool is_wildcard(const struct sockaddr_storage *socket)
{
    if (socket->ss_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)socket)->sin_addr.s_addr == htonl(INADDR_ANY);
    return socket->ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr);
}

/* The address the client connected to; only a wildcard's must be asked of the kernel. */
static enum http_found get_server_addr(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    const struct connection *connection = &request->connection->base;
    const struct listen_address *address = &connection->binding->address;
    struct sockaddr_storage local = address->socket;
    socklen_t length = sizeof local;
    struct peer peer;

    (void)variable;
    if (local.ss_family == AF_UNIX)
        return http_value_string(address->text, value);
    if (is_wildcard(&local) && getsockname(connection->io.fd, (struct sockaddr *)&local, &length) < 0)
        return http_value_none(value);
    peer_from_socket(&peer, &local, length);
    return value_peer(request, &peer, value);
}

static enum http_found get_server_port(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    return value_port(request, listen_address_port(&request->connection->base.binding->address), value);
}

static enum http_found get_scheme(struct http_request *request, const struct http_variable *variable,
                                  struct http_text *value)
{
    (void)request;
    (void)variable;
    return http_value_string("http", value);
}

static enum http_found get_https(struct http_request *request, const struct http_variable *variable,
                                 struct http_text *value)
{
    (void)request;
    (void)variable;
    return http_value_string("", value);
}

/* The kernel's name for this machine may change under us; nginx asks once, we ask whenever somebody wants to
 * know. */
static enum http_found get_hostname(struct http_request *request, const struct http_variable *variable,
                                    struct http_text *value)
{
    enum { HOST_NAME = 256 };
    char *to = pool_nalloc(request->pool, HOST_NAME, "variable");

    (void)variable;
    if (!to || gethostname(to, HOST_NAME) < 0)
        return http_value_none(value);
    to[HOST_NAME - 1] = '\0';
    for (char *at = to; *at; at++)
        *at = http_lower(*at);
    return http_value_string(to, value);
}

static enum http_found get_version(struct http_request *request, const struct http_variable *variable,
                                   struct http_text *value)
{
    (void)request;
    (void)variable;
    return http_value_string(VERSION_NUMBER, value);
}

static enum http_found get_pid(struct http_request *request, const struct http_variable *variable,
                               struct http_text *value)
{
    (void)variable;
    return http_value_number(request, (uint64_t)getpid(), 1, value);
}

/* ---- the clock: texts of the worker's, which change with the second ---- */

static struct clock *clock_of(const struct http_request *request)
{
    struct clock *clock = &request->connection->base.worker->clock;

    (void)clock_update(clock, http_now(request));
    return clock;
}

static enum http_found get_time_local(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    (void)variable;
    *value = (struct http_text){clock_of(request)->log_time, sizeof "21/Nov/2026:03:26:00 +0000" - 1};
    return HTTP_FOUND;
}

static enum http_found get_time_iso8601(struct http_request *request, const struct http_variable *variable,
                                        struct http_text *value)
{
    (void)variable;
    *value = (struct http_text){clock_of(request)->iso8601, sizeof "2026-11-21T03:26:00+00:00" - 1};
    return HTTP_FOUND;
}

/* Seconds with three decimals. */
static enum http_found value_seconds(struct http_request *request, double seconds, struct http_text *value)
{
    uint64_t ms = seconds > 0 ? (uint64_t)(seconds * 1000.) : 0;
    struct http_text whole, rest;

    if (http_value_number(request, ms / 1000, 1, &whole) == HTTP_NOT_FOUND ||
        http_value_number(request, ms % 1000, 3, &rest) == HTTP_NOT_FOUND)
        return http_value_none(value);
    char *to = pool_nalloc(request->pool, whole.length + 4, "variable");
    if (!to)
        return http_value_none(value);
    memcpy(to, whole.bytes, whole.length);
    to[whole.length] = '.';
    memcpy(to + whole.length + 1, rest.bytes, 3);
    *value = (struct http_text){to, whole.length + 4};
    return HTTP_FOUND;
}

static enum http_found get_msec(struct http_request *request, const struct http_variable *variable,
                                struct http_text *value)
{
    (void)variable;
    return value_seconds(request, http_now(request), value);
}

static enum http_found get_request_time(struct http_request *request, const struct http_variable *variable,
                                        struct http_text *value)
{
    (void)variable;
    return value_seconds(request, http_now(request) - request->began, value);
}

const struct http_variable_row http_connection_variables[] = {
    {"remote_addr", get_remote_addr, true},
    {"remote_port", get_remote_port, true},
    {"binary_remote_addr", get_binary_remote_addr, false},
    {"connection", get_connection, true},
    {"connection_requests", get_connection_requests, true},
    {"server_name", get_server_name, false},
    {"server_addr", get_server_addr, false},
    {"server_port", get_server_port, true},
    {"scheme", get_scheme, true},
    {"https", get_https, true},
    {"hostname", get_hostname, false},
    {"nginx_version", get_version, true},
    {"pid", get_pid, true},
    {"time_local", get_time_local, true},
    {"time_iso8601", get_time_iso8601, true},
    {"msec", get_msec, true},
    {"request_time", get_request_time, true},
    {NULL, NULL, false},
};
