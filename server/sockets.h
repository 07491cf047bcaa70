/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: listening sockets: opens what a generation listens on and hands each worker its share. An address
 *   has one socket per worker (SO_REUSEPORT) and keeps every socket it ever had until the address goes, for
 *   closing one would reset what the kernel has queued on it: with fewer workers each serves several. A unix
 *   socket has one.
 * Lifetime: a set lives as long as a generation in use listens on its address; sockets_sweep closes the
 *   others once all workers have switched.
 * Threads: the main thread.
 * Errors: a negative errno; the generation's conf.error names the address.
 */
#ifndef SERVER_SOCKETS_H
#define SERVER_SOCKETS_H

#include "server/generation.h"

struct crew;

struct socket_set {
    struct socket_set *next;
    struct listen_address address;
    int *fds;
    unsigned count, capacity;
    unsigned mode;      /* of a unix socket's path; 0: not set yet */
    unsigned served;    /* of count: divided among workers by sockets_share */
    int backlog;        /* that listen(2) was asked for; 0: not yet */
    unsigned told;      /* of count: the supervisor has them */
    unsigned listening; /* of count: the rest are bound, and listen once the whole configuration stands */
    bool systemd;       /* its socket unit made the one socket: the path and its mode are that unit's */
};

/* Opens what `generation` needs and is not open yet, for `workers` workers: first a probe of every new
 * address without SO_REUSEPORT, so that a second server on it is an error, then the sockets. On failure
 * nothing new stays open. */
int sockets_open(struct socket_set **sets, struct generation *generation, unsigned workers);

/* Divides the sockets among the first `count` of the crew: fills generation->shares. */
int sockets_share(struct generation *generation, const struct crew *crew, unsigned count);

/* The last step before workers are told: where the mode of a unix socket's path changes, the bits that go are
 * cleared now, so that nobody reaches the new service by the old mode. Bits that come are set in
 * sockets_sweep, when no worker serves the old one any more. `old` is in service; its modes are restored
 * after a failure. */
int sockets_narrow(struct generation *generation, const struct generation *old);

/* A server process starts with the sets that it has from the supervisor: nothing is known of unix sockets'
 * modes. */
void sockets_inherit(struct socket_set *sets);

/* Tells the supervisor of those that it does not have. */
void sockets_tell(struct socket_set *sets);

/* In the supervisor: one more socket on the address; `systemd`: see struct socket_set. 0 or a negative errno:
 * `fd` is still the caller's. */
__attribute__((warn_unused_result)) int sockets_keep(struct socket_set **sets,
                                                     const struct listen_address *address, int fd,
                                                     bool systemd);

/* The end of an address; nothing happens to its path. */
void sockets_forget(struct socket_set **sets, const struct listen_address *address);

/* That, because the server has closed it. The path is the server's to remove, unless sockets are shared; one
 * of systemd's stays. */
void sockets_gone(struct socket_set **sets, const struct listen_address *address);

/* Closes all and leaves the paths to whoever keeps the sockets. */
void sockets_leave(struct socket_set **sets);

/* Closes those that were handed to us (handed.h) and `generation` does not listen on; their paths stay. */
void sockets_keep_needed(struct socket_set **sets, const struct generation *generation);

/* All workers serve `current` (null: none is left): closes the sets that it does not listen on and removes
 * their unix paths; sets the mode of the others. */
void sockets_sweep(struct socket_set **sets, const struct generation *current);

#endif
