/* SPDX-License-Identifier: BSD-2-Clause */
/* The datagrams of sd_notify(3). */
#include "server/process/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/log/log.h"

enum { MESSAGE_MAX = 512 };

static bool silent_now;
static int connected_fd = -1; /* to the manager; negative: it is looked for each time */

void notify_be_silent(bool silent)
{
    silent_now = silent;
}

/* A socket that is connected to a path, or with '@' in front to a name of the abstract kind; or a negative
 * errno. */
static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    int fd, error;

    if (length >= sizeof address.sun_path || (*name != '/' && *name != '@'))
        return -EINVAL;
    memcpy(address.sun_path, name, length);
    if (*name == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (!connect(fd, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)))
        return fd;
    error = -errno;
    close(fd);
    return error;
}

void notify_connect(void)
{
    const char *name = getenv("NOTIFY_SOCKET");

    if (name && !silent_now && connected_fd < 0)
        connected_fd = connect_to(name); /* if it cannot, the message says so */
}

/* 0 or a negative errno. */
static int send_to(const char *name, const char *text)
{
    int fd, error = 0;

    if (connected_fd >= 0 && send(connected_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return 0;
    fd = connect_to(name);
    if (fd < 0)
        return fd;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        error = -errno;
    close(fd);
    return error;
}

__attribute__((format(printf, 1, 2))) static void notify(const char *format, ...)
{
    const char *name = getenv("NOTIFY_SOCKET");
    char text[MESSAGE_MAX];
    va_list arguments;
    int error;

    if (!name || silent_now)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error = send_to(name, text);
    if (error)
        log_write(log_thread(), LOG_LEVEL_WARN, error, "NOTIFY_SOCKET \"%s\" could not be told \"%.*s\"",
                  name, (int)strcspn(text, "\n"), text);
}

void notify_ready(const char *status)
{
    notify("READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    notify("RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reading the configuration",
           (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
    notify("STOPPING=1\nSTATUS=Ending");
}

void notify_main(pid_t pid)
{
    notify("MAINPID=%d\nSTATUS=Another binary has taken over", (int)pid);
}
