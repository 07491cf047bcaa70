/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a long text (server/watch/text.h) as the body of an answer. It goes out piece by piece, as the
 *   client takes it: a connection holds one piece at a time, however long the text is and however slow the
 *   client.
 * Lifetime: the answer holds a reference on the text until it is out or the client has left.
 * Threads: the request's worker.
 * Errors: as http_no_memory.
 */
#ifndef HTTP_MODULES_VIEW_TEXT_BODY_H
#define HTTP_MODULES_VIEW_TEXT_BODY_H

#include "http/request.h"
#include "server/watch/text.h"

/* 200 with all of `text` (whole, not failed), and the caller keeps its reference. For a step to
 * return, or for http_resume. */
enum http_outcome http_answer_text(struct http_request *request, struct http_text type, struct text *text);

/* The same with bytes that live as long as the process: unlike those of http_answer_bytes they are copied a
 * piece at a time. */
enum http_outcome http_answer_constant(struct http_request *request, struct http_text type,
                                       struct http_text bytes);

/* Queues the next piece, if there is one. 0 or -ENOMEM. For a module that streams texts by itself. */
int http_text_write(struct http_request *request, struct text_reader *reader);

#endif
