/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the part of an answer's body that is not queued with the head (response.h). A file that sendfile
 *   does not take follows in pieces; a module may write the body itself, by http_stream_*.
 * Lifetime: what is queued outlives the request; the file is held until it is out.
 * Threads: the request's worker.
 * Errors: -ENOMEM, with nothing or a part of the answer queued.
 */
#ifndef HTTP_RESPONSE_BODY_H
#define HTTP_RESPONSE_BODY_H

#include "http/request.h"

/* The answer cannot be finished: logs the errno and cuts the connection. */
void http_response_cut(struct http_request *request, int error);

/* For a file that is read and copied (sendfile off), or sent in pieces. */
extern struct http_pump http_file_pump; /* without a state: never written to */

/* The status forbids content (http_status_empty): drops the content and what describes it. */
void http_response_empty(struct http_request *request);

/* Drops the reference on the file of the answer, if it still has one. */
void http_response_drop_file(struct http_request *request);

/* Reads the next `size` bytes of the file to the end of the queue. 0, or a negative errno (-ESTALE: the file
 * has become shorter). */
int http_response_copy_file(struct http_request *request, size_t size);

/* A streamed answer, after http_stream_begin. Each returns 0 or -ENOMEM. A module checks http_output_full()
 * and waits. If it goes on writing to a client that does not read, it is stopped with -ENOBUFS, which is
 * logged. */
int http_stream_write(struct http_request *request, struct http_text bytes);
int http_stream_end(struct http_request *request);

#endif
