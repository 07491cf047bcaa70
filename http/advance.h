/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the state machine of a connection: goes as far as the received bytes allow. Heads are parsed,
 *   requests run from step to step and answered, and bodies taken, until bytes are missing or the output is
 *   full. Nothing is received or sent here: driver.c does that before and after.
 * Lifetime: a request is made after the pin with its first byte; http_request_end ends it.
 * Threads: the connection's worker.
 * Errors: mistakes of the peer are answered; HTTP_STOP_GONE when no answer is possible any more.
 */
#ifndef HTTP_ADVANCE_H
#define HTTP_ADVANCE_H

#include "http/connection.h"

enum http_stop {
    HTTP_STOP_BYTES,  /* everything received is done: more must come */
    HTTP_STOP_OUTPUT, /* the output must drain first */
    HTTP_STOP_GONE    /* the connection is closed */
};

/* How far a head has come. */
enum http_head_result {
    HTTP_HEAD_DONE,   /* it is whole, and consumed */
    HTTP_HEAD_MORE,   /* more bytes must come; there is room for them */
    HTTP_HEAD_LARGE,  /* it is larger than its buffers may be, or there is no memory for one: *status */
    HTTP_HEAD_FIELDS, /* it has more fields than there is room for */
    HTTP_HEAD_BAD     /* it breaks the grammar: *status */
};

/* Goes as far as the received bytes allow. */
enum http_stop http_advance(struct http_connection *connection);

/* The first part: begins the request whose first byte is in the input. NULL: no memory. */
struct http_request *http_advance_begin(struct http_connection *connection);

/* The second part: parses the head of connection->request, which has begun. *status is an HTTP status, or
 * left alone. */
enum http_head_result http_advance_head(struct http_connection *connection, int *status);

/* Goes on with the outcome of the route, a step or a body's taker: to the next steps, or the answer.
 * Afterwards request->complete says whether the answer is queued; if not, the body is waited for. If no
 * answer is possible any more, connection->cut is set. */
void http_request_go_on(struct http_request *request, enum http_outcome outcome);

/* The request cannot be read: answers `status`; the connection will close. `why` is logged at level info;
 * null: it has been. */
void http_request_refuse(struct http_request *request, int status, const char *why);

/* The answer is as complete as it will be: decides what comes next. */
void http_advance_answered(struct http_connection *connection);

#endif
