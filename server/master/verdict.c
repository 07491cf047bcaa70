/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict of a reload, told and waited for. */
#include "server/master/verdict.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The datagrams, a byte each. */
enum { HEARD = 'h', TAKEN = 't', REFUSED = 'r' };

enum {
    DIGITS = 5,      /* of a name, behind the NUL of the abstract kind */
    NAMED = 1 << 20, /* added to a name, so that none is 0 */
    LOOK = 200       /* ms between two looks whether the process is still there */
};

static void tell(int name, char what)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    snprintf(address.sun_path + 1, DIGITS + 1, "%05x", (unsigned)name & (NAMED - 1));
    (void)sendto(fd, &what, 1, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + DIGITS));
    close(fd);
}

void verdict_asked(struct askers *askers, int name)
{
    if (!(name & NAMED) || askers->count == VERDICT_ASKERS)
        return;
    askers->each[askers->count++] = (struct asker){.name = name};
    tell(name, HEARD);
}

void verdict_begins(struct askers *askers)
{
    for (unsigned i = 0; i < askers->count; i++)
        askers->each[i].runs = true;
}

void verdict_tell(struct askers *askers, bool taken)
{
    unsigned waiting = 0;

    for (unsigned i = 0; i < askers->count; i++)
        if (askers->each[i].runs)
            tell(askers->each[i].name, taken ? TAKEN : REFUSED);
        else
            askers->each[waiting++] = askers->each[i];
    askers->count = waiting;
}

/* ---- who asks ---- */

/* The descriptor, or -1 and errno. */
static int open_ear(int *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ||
        bind(fd, (const struct sockaddr *)&address, sizeof address.sun_family) ||
        getsockname(fd, (struct sockaddr *)&address, &length)) {
        close(fd);
        return -1;
    }
    *name = (int)strtoul(address.sun_path + 1, NULL, 16) | NAMED;
    return fd;
}

/* The next word of that process; 0: something else, anybody may send here. */
static char hear(int fd, pid_t pid)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    char word = 0;
    struct iovec vector = {&word, 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    const struct cmsghdr *header;
    struct ucred who;

    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1)
        return 0;
    header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
        return 0;
    memcpy(&who, CMSG_DATA(header), sizeof who);
    return who.pid == pid ? word : 0;
}

static enum verdict wait_for_verdict(int fd, pid_t pid)
{
    struct pollfd ear = {.fd = fd, .events = POLLIN};
    bool heard = false;
    char word;

    for (int waited = 0; waited < (heard ? VERDICT_MOST : VERDICT_BEGIN_MOST); waited += LOOK) {
        while (poll(&ear, 1, LOOK) > 0) {
            word = hear(fd, pid);
            if (word == TAKEN || word == REFUSED)
                return word == TAKEN ? VERDICT_TAKEN : VERDICT_REFUSED;
            heard |= word == HEARD;
        }
        if (kill(pid, 0) && errno == ESRCH)
            return VERDICT_GONE;
    }
    return heard ? VERDICT_NONE : VERDICT_SILENT;
}

enum verdict verdict_ask(pid_t pid)
{
    int name = 0, fd = open_ear(&name), error;
    enum verdict verdict;

    if (sigqueue(pid, SIGHUP, (union sigval){.sival_int = name})) {
        error = errno;
        if (fd >= 0)
            close(fd);
        errno = error;
        return VERDICT_FAILED;
    }
    if (fd < 0)
        return VERDICT_SILENT;
    verdict = wait_for_verdict(fd, pid);
    close(fd);
    return verdict;
}
