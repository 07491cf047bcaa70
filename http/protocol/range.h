/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: byte ranges (RFC 9110 14.1.2) of a representation of known size.
 * Lifetime: the caller owns the array.
 * Threads: any. Errors: the outcomes below.
 */
#ifndef HTTP_PROTOCOL_RANGE_H
#define HTTP_PROTOCOL_RANGE_H

#include <stdint.h>

#include "http/protocol/head.h"

struct http_range {
    int64_t first; /* 0 … size-1 */
    int64_t last;  /* inclusive, first … size-1 */
};

enum http_range_result {
    HTTP_RANGE_NONE,          /* answer 200 with everything: another unit, too many ranges, too many bytes */
    HTTP_RANGE_OK,            /* *count ranges, in the order asked */
    HTTP_RANGE_UNSATISFIABLE, /* 416: no range lies inside, or, as in nginx, the value is malformed */
};

/* Parses the value of a Range field against a representation of `size` bytes (0 and more). At most `capacity`
 * ranges that lie inside are taken (max_ranges; 0 means that ranges are off); with more the result is
 * HTTP_RANGE_NONE. Numbers above INT64_MAX count as infinite. */
__attribute__((warn_unused_result)) enum http_range_result http_range_parse(
    struct http_text value, int64_t size, struct http_range *ranges, unsigned capacity, unsigned *count);

#endif
