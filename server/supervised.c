/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between the supervisor and the server, and the server's end of them. */
#include "server/supervised.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/process/notify.h"
#include "server/socket_path.h"

static int supervised_fd = -1; /* our end; negative: there is no supervisor, or it is gone */
static bool supervised_here;
static _Atomic int64_t supervised_verdict; /* Unix seconds of the last reload, negative if it was refused */
static bool supervised_complained;         /* that nothing can be read */
static unsigned supervised_untold;         /* a bit for each kind of SERVES, TAKEN and REFUSED */

enum {
    TRIES = 10,
    TRY_AGAIN = 10 * 1000 * 1000 /* ns until a message that found no memory is sent again */
};

/* Space for one descriptor. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int supervised_send(int channel, const struct supervised_message *message, int fd, int flags)
{
    struct iovec part = {(void *)(uintptr_t)message, sizeof *message};
    union control control = {0};
    struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
    const struct timespec moment = {.tv_nsec = TRY_AGAIN};
    ssize_t sent;

    if (fd >= 0) {
        whole.msg_control = control.bytes;
        whole.msg_controllen = sizeof control.bytes;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    for (int tries = 0; (sent = sendmsg(channel, &whole, flags | MSG_NOSIGNAL)) < 0 && tries < TRIES;
         tries++) {
        if (errno == ENOMEM || errno == ENOBUFS)
            nanosleep(&moment, NULL); /* this thread serves nobody */
        else if (errno != EINTR)
            break;
    }
    return sent < 0 ? -errno : 0;
}

/* The first; there is room for two, and whoever sends more than one is no server of ours. */
static void take_descriptors(const struct cmsghdr *header, int *fd)
{
    const unsigned char *at = CMSG_DATA(header);
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof *fd;
    int more;

    for (size_t i = 0; i < count; i++) {
        memcpy(i ? &more : fd, at + i * sizeof *fd, sizeof *fd);
        if (i)
            close(more);
    }
}

int supervised_receive(int channel, struct supervised_message *message, int *fd)
{
    struct iovec part = {message, sizeof *message};
    union control control = {0};
    struct msghdr whole = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
    const struct cmsghdr *header;
    ssize_t size;

    *fd = -1;
    do
        size = recvmsg(channel, &whole, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS ? -errno : 0;
    header = CMSG_FIRSTHDR(&whole);
    if (header && header->cmsg_type == SCM_RIGHTS)
        take_descriptors(header, fd);
    return size == (ssize_t)sizeof *message;
}

void supervised_begin(int channel)
{
    supervised_fd = channel;
    supervised_here = true;
    notify_be_silent(true);
}

bool supervised(void)
{
    return supervised_here;
}

int supervised_channel(void)
{
    return supervised_fd;
}

static void note_verdict(bool taken)
{
    atomic_store_explicit(&supervised_verdict, (int64_t)time(NULL) * (taken ? 1 : -1), memory_order_relaxed);
}

int supervised_signal(void)
{
    struct supervised_message message;
    int fd, result;

    if (supervised_fd < 0)
        return -EPIPE;
    while ((result = supervised_receive(supervised_fd, &message, &fd)) > 0 &&
           message.kind != SUPERVISED_SIGNAL) {
        if (message.kind == SUPERVISED_SHARED)
            socket_paths_share(message.number != 0);
        else
            note_verdict(message.kind == SUPERVISED_TAKEN);
    }
    if (result < 0 && result != -EAGAIN) {
        if (!supervised_complained)
            log_write(log_thread(), LOG_LEVEL_ALERT, result,
                      "recvmsg() from the supervisor failed, it is tried again once a second");
        supervised_complained = true;
        return result;
    }
    supervised_complained = false;
    if (result < 0)
        return 0;
    if (result > 0)
        return message.number;
    supervised_fd = -1; /* the wake-up that watches it closes it */
    log_write(log_thread(), LOG_LEVEL_CRIT, 0, "the supervisor is gone, so the server ends");
    return SIGTERM;
}

/* 0 or a negative errno. */
static int send_or_say(const struct supervised_message *message, int fd)
{
    int error = supervised_fd < 0 ? 0 : supervised_send(supervised_fd, message, fd, 0);

    if (error && error != -EPIPE && error != -ECONNRESET && !supervised_untold)
        log_write(log_thread(), LOG_LEVEL_ALERT, error, "sendmsg() to the supervisor failed");
    return error;
}

static void tell(enum supervised_kind kind)
{
    if (send_or_say(&(struct supervised_message){.kind = kind}, -1))
        supervised_untold |= 1U << kind;
    else
        supervised_untold &= ~(1U << kind);
}

int64_t supervised_reloaded(bool *taken)
{
    int64_t verdict = atomic_load_explicit(&supervised_verdict, memory_order_relaxed);

    *taken = verdict >= 0;
    return *taken ? verdict : -verdict;
}

void supervised_tell_manager(enum supervised_kind kind)
{
    static const char *const statuses[] = {
        [SUPERVISED_SERVES] = "Serving",
        [SUPERVISED_TAKEN] = "Serving, the configuration was read again",
        [SUPERVISED_REFUSED] = "Serving, the last configuration was refused: the error log says why",
    };

    if (kind == SUPERVISED_READS)
        notify_reloading();
    else
        notify_ready(statuses[kind]);
}

void supervised_tell(enum supervised_kind kind)
{
    if (!supervised_here)
        supervised_tell_manager(kind);
    if (kind == SUPERVISED_TAKEN || kind == SUPERVISED_REFUSED)
        note_verdict(kind == SUPERVISED_TAKEN);
    tell(kind);
}

bool supervised_look(void)
{
    for (unsigned kind = SUPERVISED_SERVES; supervised_fd >= 0 && kind <= SUPERVISED_REFUSED; kind++)
        if (supervised_untold & 1U << kind)
            tell((enum supervised_kind)kind);
    return supervised_fd >= 0;
}

void supervised_tell_socket(const struct listen_address *address, int fd)
{
    (void)send_or_say(&(struct supervised_message){.kind = SUPERVISED_SOCKET, .address = *address}, fd);
}

void supervised_tell_gone(const struct listen_address *address)
{
    (void)send_or_say(&(struct supervised_message){.kind = SUPERVISED_GONE, .address = *address}, -1);
}
