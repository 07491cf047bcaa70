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
    size_t used = 0;

    *out = '\0';
    for (; sets; sets = sets->next)
        for (unsigned i = 0; i < sets->count; i++) {
            int length = snprintf(out + used, size - used, "%d%s;", sets->fds[i], sets->systemd ? "s" : "");

            if (length < 0 || (size_t)length >= size - used)
                return false;
            used += (size_t)length;
        }
    return true;
}

/* A list of numbers above those of the streams, each with its semicolon, and perhaps an s before it. */
static bool is_list(const char *text)
{
    char *end;

    for (; *text; text = end + 1) {
        long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

        end += number >= 0 && *end == 's';
        if (number <= STDERR_FILENO || number > INT_MAX || *end != ';')
            return false;
    }
    return true;
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

/* 0 or a negative errno. */
static int take_socket(struct socket_set **sets, int fd, bool systemd)
{
    struct sockaddr_storage socket = {0};
    struct listen_address address;
    socklen_t length = sizeof socket;
    int type, listens, flags = fcntl(fd, F_GETFL), result;

    if (flags < 0 || !asks(fd, SO_TYPE, &type) || !asks(fd, SO_ACCEPTCONN, &listens) ||
        getsockname(fd, (struct sockaddr *)&socket, &length))
        return -errno;
    if (type != SOCK_STREAM || !listens)
        return -EINVAL;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
        set_nodelay(fd, socket.ss_family))
        return -errno;
    result = listen_address_from_socket(&address, &socket, length);
    return result ? result : sockets_keep(sets, &address, fd, systemd);
}

bool handed_take(struct socket_set **sets, const struct log *log)
{
    const char *text = getenv(HANDED_VARIABLE), *next;

    if (!text)
        return false;
    if (!is_list(text)) {
        log_write(log, LOG_LEVEL_ERROR, 0,
                  HANDED_VARIABLE "=\"%s\" is ignored: it is no list of descriptors, \"7;8;\"", text);
        unsetenv(HANDED_VARIABLE);
        return false;
    }
    for (; (next = strchr(text, ';')); text = next + 1) {
        int fd = (int)strtol(text, NULL, 10), error = take_socket(sets, fd, next[-1] == 's');

        if (error)
            log_write(log, LOG_LEVEL_ERROR, error,
                      "descriptor %d of " HANDED_VARIABLE " is ignored: it is no listening socket", fd);
    }
    unsetenv(HANDED_VARIABLE);
    return true;
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
                      "the socket \"%.*s\" (descriptor %d) of systemd is ignored: it is no listening socket",
                      length, names ? names : "", fd);
        names = names && names[length] ? names + length + 1 : NULL;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}
