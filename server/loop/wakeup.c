/* SPDX-License-Identifier: BSD-2-Clause */
/* Wake-ups on eventfd and signalfd, of which none is lost. */
#include "server/loop/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/log/log.h"

enum { SEND_TRIES = 3 }; /* more tries would not help; wakeup_look finds what is lost */

static void watch(struct wakeup *wakeup)
{
    ev_io_start(wakeup->loop, &wakeup->io);
    ev_unref(wakeup->loop);
}

static void on_event(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct wakeup *wakeup = io->data;
    uint64_t count;

    (void)loop;
    if (events & EV_ERROR) { /* epoll_ctl refused the descriptor, and libev has stopped the watcher */
        ev_ref(wakeup->loop);
        if (!wakeup->complained)
            log_write(log_thread(), LOG_LEVEL_CRIT, 0,
                      "epoll_ctl() failed for a wake-up of this thread, it is looked into once a second");
        wakeup->complained = true;
    } else {
        wakeup->complained = false;
        /* Read before `woken` looks, so that a later wake-up wakes again. If it fails, the descriptor stays
         * readable. */
        if (wakeup->counts && read(io->fd, &count, sizeof count) < 0)
            count = 0;
    }
    wakeup->woken(wakeup);
}

/* During init, when nobody listens yet. */
static void nothing(struct wakeup *wakeup)
{
    (void)wakeup;
}

/* `fd`: what the kernel gave, or negative. */
static int start(struct wakeup *wakeup, struct ev_loop *loop, int fd, void (*woken)(struct wakeup *wakeup))
{
    int error;

    if (fd < 0)
        return -errno;
    wakeup->loop = loop;
    wakeup->woken = nothing;
    wakeup->complained = true; /* the caller says it */
    ev_io_init(&wakeup->io, on_event, fd, EV_READ);
    wakeup->io.data = wakeup;
    watch(wakeup);
    /* libev asks the kernel when the loop turns. If that is refused, no call failed after it. */
    errno = 0;
    ev_run(loop, EVRUN_NOWAIT);
    error = errno ? -errno : -EIO;
    wakeup->woken = woken;
    wakeup->complained = false;
    if (ev_is_active(&wakeup->io))
        return 0;
    close(fd);
    wakeup->io.fd = -1;
    return error;
}

int wakeup_init(struct wakeup *wakeup, struct ev_loop *loop, void (*woken)(struct wakeup *wakeup))
{
    memset(wakeup, 0, sizeof *wakeup);
    wakeup->counts = true;
    return start(wakeup, loop, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), woken);
}

int wakeup_init_signals(struct wakeup *wakeup, struct ev_loop *loop, const sigset_t *set,
                        void (*woken)(struct wakeup *wakeup))
{
    memset(wakeup, 0, sizeof *wakeup);
    return start(wakeup, loop, signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC), woken);
}

int wakeup_init_socket(struct wakeup *wakeup, struct ev_loop *loop, int fd,
                       void (*woken)(struct wakeup *wakeup))
{
    memset(wakeup, 0, sizeof *wakeup);
    return start(wakeup, loop, fd, woken);
}

void wakeup_stop(struct wakeup *wakeup)
{
    if (!wakeup->loop || !ev_is_active(&wakeup->io))
        return;
    ev_ref(wakeup->loop);
    ev_io_stop(wakeup->loop, &wakeup->io);
}

void wakeup_close(struct wakeup *wakeup)
{
    wakeup_stop(wakeup);
    if (wakeup->loop && wakeup->io.fd >= 0)
        close(wakeup->io.fd);
    wakeup->loop = NULL;
}

void wakeup_send(struct wakeup *wakeup)
{
    const uint64_t one = 1;
    int saved = errno;

    /* EAGAIN: the counter is full, so the descriptor is readable. */
    for (int tries = 0; tries < SEND_TRIES; tries++)
        if (write(wakeup->io.fd, &one, sizeof one) >= 0 || errno == EAGAIN)
            break;
    errno = saved;
}

int wakeup_signal(const struct wakeup *wakeup)
{
    struct signalfd_siginfo info;

    return read(wakeup->io.fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void wakeup_look(struct wakeup *wakeup)
{
    if (!ev_is_active(&wakeup->io))
        watch(wakeup);
    wakeup->woken(wakeup);
}
