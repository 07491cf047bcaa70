/* SPDX-License-Identifier: BSD-2-Clause */
/* A server process: forked, told, reaped. */
#include "server/master/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/supervised.h"

bool child_start(struct child *child, int *error)
{
    int ends[2] = {-1, -1};
    pid_t pid = -1;

    if (!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        pid = fork();
    *error = pid < 0 ? errno : 0;
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (!pid) {
        close(ends[0]);
        supervised_begin(ends[1]);
        return true;
    }
    close(ends[1]);
    child->channel = ends[0];
    child->pid = pid;
    return false;
}

void child_tell(const struct child *child, const struct supervised_message *message, const struct log *log)
{
    int error;

    if (child->channel < 0)
        return;
    error = supervised_send(child->channel, message, -1, MSG_DONTWAIT);
    if (error && error != -EPIPE && error != -ECONNRESET)
        log_write(log, LOG_LEVEL_ALERT, error, "sendmsg() to the server process %d failed", (int)child->pid);
}

void child_order(const struct child *child, int number, const struct log *log)
{
    if (number == SIGWINCH)
        child_tell(child, &(struct supervised_message){.kind = SUPERVISED_SIGNAL, .number = number}, log);
    else if (child->pid && kill(child->pid, number))
        log_write(log, LOG_LEVEL_ALERT, errno, "signal %d could not be passed on to the server process %d",
                  number, (int)child->pid);
}

void child_close_channel(struct child *child)
{
    if (child->channel >= 0)
        close(child->channel);
    child->channel = -1;
}

void child_ignore(const struct child *child)
{
    if (child->channel >= 0)
        shutdown(child->channel, SHUT_RD);
}

bool child_reap(const struct child *child, int *status)
{
    return child->pid && waitpid(child->pid, status, WNOHANG) == child->pid;
}
