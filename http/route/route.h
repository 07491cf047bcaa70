/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a request goes: from its head to a server and a path, to a location, and the ways back.
 *
 * Purpose: a server may have steps of its own (its rewrite directives), which run first; then the location of
 *   the path is entered. From there rewrite leads to another one (HTTP_OUTCOME_LOCATE, request_run.c), an
 *   internal redirect begins again with the server's steps (HTTP_OUTCOME_RELOCATE), and @names are entered
 *   directly (http_route_named).
 * Lifetime: the request's.
 * Threads: the request's worker.
 * Errors: outcomes: HTTP_OUTCOME_STATUS with request->status set; more than ten ways back are a cycle, which
 *   is 500.
 */
#ifndef HTTP_ROUTE_ROUTE_H
#define HTTP_ROUTE_ROUTE_H

#include <stdbool.h>

#include "http/module.h"
#include "http/protocol/head.h"

/* What a request remembers of its way. */
struct http_route {
    struct http_text *values; /* by struct http_named's number; null: none was given one */
    struct http_text found;   /* the path that the location was found by; null: none was looked for */
    int final_status;         /* of error_page: what the answer's own status gives way to; 0: nothing */
    bool internal;            /* the path is no longer the client's: `internal` locations are open */
    bool error_page;          /* an error page is being made: the next error has no other */
    bool behind_alias;        /* try_files found the path behind the text of a whole alias (paths.h) */
    bool gave_up;             /* an expression that a variable needs did: http_no_memory answers 500 */
    bool got;                 /* the method counts as GET, as it does for error pages */
    bool limit_rate_set;      /* `set $limit_rate`: limit_rate holds instead of the location's */
    size_t limit_rate;        /* bytes a second; 0: no limit */
    uint8_t limited;          /* what limit_req said (enum http_limited); 0: it was not asked */
    uint8_t limited_conn;     /* what limit_conn said (enum http_limited_conn); 0: it was not asked */
};

/* What the head says before any location is asked: framing, host and server, path. 0: go on; else the status
 * to answer with. */
int http_route_head(struct http_request *request);

/* Its path, decoded and normalised: $uri, $args. 0, 400 or -ENOMEM. */
int http_route_path(struct http_request *request);

/* The first outcome of a request whose head is in order. */
enum http_outcome http_route_begin(struct http_request *request);

/* HTTP_OUTCOME_LOCATE: the location of the path is entered, unless its body is too large for it. */
enum http_outcome http_route_locate(struct http_request *request);

/* For replay: where a request with this head would go. No step runs. 0: a location takes it; else the status
 * that it would be answered with. */
int http_route_only(struct http_request *request);

/* HTTP_OUTCOME_RELOCATE: counts it, then begins anew. */
enum http_outcome http_route_again(struct http_request *request);

/* Counts one more way back. False: too many, which is logged, and request->status is 500. */
bool http_route_count(struct http_request *request);

/* `name` has its @. An outcome that a step may return. */
enum http_outcome http_route_named(struct http_request *request, struct http_text name);

/* Goes on at `target`, a path with or without ?args, NUL-terminated and in the request's memory. */
enum http_outcome http_route_redirect(struct http_request *request, struct http_text target);

/* Goes on at another path of this server (NUL-terminated, the request's); null `args` are kept. */
enum http_outcome http_relocate(struct http_request *request, struct http_text path,
                                const struct http_text *args);

#endif
