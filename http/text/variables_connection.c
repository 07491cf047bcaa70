/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of the connection, the server and the clock. */
#include <sys/socket.h>
#include <unistd.h>

#include "http/connection.h"
#include "http/text/variables_table.h"
#include "server/version.h"

static enum http_found value_peer(struct http_request *request, const struct peer *peer,
                                  struct http_text *value)
{
    char *to = pool_nalloc(request->pool, PEER_TEXT_MAX, "variable");

    if (!to)
        return http_value_none(value);
    *value = (struct http_text){to, peer_format(peer, to)};
    return HTTP_VALUE_FOUND;
}

static char *print_remote_addr(struct http_request *request, char *to)
{
    return to + peer_format(&request->connection->base.peer, to);
}

static enum http_found get_binary_remote_addr(struct http_request *request,
                                              const struct http_variable *variable, struct http_text *value)
{
    const struct peer *peer = &request->connection->base.peer;

    (void)variable;
    if (peer->family == AF_UNIX)
        return value_peer(request, peer, value);
    *value = (struct http_text){(const char *)peer->bytes,
                                peer->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr)};
    return HTTP_VALUE_FOUND;
}

/* A unix socket has no port. */
static char *print_port(uint16_t port, char *to)
{
    return port ? http_print_number(to, port) : to;
}

static char *print_remote_port(struct http_request *request, char *to)
{
    return print_port(request->connection->base.peer.port, to);
}

static char *print_connection(struct http_request *request, char *to)
{
    return http_print_number(to, request->connection->base.number);
}

static char *print_connection_requests(struct http_request *request, char *to)
{
    return http_print_number(to, request->connection->base.requests);
}

/* ---- the server ---- */

static enum http_found get_server_name(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    (void)variable;
    return http_value_string(request->server->name, value);
}

static enum http_found get_server_addr(struct http_request *request, const struct http_variable *variable,
                                       struct http_text *value)
{
    const struct connection *connection = &request->connection->base;
    struct peer local;

    (void)variable;
    if (connection->binding->address.socket.ss_family == AF_UNIX)
        return http_value_string(connection->binding->address.text, value);
    return connection_local(connection, &local) ? value_peer(request, &local, value) : http_value_none(value);
}

static char *print_server_port(struct http_request *request, char *to)
{
    return print_port(listen_address_port(&request->connection->base.binding->address), to);
}

/* Texts that are always the same, by their number. */
enum { TEXT_SCHEME, TEXT_HTTPS, TEXT_VERSION };

static enum http_found get_constant(struct http_request *request, const struct http_variable *variable,
                                    struct http_text *value)
{
    static const char *const texts[] = {
        [TEXT_SCHEME] = "http", [TEXT_HTTPS] = "", [TEXT_VERSION] = VERSION_NUMBER};

    (void)request;
    return http_value_string(texts[variable->number], value);
}

/* The kernel's name for this machine may change. nginx asks once, this server each time. */
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

static char *print_pid(struct http_request *request, char *to)
{
    (void)request;
    return http_print_number(to, (uint64_t)getpid());
}

/* ---- the clock: texts of the worker's, which change with the second ---- */

static struct clock *clock_of(const struct http_request *request)
{
    struct clock *clock = &request->connection->base.worker->clock;

    (void)clock_update(clock, http_now(request));
    return clock;
}

static char *print_time_local(struct http_request *request, char *to)
{
    enum { LENGTH = sizeof "21/Nov/2026:03:26:00 +0000" - 1 };

    memcpy(to, clock_of(request)->log_time, LENGTH);
    return to + LENGTH;
}

static char *print_time_iso8601(struct http_request *request, char *to)
{
    enum { LENGTH = sizeof "2026-11-21T03:26:00+00:00" - 1 };

    memcpy(to, clock_of(request)->iso8601, LENGTH);
    return to + LENGTH;
}

/* Seconds with three decimals. */
static char *print_seconds(double seconds, char *to)
{
    uint64_t ms = seconds > 0 ? (uint64_t)(seconds * 1000.) : 0;

    to = http_print_number(to, ms / 1000);
    *to++ = '.';
    return http_print_digits(to, ms % 1000, 3);
}

static char *print_msec(struct http_request *request, char *to)
{
    return print_seconds(http_now(request), to);
}

static char *print_request_time(struct http_request *request, char *to)
{
    return print_seconds(http_steady_now(request) - request->began, to);
}

static char *print_connection_time(struct http_request *request, char *to)
{
    return print_seconds(http_steady_now(request) - request->connection->base.opened, to);
}

const struct http_variable_row http_connection_variables[] = {
    {"remote_addr", .print = print_remote_addr, "Address of the client; of a unix socket `unix:`."},
    {"remote_port", .print = print_remote_port, "Port of the client."},
    {"binary_remote_addr", get_binary_remote_addr,
     .help = "The address as 4 or 16 bytes: the key for limit_req_zone and limit_conn_zone."},
    {"connection", .print = print_connection,
     "Number of the connection, among all that the process has accepted."},
    {"connection_time", .print = print_connection_time, "Seconds since it was accepted, with milliseconds."},
    {"connection_requests", .print = print_connection_requests, "Number of the request on it, from 1."},
    {"server_name", get_server_name, .help = "The first server_name of the server."},
    {"server_addr", get_server_addr, .help = "Address that the connection was accepted at."},
    {"server_port", .print = print_server_port, "Port that the connection was accepted at."},
    {"scheme", get_constant, .help = "`http`.", .number = TEXT_SCHEME},
    {"https", get_constant, .help = "Empty: there is no TLS.", .number = TEXT_HTTPS},
    {"hostname", get_hostname, .help = "Name of this machine."},
    {"nginx_version", get_constant, .help = "Tidepool's own version.", .number = TEXT_VERSION},
    {"pid", .print = print_pid, "Number of the process."},
    {"time_local", .print = print_time_local, "Now, as `25/Dec/2025:13:00:01 +0100`."},
    {"time_iso8601", .print = print_time_iso8601, "Now, as `2025-12-25T13:00:01+01:00`."},
    {"msec", .print = print_msec, "Now, in seconds since 1970 with milliseconds."},
    {"request_time", .print = print_request_time,
     "Seconds since the first byte of the request, with milliseconds."},
    {.name = NULL},
};
