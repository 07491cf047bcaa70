/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inner side of a request's way: what connection.c, request.c, body.c and response.c ask of each other.
 *
 * Purpose: connection.c moves bytes and decides what happens next; request.c makes, routes, runs and ends
 *   a request; body.c takes its body off the connection; response.c turns the answer into bytes. Lifetime,
 *   threads: those of the connection.
 * Errors: as said at each function.
 */
#ifndef HTTP_FLOW_H
#define HTTP_FLOW_H

#include "http/connection.h"
#include "http/protocol/status.h"
#include "http/request.h"

enum {
    HTTP_OUTPUT_LIMIT = 64 * 1024, /* bytes queued at which a connection stops parsing and reading bodies */
    HTTP_UNSENT_MOST =
        1024 * 1024 /* bytes queued at which a streamed answer whose module still writes is cut */
};

/* Whose settings hold as long as the request has not named a server. */
static inline const struct http_server *http_default_server(const struct http_connection *connection)
{
    const struct http_address *address = connection->base.binding->data;

    return address->default_server;
}

static inline bool http_output_full(const struct http_connection *connection)
{
    return connection->base.output.unsent >= HTTP_OUTPUT_LIMIT;
}

/* request.c: the request whose first byte is in the input. NULL: no memory. */
struct http_request *http_request_begin(struct http_connection *connection);

/* Its head is complete, and it is only to be seen where it would go: as http_request_run does, but no step
 * runs. 0: a location takes it; else the status it would be answered with. */
int http_request_route(struct http_request *request);

/* Its head is complete: decides framing, host, path, server, location, and runs it. */
void http_request_run(struct http_request *request);

/* It cannot be read any further: if that is because of its first line, what is here of that becomes the
 * request line, for the logs ($request, "request: …"). */
void http_request_keep_line(struct http_request *request);

/* It cannot be read: answers `status`; the connection will close. `why` is logged at level info; null: it has
 * been said. */
void http_request_refuse(struct http_request *request, int status, const char *why);

/* What a step or a body's taker said: goes on with the steps, or queues the answer. Afterwards
 * request->complete says whether the answer is queued, else the body is waited for. If nothing can be said
 * any more, connection->cut is set. */
void http_request_continue(struct http_request *request, enum http_outcome outcome);

/* Logs it and resets the pool. `idle`: nothing more is here, so also the reserve goes back. */
void http_request_end(struct http_connection *connection, bool idle);

/* response.c: queues head and body, or the file. 0 or -ENOMEM, with nothing or a part of it queued. */
int http_response_queue(struct http_request *request);

/* Its head alone, with room for `body_room` bytes behind it. */
int http_head_queue(struct http_request *request, size_t body_room);

/* No body follows the head, whatever there is of one. */
static inline bool http_response_bodiless(const struct http_request *request)
{
    return request->head.method == HTTP_HEAD || http_status_empty(request->status);
}

/* The body goes out in chunks: its length is not known, and the client can take them. */
static inline bool http_response_chunked(const struct http_request *request)
{
    return request->response.content_length < 0 && request->head.minor && request->location->core.chunked &&
           !http_status_empty(request->status);
}

/* Before the head: if neither a length nor chunks say where the body ends, the connection's end does. */
void http_response_frame(struct http_request *request);

/* The answer cannot be finished: logs the errno and cuts the connection. */
void http_response_cut(struct http_request *request, int error);

/* Of a file that is read and copied (sendfile off), or goes out in pieces. */
extern struct http_pump http_file_pump; /* without a state: never written to */

/* The status forbids content (http_status_empty): drops what there is of it, and what describes it. */
void http_response_empty(struct http_request *request);

/* Drops the reference on the file of the answer, if it still has one. */
void http_response_drop_file(struct http_request *request);

/* limits.c: the last resort when there is no memory: a fixed 503 with Retry-After, sent past the queue, which
 * must be out before. */
void http_response_last_resort(struct http_connection *connection);

/* A streamed answer: HTTP_BODY_STREAM. Each returns 0 or -ENOMEM. A module looks at http_output_full()
 * and waits; one that goes on writing to a client who does not read is stopped with -ENOBUFS, said in the
 * log. */
int http_stream_begin(struct http_request *request);
int http_stream_write(struct http_request *request, struct http_text bytes);
int http_stream_end(struct http_request *request);

/* What has passed all transforms (filters.h): to the output queue, as a chunk or as it is. */
int http_stream_sink(struct http_request *request, struct http_text bytes);

#endif
