/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: Accept-Encoding: whether a client accepts a coding (RFC 9110 12.5.3).
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: none: a malformed member is ignored.
 */
#ifndef HTTP_PROTOCOL_CODING_H
#define HTTP_PROTOCOL_CODING_H

#include "http/protocol/head.h"

/* Whether some member of the list names `coding` (lower case) with a weight above 0. As in nginx "*" does not
 * name it: a client that sends nothing else gets the answer uncompressed. */
bool http_coding_accepted(const struct http_head *head, const char *coding);

#endif
