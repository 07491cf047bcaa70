/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a wake-up: a descriptor of the kernel by which other threads (eventfd) or signals (signalfd) wake
 *   a loop. It replaces ev_async and ev_signal, and every call that may fail has an outcome. libev aborts
 *   when its pipe cannot be made, and never wakes again when epoll_ctl refuses the pipe (ENOSPC:
 *   fs.epoll.max_user_watches; ENOMEM).
 * Lifetime: embedded in the owner of the loop; init before the loop runs, stop before it goes, then close.
 * Threads: the loop's own, but for wakeup_send, which every thread may call while the wake-up lives.
 * Errors: init returns a negative errno. Afterwards a wake-up that the kernel stops watching is looked into
 *   once a second by its owner (wakeup_look), which also tries to watch it again.
 */
#ifndef SERVER_LOOP_WAKEUP_H
#define SERVER_LOOP_WAKEUP_H

#include <ev.h>
#include <signal.h>
#include <stdbool.h>

/* Seconds between two calls of wakeup_look. */
enum { WAKEUP_LOOK = 1 };

struct wakeup {
    struct ev_io io; /* io.fd: the descriptor, negative when there is none */
    struct ev_loop *loop;
    void (*woken)(struct wakeup *wakeup);
    bool counts;     /* an eventfd, which is read here; anything else `woken` reads */
    bool complained; /* that it is not watched was logged */
};

/* Opens an eventfd and watches it: `woken` runs in the loop after wakeup_send, once for any number of them.
 * ev_memory_reserve has been called before. Runs one turn of the loop without waiting, so that the kernel has
 * been asked. The watcher does not keep ev_run going. */
__attribute__((warn_unused_result)) int wakeup_init(struct wakeup *wakeup, struct ev_loop *loop,
                                                    void (*woken)(struct wakeup *wakeup));

/* The same for signals. The caller has blocked them, and every thread that is made later has, too. `woken`
 * asks wakeup_signal until it says 0. */
__attribute__((warn_unused_result)) int wakeup_init_signals(struct wakeup *wakeup, struct ev_loop *loop,
                                                            const sigset_t *set,
                                                            void (*woken)(struct wakeup *wakeup));

/* The same for a socket, which it closes in the end. `woken` reads without waiting. */
__attribute__((warn_unused_result)) int wakeup_init_socket(struct wakeup *wakeup, struct ev_loop *loop,
                                                           int fd, void (*woken)(struct wakeup *wakeup));

/* The end has two steps. The first is the loop's and comes before the loop goes. The second closes the
 * descriptor, once no sender can be inside wakeup_send: one may still be there when its message has been
 * taken; it takes the first, too, if nobody has. A wake-up that init refused, or that is zeroed, is left
 * alone. */
void wakeup_stop(struct wakeup *wakeup);
void wakeup_close(struct wakeup *wakeup);

/* Every thread. errno is kept. */
void wakeup_send(struct wakeup *wakeup);

/* The number of the next pending signal; 0: there is none. */
int wakeup_signal(const struct wakeup *wakeup);

/* Once every WAKEUP_LOOK seconds: watches it again if the kernel refused that, and calls `woken`, so that a
 * lost wake-up is late by a second at most. */
void wakeup_look(struct wakeup *wakeup);

#endif
