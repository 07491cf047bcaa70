/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's signals, blocked and read. */
#include "server/master/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int obeyed[] = {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

int signals_open(void)
{
    struct sigaction preset = {.sa_handler = SIG_DFL};
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof obeyed / sizeof *obeyed; i++)
        sigaddset(&set, obeyed[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGCHLD, &preset, NULL); /* ignored, children leave no status */
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int signals_next(int fd, int *value)
{
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGWINCH && info.ssi_code == SI_KERNEL)
            continue;
        *value = info.ssi_code == SI_QUEUE ? info.ssi_int : 0;
        return (int)info.ssi_signo;
    }
    return 0;
}

void signals_leave(int fd)
{
    sigset_t set;

    close(fd);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
