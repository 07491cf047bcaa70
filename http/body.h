/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: receives the body of a request. It finds the body by its framing and passes it to the module that
 *   wants it, span by span, without copying; or drops it, so that the next request begins in the right place.
 * Lifetime: part of struct http_request.
 * Threads: the connection's worker.
 * Errors: a broken chunked body is 400, one over client_max_body_size 413; framing is lost then, so the
 *   connection ends.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/request.h"

/* Makes the body ready after the head; body_read is set if there is none. */
static inline void http_body_init(struct http_request *request)
{
    struct http_body *body = &request->body;

    if (request->framing.framing == HTTP_FRAMING_LENGTH)
        body->left = request->framing.content_length;
    if (request->framing.framing == HTTP_FRAMING_CHUNKED)
        http_chunked_init(&body->chunked);
    request->body_read = request->framing.framing == HTTP_FRAMING_NONE ||
                         (request->framing.framing == HTTP_FRAMING_LENGTH && !body->left);
}

/* A module wants the body: `take` gets the received part at once, the rest as it arrives. Returns what the
 * step returns. Sends 100 (Continue) if the client waits for it. */
enum http_outcome http_body_read(struct http_request *request, http_body_taker *take, void *data);

/* Takes what the input buffer holds of the body. HTTP_OUTCOME_TAKEN: more must come (request->body_read says
 * whether the end was reached). */
enum http_outcome http_body_advance(struct http_request *request);

#endif
