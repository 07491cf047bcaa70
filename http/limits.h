/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client gets at a limit, and the one line that the log gets.
 *
 * Purpose: head too large 431, target too long 414, body too large 413, no memory 503 with Retry-After;
 *   once a byte of the answer is out only a cut is left. The line names the limit, what was used, what was
 *   asked and the directive to turn (server/shortage.h), at level error, and counts in `over_budget` where
 *   memory was short.
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

/* 503: which budget was full is logged with its directive. 500 if not memory but route.gave_up is why. */
enum http_outcome http_no_memory(struct http_request *request);

/* The same, for a caller that hands on the status. */
static inline int http_no_memory_status(struct http_request *request)
{
    (void)http_no_memory(request);
    return request->status;
}

/* A request enters a location that looks at the server, or is on a connection that has borrowed of
 * view_reserve (shortage.h): one that looks goes on with it, another is told that there is no memory. */
enum http_outcome http_look(struct http_request *request);
/* It ends. */
void http_looked(struct http_connection *connection);
/* Before a location is known: whether the connection may borrow what was refused just now. */
bool http_borrow(struct http_connection *connection);

/* 500: a regular expression of this request ended with HTTP_REGEX_FAILED, just now; logged with its
 * directive. A variable, which cannot answer, sets route.gave_up beside it: the text that it is for cannot be
 * written. */
enum http_outcome http_gave_up(struct http_request *request);

/* The line alone, where the answer can do without the expression. */
void http_log_gave_up(const struct http_request *request);

/* client_max_body_size: `asked` bytes are announced, or have come beyond those received before. */
void http_log_body_limit(struct http_request *request, uint64_t asked);

/* The last resort when there is no memory: a fixed 503 with Retry-After, sent past the queue, which must be
 * out before. */
void http_refuse_bare(struct http_connection *connection);

/* More is unsent than a streamed answer may have: it is cut. -ENOBUFS. */
int http_refuse_unsent(struct http_request *request, size_t asked);

/* Memory is missing before there is a request: says so on the socket, as far as nothing else is on its
 * way. The caller closes. */
void http_refuse_early(struct http_connection *connection);

/* For struct protocol: a descriptor for which there is no connection. */
void http_refuse_descriptor(int fd);

#endif
