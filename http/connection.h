/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP connection: the driver.
 *
 * Purpose: receives bytes, feeds the parser, runs requests one after another, sends what they answered.
 *   Everything that one read brought is answered before anything is sent, and leaves in as few calls as
 *   possible.
 * Lifetime: the struct is the first thing in the connection's pool. A request is made after the pin with
 *   its first byte and goes with the reset; input buffers are blocks the pool owns, given back when the
 *   connection is idle.
 * Threads: its worker.
 * Errors: what the peer does wrong is answered and the connection closed; memory that is missing is 503,
 *   or a cut.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/protocol/parser.h"
#include "server/connection.h"
#include "server/worker.h"

struct http_request;

enum http_state {
    HTTP_IDLE,    /* nothing of a request is here; keep-alive or fresh */
    HTTP_HEAD_IN, /* receiving a head */
    HTTP_BODY_IN, /* receiving a body that a module waits for, or discarding one */
    HTTP_WAITING, /* a module answers later: http_resume */
    HTTP_SENDING, /* the answer waits for the socket */
    HTTP_LINGER,  /* answered for good: what still comes in is dropped until the peer closes */
    HTTP_STATES
};

/* What a connection that waits is counted as (server/counters.h). */
enum http_counted { HTTP_COUNTED_IDLE, HTTP_COUNTED_READING, HTTP_COUNTED_WRITING };

/* Where bytes from the socket go. One block; a head that outgrows it goes on in a larger one, the older are
 * kept. */
struct http_input {
    char *bytes;       /* null: none taken */
    uint32_t start;    /* first byte not consumed: the request being read begins here */
    uint32_t end;      /* after the last byte received */
    uint32_t capacity; /* bytes */
};

struct http_connection {
    struct connection base;
    struct http_input input;
    struct http_request *request; /* null: none begun */
    struct http_parser parser;
    double lingering_until; /* seconds (timeouts_now) */
    int64_t idle_timeout;   /* ms: keepalive_timeout of the last request's location */
    uint8_t state;          /* enum http_state */
    bool expects_more;      /* the last read filled its buffer: there may be more */
    bool eof;               /* the peer has shut its sending side */
    bool tuned;             /* `set $limit_rate` was run, or TCP_NODELAY is off: http_pace_begin looks */
    bool linger;            /* then waits for the peer, who may still be sending */
    bool cut;               /* an answer that has begun cannot be finished: closes at once */
    uint8_t timing;         /* enum http_state whose timeout runs; HTTP_STATES: none */
    uint8_t counted;        /* enum http_counted, of when it last began to wait */
};

extern const struct protocol http_protocol;

static inline struct http_connection *http_connection_of(struct connection *connection)
{
    return (struct http_connection *)(void *)connection;
}

#endif
