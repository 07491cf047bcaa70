/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: answers a request with the trace of itself: its head is received, parsed and routed again in a
 *   traced pool (pool/pool_trace.h). pool_view answers …/trace with it; the schema is pool_trace.md.
 * Lifetime: the replay's pool is made and destroyed inside of the call; the record lies in the request's
 *   pool.
 * Threads: the request's worker.
 * Errors: as http_no_memory; a trace is bounded in allocations and bytes, and says what it left out.
 */
#ifndef HTTP_MODULES_VIEW_POOL_TRACE_H
#define HTTP_MODULES_VIEW_POOL_TRACE_H

#include "http/module.h"

/* What a step may return at once: the answer is the trace of `request`. */
enum http_outcome http_pool_trace_answer(struct http_request *request);

#endif
