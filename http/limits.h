/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the answer at a limit, and its line in the log. Head too large 431, target too long 414, body too
 *   large 413, no memory 503 with Retry-After; an answer that has begun can only be cut. The line names the
 *   limit, what was used, what was asked for and the directive to turn (server/shortage.h), at level error,
 *   and counts in `over_budget` where memory was short.
 * Lifetime: nothing is kept.
 * Threads: the connection's worker.
 * Errors: none.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "http/connection.h"
#include "http/request.h"

enum {
    HTTP_UNSENT_MOST =
        1024 * 1024 /* bytes queued at which a streamed answer whose module still writes is cut */
};

/* 503, and a line with the budget that was full and its directive; or 500 if route.gave_up is the reason. */
enum http_outcome http_no_memory(struct http_request *request);

/* The same, for a caller that passes the status on. */
static inline int http_no_memory_status(struct http_request *request)
{
    (void)http_no_memory(request);
    return request->status;
}

/* A request enters a location that shows the server, or its connection has borrowed from view_reserve
 * (shortage.h). If the location shows the server, it may go on; otherwise it is told that there is no
 * memory. */
enum http_outcome http_look(struct http_request *request);
/* That request ends. */
void http_looked(struct http_connection *connection);
/* Before a location is known: whether the connection may borrow what was refused just now. */
bool http_borrow(struct http_connection *connection);

/* 500: a regular expression of this request has just ended with HTTP_REGEX_FAILED; logged with its directive.
 * A variable cannot answer, so it also sets route.gave_up: its text cannot be written. */
enum http_outcome http_gave_up(struct http_request *request);

/* Only the line, if the answer does not need the expression. */
void http_log_gave_up(const struct http_request *request);

/* client_max_body_size: `asked` bytes are announced, or arrived beyond those received before. */
void http_log_body_limit(struct http_request *request, uint64_t asked);

/* The page of a 503 that there is no memory for: static. */
struct http_text http_no_memory_page(void);

/* The last resort without memory: a fixed 503 with Retry-After, sent past the queue, which must be empty. */
void http_refuse_bare(struct http_connection *connection);

/* A streamed answer has too many unsent bytes: cuts it. -ENOBUFS. */
int http_refuse_unsent(struct http_request *request, size_t asked);

/* There is no memory before there is a request: answers on the socket, if nothing else is queued. The caller
 * closes. */
void http_refuse_early(struct http_connection *connection);

/* For struct protocol: a descriptor for which there is no connection. */
void http_refuse_descriptor(int fd);

#endif
