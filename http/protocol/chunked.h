/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the decoder of a chunked body (RFC 9112 7.1). It can stop at every byte, and returns data in
 *   place.
 * Lifetime: the caller owns the struct; init per body.
 * Threads: one owner.
 * Errors: HTTP_CHUNKED_BAD (400) and HTTP_CHUNKED_TOO_LARGE (431 if trailer_bytes is above its limit, else
 *   400); the framing is lost then, so the connection must be closed. Once an error or DONE was returned, so
 *   are all later calls.
 *
 * It is strict where leniency has been used for smuggling: only CRLF ends a line, a size has no sign, prefix
 * or blank before its CRLF, sizes above INT64_MAX are refused, extensions and trailers follow the grammar.
 * Blanks before and after ; and around = in extensions are taken (BWS). A trailer field that frames or routes
 * (Content-Length, Transfer-Encoding, Host) is refused (RFC 9110 6.5.1); the others are checked and dropped.
 */
#ifndef HTTP_PROTOCOL_CHUNKED_H
#define HTTP_PROTOCOL_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "http/protocol/head.h"

enum {
    HTTP_CHUNKED_DIGITS = 32,        /* of one size, leading zeros included */
    HTTP_CHUNKED_EXTENSIONS = 4096,  /* bytes of all extensions of a body */
    HTTP_CHUNKED_TRAILERS = 8192,    /* bytes of the trailer section */
    HTTP_CHUNKED_FORBIDDEN_MAX = 17, /* letters of the longest field name that is refused in trailers */
};

enum http_chunked_result {
    HTTP_CHUNKED_MORE, /* all input consumed */
    HTTP_CHUNKED_DATA, /* *data is a span of the input, not empty; call again with what was not consumed */
    HTTP_CHUNKED_DONE, /* the body has ended; what was not consumed is the next request */
    HTTP_CHUNKED_BAD,
    HTTP_CHUNKED_TOO_LARGE,
};

struct http_chunked {
    int64_t left;             /* bytes of the chunk still to come */
    uint32_t extension_bytes; /* so far */
    uint32_t trailer_bytes;   /* so far */
    uint8_t state;
    uint8_t digits;      /* of the size being read */
    uint8_t name_length; /* of the trailer's name being read; saturates above HTTP_CHUNKED_FORBIDDEN_MAX */
    char name[HTTP_CHUNKED_FORBIDDEN_MAX];
};

void http_chunked_init(struct http_chunked *);

/* Decodes from `in`. *consumed is how many bytes were used up (those of *data included); *data is set for
 * DATA only. */
__attribute__((warn_unused_result)) enum http_chunked_result http_chunked_next(struct http_chunked *,
                                                                               const char *in, size_t length,
                                                                               size_t *consumed,
                                                                               struct http_text *data);

#endif
