/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a snapshot (server/watch/snapshot.h) as the answer to a request. What pool_view's data and metrics
 *   have in common: ask all workers, wait, answer with the text.
 * Lifetime: the question belongs to the request: it is given up when the client leaves.
 * Threads: the request's worker.
 * Errors: 503 with Retry-After when there is no memory for it.
 */
#ifndef HTTP_MODULES_VIEW_SNAPSHOT_ANSWER_H
#define HTTP_MODULES_VIEW_SNAPSHOT_ANSWER_H

#include "http/module.h"
#include "http/protocol/head.h"
#include "server/watch/snapshot.h"

/* What a step may return. `write` makes the text (snapshot.h), `type` is a literal. */
enum http_outcome http_answer_snapshot(struct http_request *request, const struct snapshot_query *query,
                                       bool (*write)(struct snapshot *snapshot), struct http_text type);

/* No memory for a snapshot: 503 with Retry-After, and a line in the log. */
enum http_outcome http_no_snapshot(struct http_request *request);

#endif
