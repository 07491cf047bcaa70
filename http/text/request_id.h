/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: texts that are unique for a request and cannot be guessed: $request_id, 32 hexadecimal digits, and
 *   the boundary between the parts of an answer, 20 decimal ones. They are a keyed hash (SipHash-2-4,
 *   Aumasson and Bernstein 2012) of the connection's number and the request's number on it. It is the same
 *   each time it is asked for, so the request keeps nothing. It does not depend on addresses in memory, and
 *   it cannot be inverted.
 * Lifetime: the key is random, made once per process.
 * Threads: seeding: the main thread, while an http block is read, so before any worker can ask. Writing: any.
 * Errors: seeding: -errno of getrandom, noted in conf.
 */
#ifndef HTTP_TEXT_REQUEST_ID_H
#define HTTP_TEXT_REQUEST_ID_H

#include <stdint.h>

#include "conf/conf.h"

enum { HTTP_REQUEST_ID_LENGTH = 32, HTTP_BOUNDARY_LENGTH = 20 /* as nginx */ };

/* Makes the key unless there is one. 0 or a negative errno. */
int http_request_id_seed(struct conf *conf) __attribute__((warn_unused_result));

/* Writes the digits, no NUL. `connection` is unique in the process, `request` on the connection. */
void http_request_id_write(uint64_t connection, uint64_t request, char to[HTTP_REQUEST_ID_LENGTH]);

/* The boundary of its multipart/byteranges (RFC 9110 14.6), no NUL. It tells nothing about the id. */
void http_boundary_write(uint64_t connection, uint64_t request, char to[HTTP_BOUNDARY_LENGTH]);

#endif
