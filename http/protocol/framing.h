/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the one decision about a request's body and connection (RFC 9112 6, 9.3; RFC 9110 10.1.1).
 *   Whatever could make two parties disagree about the end of the body is refused here, and only here.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: the status to answer with; the connection is then to be closed.
 *
 * 400: Content-Length repeated (even with one value), as a list, not digits alone; with Transfer-Encoding;
 * Transfer-Encoding in HTTP/1.0, empty, with parameters, chunked twice or not last. 501: one transfer coding
 * that is not chunked. 417: Expect with anything but 100-continue. A length that no int64_t holds is valid
 * (RFC 9110 8.6): `too_large` says so, content_length is INT64_MAX, the caller answers 413.
 */
#ifndef HTTP_PROTOCOL_FRAMING_H
#define HTTP_PROTOCOL_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "http/protocol/head.h"

enum http_framing {
    HTTP_FRAMING_NONE,    /* no body: neither field was sent */
    HTTP_FRAMING_LENGTH,  /* content_length bytes, maybe 0 */
    HTTP_FRAMING_CHUNKED, /* chunked.h */
};

struct http_framing_result {
    enum http_framing framing;
    int64_t content_length; /* -1 unless HTTP_FRAMING_LENGTH */
    bool too_large;         /* the length sent is above INT64_MAX */
    bool keep_alive;        /* what the client asks for; false on error */
    /* The client waits for 100 before it sends its body; false in HTTP/1.0 and without a body. */
    bool expect_continue;
};

/* 0 with *result filled; or 400, 417, 501, and head->error. The method does not matter. */
__attribute__((warn_unused_result)) int http_framing_decide(struct http_head *head,
                                                            struct http_framing_result *result);

#endif
