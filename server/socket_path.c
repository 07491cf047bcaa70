/* SPDX-License-Identifier: BSD-2-Clause */
/* The path of a unix socket, removed when nobody listens there any more. */
#include "server/socket_path.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/supervised.h"

static bool shared_now;

void socket_paths_share(bool shared)
{
    shared_now = shared;
}

bool socket_paths_shared(void)
{
    return shared_now;
}

static const char *path_of(const struct listen_address *address)
{
    return ((const struct sockaddr_un *)&address->socket)->sun_path;
}

/* The folder may be another user's, now that privileges are dropped. The next start takes the path over. */
static void remove_it(const struct listen_address *address)
{
    if (unlink(path_of(address)) && errno != ENOENT)
        log_write(log_thread(), LOG_LEVEL_NOTICE, errno, "%s is left behind: unlink() failed", address->text);
}

void socket_path_end(const struct listen_address *address)
{
    if (address->socket.ss_family != AF_UNIX)
        return;
    if (!shared_now)
        remove_it(address);
    else if (!supervised())
        socket_path_remove_stale(address);
}

void socket_path_remove_stale(const struct listen_address *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;

    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&address->socket, address->length) && errno == ECONNREFUSED &&
        !lstat(path_of(address), &status) && S_ISSOCK(status.st_mode))
        unlink(path_of(address));
    close(fd);
}
