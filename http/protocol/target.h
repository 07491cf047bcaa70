/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the form of a request target (RFC 9112 3.2). Called by the parser; internal to http/protocol.
 * Lifetime: nothing is kept.
 * Threads: any. Errors: the reason as a literal; the answer is 400.
 */
#ifndef HTTP_PROTOCOL_TARGET_H
#define HTTP_PROTOCOL_TARGET_H

#include "http/protocol/head.h"

/* Sets form, authority and path of a head whose method and target are set; `line` is what its spans count
 * from. Null, or what is wrong. The authority itself is judged by http_host_decide. */
__attribute__((warn_unused_result)) const char *http_target_parse(struct http_head *, const char *line);

#endif
