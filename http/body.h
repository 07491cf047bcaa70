/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of a request as it comes in.
 *
 * Purpose: takes the body off the connection by its framing and hands it to the module that wants it, span
 *   by span and without copying; or drops it, so that the next request begins where it should.
 * Lifetime: part of struct http_request.
 * Threads: the connection's worker.
 * Errors: a broken chunked body is 400, one over client_max_body_size 413; framing is lost then, so the
 *   connection ends.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdint.h>

#include "http/module.h"
#include "http/protocol/chunked.h"

struct http_connection;
struct http_request;

/* Gets the next bytes (perhaps none) of the body; `last`: there are no more. Returns HTTP_OUTCOME_TAKEN to
 * go on, else how the request is answered. The bytes are gone when it returns. */
typedef enum http_outcome http_body_taker(struct http_request *request, struct http_text bytes, bool last);

struct http_body {
    http_body_taker *take;       /* null: bytes are dropped */
    void *data;                  /* the taker's own */
    int64_t left;                /* HTTP_FRAMING_LENGTH: bytes still to come */
    uint64_t received;           /* bytes of content so far */
    struct http_chunked chunked; /* HTTP_FRAMING_CHUNKED */
    bool begun;                  /* somebody reads it */
};

/* Makes the body ready after the head; body_read is set if there is none. */
void http_body_init(struct http_request *request);

/* A module wants the body: what is here already is handed to `take` at once, the rest as it arrives. Returns
 * what the step returns. Sends 100 (Continue) if the client waits for it. */
enum http_outcome http_body_read(struct http_request *request, http_body_taker *take, void *data);

/* Takes what the input buffer holds of the body. HTTP_OUTCOME_TAKEN: more must come (request->body_read says
 * whether the end was reached). */
enum http_outcome http_body_advance(struct http_request *request);

#endif
