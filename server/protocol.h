/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a protocol on a connection, as a table of functions. A binding names it and the engine calls it;
 *   echo.c has the smallest one.
 * Lifetime: constant tables.
 * Threads: all are called on the connection's worker.
 * Errors: as said at each function.
 */
#ifndef SERVER_PROTOCOL_H
#define SERVER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

struct connection;

/* What a connection does, for whoever watches the server. */
enum connection_state {
    CONNECTION_IDLE,      /* between requests */
    CONNECTION_READING,   /* a head or a body comes in */
    CONNECTION_WAITING,   /* a module answers later */
    CONNECTION_SENDING,   /* the peer is slow to take it */
    CONNECTION_LINGERING, /* closes soon */
    CONNECTION_STATES
};

extern const char *const connection_state_names[CONNECTION_STATES];

/* What speaks on a connection. All are called on the connection's worker, and none after connection_close. */
struct protocol {
    const char *name;
    size_t connection_size; /* bytes of its own struct, which begins with a struct connection */
    /* A new connection, watched for EV_READ, zeroed after the part of struct connection; `requests` > 0: it
     * comes from another worker and is idle between two of its requests. False: it could not be set up, the
     * caller closes it. */
    bool (*opened)(struct connection *connection);
    void (*ready)(struct connection *connection, int events); /* EV_READ, EV_WRITE: what may go on */
    void (*expired)(struct connection *connection);           /* the timeout it started */
    void (*drain)(struct connection *connection);  /* its worker or generation ends: see connection_ending */
    void (*closed)(struct connection *connection); /* last word, before the pool goes; may be null */
    /* Memory is short: if it is idle between two requests it closes, and returns true. Null: never. */
    bool (*shed)(struct connection *connection);
    /* Nothing is lost if it is closed: idle between two requests, silent since it came, or only waiting
     * for the peer to close. Null: never. */
    bool (*idle)(const struct connection *connection);
    /* Its connections may turn out to watch the server: memory that the budgets refuse is lent to a few until
     * their request is known (shortage_borrow). */
    bool borrows;
    void (*refused)(int fd); /* there is no memory for a connection: answers on the socket; may be null */
    /* What it is about; null: idle, or sending when there is something to send. */
    enum connection_state (*state)(const struct connection *connection);
    /* How many bytes of a buffer or a large one (`piece`) of its pool are used. False: that is not known, or
     * it is in the output queue. May be null. */
    bool (*filled)(const struct connection *connection, const void *piece, size_t *bytes);
    /* Adds ", request: …" to a log line about this connection, at most `size` bytes; returns their number.
     * Also called when the process has crashed, in a handler of a signal: no memory, no lock. `state` too.
     * */
    size_t (*describe)(const struct connection *connection, char *to, size_t size);
};

#endif
