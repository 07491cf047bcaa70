/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: answers any method with 200 and the request's body: a location for load tests and for judging how
 *   requests are read. The head of the answer is held until the body has ended or client_body_buffer_size is
 *   full; then it streams. With `echo_body whole`, or where client_body_in_file_only is on or clean, all of
 *   the body is read first, to a temporary file if it does not fit in memory, and answered from there
 *   (http/upload.h).
 * Lifetime: a section per location.
 * Threads: the request's worker.
 * Errors: a framing error before the answer has begun is 400, after it the connection is cut.
 */
#ifndef HTTP_MODULES_CONTENT_ECHO_BODY_H
#define HTTP_MODULES_CONTENT_ECHO_BODY_H

#include "http/module.h"

extern const struct http_module http_echo_body_module;

#endif
