/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: conditional requests (RFC 9110 13): the effect of preconditions on an answer that would be 200.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: none: an invalid date counts as not sent.
 *
 * The order is that of RFC 9110 13.2.2: If-Match, else If-Unmodified-Since; If-None-Match, else
 * If-Modified-Since (GET and HEAD alone). Lists may stand on several lines.
 */
#ifndef HTTP_PROTOCOL_CONDITION_H
#define HTTP_PROTOCOL_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "http/protocol/head.h"

enum http_condition {
    HTTP_CONDITION_PASS,         /* go on */
    HTTP_CONDITION_NOT_MODIFIED, /* 304 */
    HTTP_CONDITION_FAILED,       /* 412 */
};

/* The directive if_modified_since. */
enum http_if_modified_since {
    HTTP_IMS_EXACT,  /* the default, as nginx's: unmodified only if the dates are equal */
    HTTP_IMS_BEFORE, /* as RFC 9110 13.1.3: unmodified if not later than the date sent */
    HTTP_IMS_OFF,    /* the field is ignored */
};

struct http_validators {
    struct http_text etag; /* with its quotes; length 0: the resource has none */
    int64_t last_modified; /* seconds since the epoch, or -1: unknown */
};

/* What to do with the request, of any method. */
enum http_condition http_condition_evaluate(const struct http_head *, const struct http_validators *,
                                            enum http_if_modified_since);

/* Whether Range applies: true without If-Range, or if it matches strongly (RFC 9110 13.1.5). */
bool http_condition_range(const struct http_head *, const struct http_validators *);

#endif
