/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: which host a request is for (RFC 9112 3.2, RFC 9110 7.2, RFC 3986 3.2.2).
 * Lifetime: the name points into the text that was parsed.
 * Threads: any. Errors: 400.
 *
 * HTTP/1.1 needs exactly one Host; HTTP/1.0 may have one. Host is checked even if the target has an
 * authority, which then wins (RFC 9112 3.2.2). Refused: an empty Host, a list, userinfo, bytes outside
 * reg-name, a bracket without an IPv6 address, a port that is not a number up to 65535.
 */
#ifndef HTTP_PROTOCOL_HOST_H
#define HTTP_PROTOCOL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/protocol/head.h"

struct http_host {
    /* As sent, without one trailing dot; brackets included; empty if an HTTP/1.0 request names none. */
    struct http_text name;
    bool upper;    /* name has upper-case letters: see http_host_lower */
    bool has_port; /* a port with digits was given */
    uint16_t port; /* 0 if not */
};

/* Parses uri-host [ ":" port ]. 0 or 400. */
__attribute__((warn_unused_result)) int http_host_parse(const char *bytes, size_t length, struct http_host *);

/* The host of a parsed head, by the rules above; for CONNECT it is the target, which must have a port. 0, or
 * 400 and head->error. */
__attribute__((warn_unused_result)) int http_host_decide(struct http_head *, struct http_host *);

/* Writes the name in lower case to `out` (name.length bytes, no NUL) and makes name point there. */
void http_host_lower(struct http_host *, char *out);

#endif
