/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a connection and its pool, which is what every protocol needs of an accepted socket: a pool, one
 *   watcher, one timeout, an output queue, and an end in two phases.
 * Lifetime: the pool is made first and the connection is the first thing in it, before the pin.
 *   connection_close stops the watcher, closes the descriptor and puts the connection on its worker's list
 *   of the closed; the pool goes at the end of the same turn of the loop (connection_bury), so a callback
 *   may still look at the connection it was called with, but must return soon.
 * Threads: the worker that owns it. The one way to another worker is connection_settle_idle, as a descriptor
 *   in a message.
 * Errors: connection_open returns NULL and has closed the descriptor.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/pool.h"
#include "server/address.h"
#include "server/generation.h"
#include "server/log/log.h"
#include "server/output.h"
#include "server/protocol.h"
#include "server/tenure.h"
#include "server/loop/timeouts.h"

struct worker;
struct connection;

struct connection {
    /* set once */
    struct pool *pool;
    struct worker *worker;
    uint64_t number; /* unique in the process; *NUMBER in the error log */
    /* owner thread */
    struct ev_io io; /* io.fd is the socket, -1 once closed */
    struct timeout timeout;
    struct connection *previous, *next; /* all of the worker; `next` alone once closed */
    const struct binding *binding;      /* of tenure's generation */
    struct tenure *tenure;              /* the generation it lives under */
    struct output output;
    const char *doing; /* literal, for log lines: "reading request headers" */
    struct peer peer;
    double opened;     /* seconds (timeouts_now) when this worker took it */
    uint32_t requests; /* begun on it */
    bool closed;
    uint8_t borrowed; /* of view_reserve, as this (enum pool_failure) refused it memory; 0: nothing */
    bool looks : 1;   /* its request shows the server: it keeps what it has borrowed */
    bool watches : 1; /* one of its requests did: whoever counts clients may leave it out */
    bool delays;      /* TCP_NODELAY is off: sockets have it from their listener */
};

/* Makes the connection of descriptor `fd` (taken over, whatever happens) under `tenure`. NULL: the reason was
 * logged. */
struct connection *connection_open(struct worker *worker, struct tenure *tenure,
                                   const struct binding *binding, int fd, const struct peer *peer,
                                   uint32_t requests);

/* Has a new connection read at once, if clients' first bytes have lately been there by then. One that is
 * answered and closed in the turn that accepted it costs no epoll_ctl and no wake-up of its own. */
void connection_read_early(struct connection *connection);

/* First phase of the end. The protocol hears `closed` in the second. */
void connection_close(struct connection *connection);

/* The second phase: runs cleanups and returns the memory. Called by the worker alone. */
void connection_bury(struct connection *connection);

/* Watches for EV_READ, EV_WRITE, both or neither (0). Free when nothing changes. */
static inline void connection_watch(struct connection *connection, int events);

/* Starts or restarts the one timeout; closes the connection and returns false if memory is missing. */
static inline bool connection_timeout(struct connection *connection, int64_t ms);
static inline struct connection *connection_of_timeout(struct timeout *timeout);

enum connection_end {
    CONNECTION_STAYS,   /* nothing ends */
    CONNECTION_REBIND,  /* a newer generation serves this address: go on under it */
    CONNECTION_HAND_ON, /* the worker leaves and others, which serve this address, stay */
    CONNECTION_END      /* its address or the whole server goes: close when idle */
};

/* What an idle connection should do next. */
enum connection_end connection_ending(const struct connection *connection);

/* Does it. True: the connection is still here, perhaps under a newer generation; false: it is closed. */
bool connection_settle_idle(struct connection *connection);

enum connection_read {
    CONNECTION_READ,  /* *got > 0 bytes */
    CONNECTION_AGAIN, /* nothing now */
    CONNECTION_EOF,   /* the peer will send no more */
    CONNECTION_LOST   /* an error; errno is set */
};

static inline enum connection_read connection_receive(struct connection *connection, void *to, size_t size,
                                                      size_t *got);

/* Sends the output queue, at most `most` bytes of it (usually OUTPUT_SHARE); counts the bytes. */
static inline enum output_result connection_send(struct connection *connection, size_t most);

/* Whether small packets leave without waiting for more. Free when nothing changes. */
static inline void connection_nodelay(struct connection *connection, bool on);

/* The address that its client connected to: the listening one, or what the kernel says if that is a wildcard.
 * False: a unix socket, or the connection is closed. */
bool connection_local(const struct connection *connection, struct peer *local);

/* Logs and closes: `call` failed with errno; it made no progress in time. */
void connection_lost(struct connection *connection, const struct log *log, const char *call);
void connection_timed_out(struct connection *connection, const struct log *log);

/* Idle, or sending when there is something to send, unless the protocol knows better. */
enum connection_state connection_state_of(const struct connection *connection);

/* "*N (STATE) while DOING, client: …": for the line of a crash (process/crash.h), of which it is the
 * subject. */
size_t connection_describe(const void *connection, char *to, size_t size);

/* `doing` while a request is being processed: log lines say nothing of it, as nginx's. */
extern const char connection_processing[];

/* One line about this connection, in nginx's form: "*N MESSAGE while DOING, client: …, server: …". Without a
 * request, the address that is listened on stands for the server. `log`: null, that of its settings. */
void connection_log(const struct connection *connection, const struct log *log, enum log_level level,
                    int error, const char *format, ...) __attribute__((format(printf, 5, 6)));

#include "server/connection_inline.h"

#endif
