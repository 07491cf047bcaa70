/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accept-Encoding: whether a client says that it takes a coding (RFC 9110 12.5.3).
 *
 * Lifetime. Nothing is kept.
 * Threads. Any.
 * Errors. None: a member that is not as the grammar has it says nothing.
 */
#ifndef HTTP_PROTOCOL_CODING_H
#define HTTP_PROTOCOL_CODING_H

#include "http/protocol/head.h"

/* Whether some member of the list names `coding` (lower case) with a weight above 0. "*" is not taken for it,
 * as in nginx: who says nothing else gets the answer as it is. */
bool http_coding_accepted(const struct http_head *head, const char *coding);

#endif
