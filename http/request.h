/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a request, from its first byte until its answer is queued and logged. What the parser found, what
 *   the router chose, and the answer as modules describe it. advance.h runs it.
 * Lifetime: in the connection's pool after the pin: everything here, and all that modules allocate from
 * request->pool, goes at the reset. What outlives the request (queued output) lies in the output queue.
 * Threads: the connection's worker.
 * Errors: outcomes (module.h); an allocation that fails is HTTP_OUTCOME_STATUS with http_no_memory(request).
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http/config.h"
#include "http/parts.h"
#include "http/protocol/framing.h"
#include "http/protocol/head.h"
#include "http/protocol/host.h"
#include "pool/pool.h"

struct http_connection;

/* Fields that a head may have before their array grows: a browser sends 10 to 20. */
enum { HTTP_REQUEST_FIELDS = 24 };

struct http_request {
    struct http_connection *connection;
    struct pool *pool;
    /* what was asked */
    struct http_framing_result framing;
    struct http_host host;      /* name in lower case; empty if HTTP/1.0 sent none */
    struct http_text target;    /* as received: $request_uri */
    struct http_text path;      /* decoded and normalised, NUL-terminated: $uri */
    struct http_text args;      /* after the first ?, as received: $args */
    struct http_text extension; /* of the last segment, without the dot; length 0: none */
    double began;               /* seconds (http_steady_now) when its first byte was there */
    uint64_t length;            /* bytes of it received so far: head and body */
    /* what was chosen */
    const struct http_server *server;
    const struct http_location *location;
    const struct http_step *step; /* the next to run */
    unsigned capture_count;
    unsigned relocations; /* internal redirects so far; bounded */
    struct http_route route;
    /* the answer */
    int status; /* 0: not decided */
    struct http_response response;
    struct http_pace *pace; /* pace.h; null: as fast as it goes */
    uint64_t sent_head;     /* bytes of the head queued */
    uint64_t sent_body;     /* bytes of the body queued */
    bool keep_alive;        /* the connection goes on after this answer. All flags: wait.c */
    bool head_queued;       /* the answer has begun: errors can only cut the connection */
    bool complete;          /* the whole answer is queued, but for a file that is still being sent */
    bool body_read;         /* nothing of the request's body is left on the connection */
    bool head_in_input;     /* the connection's current block holds some of the head: it stays as it is */
    unsigned kept_count;
    /* the body that comes in: body.h */
    struct http_body body;

    /* Not cleared when a request begins, nor is body.chunked: each has a count, or is made ready, before it
     * is read. */
    struct http_head head;         /* by http_parser_init */
    struct http_text captures[10]; /* $0 … $9 of the last regular expression that matched: capture_count */
    /* kept_count input blocks that hold parts of the head; the last may be the connection's current block */
    void *kept[HTTP_HEAD_BUFFERS + 1];
    struct http_field fields[HTTP_REQUEST_FIELDS]; /* of the head, until it has more */
};

/* The request cannot be parsed any further: if its first line is the reason, the received part becomes the
 * request line, for the logs ($request, "request: …"). */
void http_request_keep_line(struct http_request *request);

/* What is logged next is of reading: "while reading client request line", "… headers" or "… body". */
void http_request_reading(struct http_request *request);

/* Seconds since the epoch: the wall clock, which may be set, as the loop has it for this turn. For dates. */
double http_now(const struct http_request *request);
/* Seconds of the monotonic clock of all workers (timeouts_now). For durations. */
double http_steady_now(const struct http_request *request);

/* One line in the location's error log: "MESSAGE, client: …, server: …, request: …". */
void http_log(const struct http_request *request, int level, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The settings that apply now: of the request's location, or before there is one, of the default server. */
const struct http_core *http_connection_core(const struct http_connection *connection);

/* The error log that applies now. */
const struct log *http_connection_log_of(const struct http_connection *connection);

static inline void *http_section(const struct http_location *location, enum http_module_index module)
{
    return location->sections[module];
}

/* For a step or a taker to return: the answer is `status`, with its page or error_page's. */
static inline enum http_outcome http_fail_with(struct http_request *request, int status)
{
    request->status = status;
    return HTTP_OUTCOME_STATUS;
}

#endif
