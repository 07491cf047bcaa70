/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: entity tags (RFC 9110 8.8.3): made, compared, found in lists.
 * Lifetime: nothing is kept.
 * Threads: any. Errors: none: an invalid tag matches nothing.
 */
#ifndef HTTP_PROTOCOL_ETAG_H
#define HTTP_PROTOCOL_ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/protocol/head.h"

enum {
    HTTP_ETAG_MAX = 2 + 16 + 1 + 16 + 1, /* quotes, two 64-bit numbers, dash, NUL */
};

/* Writes a strong tag as nginx does, "mtime-size" in hexadecimal with its quotes, and a NUL. Returns its
 * length. */
size_t http_etag_format(int64_t mtime, int64_t size, char out[HTTP_ETAG_MAX]);

/* Whether two tags are the same (RFC 9110 8.8.3.2): strong comparison needs both to be strong, weak ignores
 * W/. */
bool http_etag_equal(struct http_text a, struct http_text b, bool weak);

/* Whether a list of tags, one field line, holds this one, or is "*". A malformed list is read up to the
 * error. */
bool http_etag_listed(struct http_text list, struct http_text tag, bool weak);

#endif
