/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client gets at a limit, and the one line that the log gets.
 *
 * Purpose: head too large 431, target too long 414, body too large 413, no memory 503 with Retry-After;
 *   once a byte of the answer is out only a cut is left. The line names the limit, what was used, what was
 *   asked and the directive to turn (server/shortage.h), at level error, and counts in `over_budget` where
 *   memory was short.
 * Lifetime, threads: those of the connection.
 * Errors: none.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "http/connection.h"
#include "http/request.h"

/* 503: which budget was full is logged with its directive. 500 if not memory but route.gave_up is why. */
enum http_outcome http_no_memory(struct http_request *request);

/* 500: a regular expression of this request ended with HTTP_REGEX_FAILED, just now; logged with its
 * directive. A variable, which cannot answer, sets route.gave_up beside it: the text that it is for cannot be
 * written. */
enum http_outcome http_gave_up(struct http_request *request);

/* The line alone, where the answer can do without the expression. */
void http_log_gave_up(const struct http_request *request);

/* The head cannot go on: http_receive_grow_head said `status` (503 it has said already), or there are too
 * many fields. Answers. */
void http_refuse_head(struct http_request *request, int status);
void http_refuse_fields(struct http_request *request);

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

/* No room for what comes in: answers if that is possible, else closes. The connection may be gone. */
void http_refuse_input(struct http_connection *connection);

/* For struct protocol: a descriptor for which there is no connection. */
void http_refuse_descriptor(int fd);

#endif
