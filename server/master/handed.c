/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of descriptors in the environment, written and read. */
#include "server/master/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/sockets.h"

bool handed_write(const struct socket_set *sets, char *out, size_t size)
{
    int start = snprintf(out, size, "%d:", (int)getpid());
    size_t used = (size_t)start;

    if (start < 0 || used >= size)
        return false;
    for (; sets; sets = sets->next)
        for (unsigned i = 0; i < sets->count; i++) {
            int length = snprintf(out + used, size - used, "%d%s;", sets->fds[i], sets->systemd ? "s" : "");

            if (length < 0 || (size_t)length >= size - used)
                return false;
            used += (size_t)length;
        }
    return true;
}

/* A number from `least` to INT_MAX, without a sign; otherwise -1. *end: what comes after it. */
static int read_number(const char *text, int least, const char **end)
{
    char *after = NULL;
    long number = *text >= '0' && *text <= '9' ? strtol(text, &after, 10) : -1;

    *end = after ? after : text;
    return number >= least && number <= INT_MAX ? (int)number : -1;
}

/* A process and a colon, then numbers above those of the streams, each with its semicolon, and perhaps an s
 * before it. The process, and the rest in *list; 0: it is something else. */
static pid_t read_list(const char *text, const char **list)
{
    const char *end;
    pid_t process = read_number(text, 1, &end);

    if (process < 0 || *end != ':')
        return 0;
    for (*list = text = end + 1; *text; text = end + 1) {
        int fd = read_number(text, STDERR_FILENO + 1, &end);

        end += *end == 's';
        if (fd < 0 || *end != ';')
            return 0;
    }
    return process;
}

static bool asks(int fd, int option, int *value)
{
    socklen_t length = sizeof *value;

    return !getsockopt(fd, SOL_SOCKET, option, value, &length);
}

/* Accepted sockets inherit it, as they do from those that we make. */
static int set_nodelay(int fd, int family)
{
    int on = 1;

    return family == AF_UNIX ? 0 : setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static const char *why_not(int error)
{
    return error == -EINVAL || error == -ENOTSOCK || error == -EBADF ? "it is no listening socket"
                                                                     : "it cannot be used";
}

/* 0 or a negative errno. What is refused goes to no other program either. */
static int take_socket(struct socket_set **sets, int fd, bool systemd)
{
    struct sockaddr_storage socket = {0};
    struct listen_address address;
    socklen_t length = sizeof socket;
    int type, listens, flags = fcntl(fd, F_GETFL), result;

    if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) || !asks(fd, SO_TYPE, &type) ||
        !asks(fd, SO_ACCEPTCONN, &listens) || getsockname(fd, (struct sockaddr *)&socket, &length))
        return -errno;
    if (type != SOCK_STREAM || !listens)
        return -EINVAL;
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) || set_nodelay(fd, socket.ss_family))
        return -errno;
    result = listen_address_from_socket(&address, &socket, length);
    return result ? result : sockets_keep(sets, &address, fd, systemd);
}

pid_t handed_take(struct socket_set **sets, const struct log *log)
{
    const char *variable = getenv(HANDED_VARIABLE), *text = "", *next;
    pid_t process;

    if (!variable)
        return 0;
    process = read_list(variable, &text);
    if (!process) {
        log_write(log, LOG_LEVEL_ERROR, 0,
                  HANDED_VARIABLE "=\"%s\" is ignored: it is no list of descriptors, \"4711:7;8;\"",
                  variable);
        text = "";
    }
    for (; (next = strchr(text, ';')); text = next + 1) {
        int fd = (int)strtol(text, NULL, 10), error = take_socket(sets, fd, next[-1] == 's');

        if (error)
            log_write(log, LOG_LEVEL_ERROR, error, "descriptor %d of " HANDED_VARIABLE " is ignored: %s", fd,
                      why_not(error));
    }
    unsetenv(HANDED_VARIABLE);
    return process;
}

/* Of an environment variable: a number from 1 to `most`; 0: it is not there, or something else. */
static long number_in(const char *variable, long most)
{
    const char *text = getenv(variable);
    char *end;
    long number = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;

    return number && !*end && number <= most ? number : 0;
}

void handed_take_systemd(struct socket_set **sets, const struct log *log)
{
    enum { FIRST = 3 /* SD_LISTEN_FDS_START */ };
    long count = number_in("LISTEN_PID", INT_MAX) == getpid() ? number_in("LISTEN_FDS", INT_MAX - FIRST) : 0;
    const char *names = getenv("LISTEN_FDNAMES");

    for (int fd = FIRST; fd < FIRST + count; fd++) {
        int length = names ? (int)strcspn(names, ":") : 0, error = take_socket(sets, fd, true);

        if (error)
            log_write(log, LOG_LEVEL_ERROR, error,
                      "the socket \"%.*s\" (descriptor %d) of systemd is ignored: %s", length,
                      names ? names : "", fd, why_not(error));
        names = names && names[length] ? names + length + 1 : NULL;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

/* It takes IPv4 too, as ListenStream=80 does unless the system says otherwise. */
static bool is_dual(const struct socket_set *set)
{
    int only = 1;
    socklen_t length = sizeof only;

    return set->address.socket.ss_family == AF_INET6 && listen_address_is_wildcard(&set->address) &&
           !getsockopt(set->fds[0], IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) && !only;
}

/* Whether it keeps an IPv4 address from us. */
static bool in_the_way(const struct socket_set *set, const struct generation *generation)
{
    const struct binding *binding = generation->bindings;

    while (binding && (binding->address.socket.ss_family != AF_INET ||
                       listen_address_port(&binding->address) != listen_address_port(&set->address)))
        binding = binding->next;
    return binding && is_dual(set);
}

void handed_say_unused(const struct socket_set *sets, const struct generation *generation)
{
    for (; sets; sets = sets->next) {
        if (!sets->systemd)
            continue;
        if (!generation_find(generation, &sets->address))
            log_write(generation->settings.log, LOG_LEVEL_WARN, 0,
                      "systemd has passed a socket at %s, where no \"listen\" is: it is closed",
                      sets->address.text);
        if (in_the_way(sets, generation))
            log_write(
                generation->settings.log, LOG_LEVEL_WARN, 0,
                "systemd's socket at %s takes IPv4 too, so no other can be bound there: the socket unit "
                "needs ListenStream=0.0.0.0:%u, or BindIPv6Only=ipv6-only",
                sets->address.text, listen_address_port(&sets->address));
    }
}
