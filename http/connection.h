/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: an HTTP connection and its states: an engine's connection with an input buffer, a parser, and one
 *   request at a time. driver.h runs it.
 * Lifetime: the struct is the first thing in the connection's pool. A request is made after the pin with
 *   its first byte and goes with the reset; input buffers are blocks the pool owns, given back when the
 *   connection is idle.
 * Threads: its worker.
 * Errors: mistakes of the peer are answered and the connection closed; without memory the answer is 503, or
 *   it is cut.
 *
 *         first byte         a module reads the body       it is here
 *   IDLE ────────────→ HEAD ─────────────────────→ BODY ───────────────┐
 *    ↑                  │ └─ a module takes time → WAITING ─ resumed ─→│
 *    │                  └─ a step answers at once ────────────────────→│
 *    └─── keep-alive: all of the answer is queued, or out ───────────── SENDING ── close ─→ LINGER → closed
 *
 * An answer before the end of the request's body leads to BODY first: the rest is received and dropped.
 * What each state waits for, how long, and what a watcher calls it: the table in wait.c.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/config.h"
#include "http/protocol/parser.h"
#include "server/connection.h"

struct http_request;

enum {
    HTTP_OUTPUT_LIMIT = 64 * 1024 /* bytes queued at which a connection stops parsing and reading bodies */
};

enum http_state {
    HTTP_STATE_IDLE,    /* no byte of a request has arrived; keep-alive or new */
    HTTP_STATE_HEAD,    /* a head comes in */
    HTTP_STATE_BODY,    /* a body comes in that a module waits for, or that is dropped */
    HTTP_STATE_WAITING, /* a module answers later: http_resume */
    HTTP_STATE_SENDING, /* answered; the request ends when the output is out */
    HTTP_STATE_LINGER,  /* after the last answer: what still arrives is dropped until the peer closes */
    HTTP_STATES
};

/* Where bytes from the socket go: one block. A head that outgrows it continues in a larger one, and the older
 * blocks are kept. */
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
    uint8_t timing;         /* enum http_state whose timeout runs; HTTP_STATES: none */
    uint8_t counted;        /* enum http_counted, of when it last began to wait (wait.h) */
    /* No states: wait.c says who sets and who clears each. */
    bool expects_more, eof, linger, tuned, cut;
};

static inline struct http_connection *http_connection_of(struct connection *connection)
{
    return (struct http_connection *)(void *)connection;
}

/* Its settings hold until the request has named a server. */
static inline const struct http_server *http_default_server(const struct http_connection *connection)
{
    const struct http_address *address = connection->base.binding->data;

    return address->default_server;
}

static inline bool http_output_full(const struct http_connection *connection)
{
    return connection->base.output.unsent >= HTTP_OUTPUT_LIMIT;
}

#endif
