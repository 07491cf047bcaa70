/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: runs a request once more in a traced pool, to show what it does to the memory of its connection. A
 *   connection is made as the asker's was, but without a socket; the bytes that the asker's head was parsed
 *   from are received, parsed and routed in it, and a head like that of the asker's answer is queued. No step
 *   of a location runs, nothing is counted as a request, and only a lack of memory is logged.
 * Lifetime: run makes the pool, end destroys it, both in one callback of the asker: it borrows the asker's
 *   bytes, headers, binding and tenure. The trace's arrays lie in the asker's pool.
 * Threads: the asker's worker.
 * Errors: run returns -ENOMEM if not even the connection could be made; otherwise `status` is what the
 *   request would be answered with.
 */
#ifndef HTTP_MODULES_VIEW_REPLAY_H
#define HTTP_MODULES_VIEW_REPLAY_H

#include "http/request.h"
#include "pool/pool_trace.h"

enum { HTTP_REPLAY_ALLOCATIONS = 256 /* that are written down */ };

struct http_replay {
    struct pool *pool;
    struct http_connection *connection; /* its first allocation */
    struct pool_trace trace;
    uint32_t pinned_after; /* entries of the trace before the pin */
    int status;
    /* the pool once the answer is queued; once it is out and the pool was reset; while waiting for the
     * next request */
    struct pool_stats before, after, idle;
};

/* Runs until the answer is queued: what the trace names is readable then. `asker` has described its answer,
 * except for the status. 0 or -ENOMEM, with nothing to end. */
int http_replay_run(struct http_replay *replay, struct http_request *asker);

/* The answer is out: what was allocated for the request is gone. */
void http_replay_reset(struct http_replay *replay);

void http_replay_end(struct http_replay *replay);

#endif
