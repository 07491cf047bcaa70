/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that come from the kernel: the state of a connection (TCP_INFO). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "http/connection.h"
#include "http/text/variables_table.h"

/* Not found: a unix socket, or one that is closed. The number is the offset of a uint32_t in the kernel's
 * struct. */
static enum http_found get_tcp_info(struct http_request *request, const struct http_variable *variable,
                                    struct http_text *value)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    uint32_t number;

    if (request->connection->base.peer.family == AF_UNIX ||
        getsockopt(request->connection->base.io.fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ||
        length < variable->number + sizeof number)
        return http_value_none(value);
    memcpy(&number, (const char *)&info + variable->number, sizeof number);
    return http_value_number(request, number, value);
}

#define FIELD(name) offsetof(struct tcp_info, name)

const struct http_variable_row http_system_variables[] = {
    {"tcpinfo_rtt", get_tcp_info, .number = FIELD(tcpi_rtt),
     .help = "Smoothed round trip time to the client in microseconds (TCP_INFO); empty for a unix socket, as "
             "all `tcpinfo` variables are."},
    {"tcpinfo_rttvar", get_tcp_info, .number = FIELD(tcpi_rttvar),
     .help = "By how much that time varies, in microseconds."},
    {"tcpinfo_snd_cwnd", get_tcp_info, .number = FIELD(tcpi_snd_cwnd),
     .help = "Congestion window towards the client, in segments."},
    {"tcpinfo_rcv_space", get_tcp_info, .number = FIELD(tcpi_rcv_space),
     .help = "The kernel's receive window for the client, in bytes."},
    {.name = NULL},
};
