/* SPDX-License-Identifier: BSD-2-Clause */
/* One socket, with its options, at its address. */
#include "server/socket_bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int socket_bind(const struct listen_address *address, bool shared)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, error;

    if (fd < 0)
        return -errno;
    if (address->socket.ss_family != AF_UNIX) {
        /* Accepted sockets inherit TCP_NODELAY: answers leave whole, so waiting to fill a segment only delays
         * them. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
            (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ||
            (address->socket.ss_family == AF_INET6 &&
             setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)))
            goto failed;
    }
    if (!bind(fd, (const struct sockaddr *)&address->socket, address->length))
        return fd;
failed:
    error = errno;
    close(fd);
    errno = error;
    return -error;
}
