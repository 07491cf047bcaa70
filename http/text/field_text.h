/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: makes texts from the client fit for the head of an answer. $uri is decoded, so %0D%0A in a request
 *   becomes a line end. A text with such a variable would let a client write fields, or an answer, of its own
 *   (RFC 9110 5.5, 17.13; RFC 9112 11.1). So every such text passes here once, where it enters the answer. A
 *   text without control bytes stays as it is.
 * Lifetime: a text that had to be changed is a copy in the request's pool.
 * Threads: the request's worker. Errors: false, no memory.
 */
#ifndef HTTP_TEXT_FIELD_TEXT_H
#define HTTP_TEXT_FIELD_TEXT_H

#include "http/request.h"

/* A field's value: CR, LF and NUL become blanks. Other control bytes stay, as in nginx: they are harmless
 * there. */
bool http_field_clean(struct http_request *request, struct http_text *value)
    __attribute__((warn_unused_result));

/* A URL: control bytes are escaped, %XX. */
bool http_location_clean(struct http_request *request, struct http_text *location)
    __attribute__((warn_unused_result));

#endif
