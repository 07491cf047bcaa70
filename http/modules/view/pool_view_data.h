/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: pool_view's data, cells and events: snapshots of all workers' pools as JSON (pool_view.md is the
 *   schema). `data?query` answers one, `cells?query` a few bytes of each connection. `events` sends one a
 *   second as server-sent events, from the feed that all viewers of a worker share (snapshot_feed.h).
 * Lifetime: what waits belongs to the request, and is given up when the client leaves. A viewer holds a
 *   reference on the one text that it is being sent, and gets no other until that is out.
 * Threads: the request's worker.
 * Errors: 400 for a wrong query, with a line that says what is expected; 503 when memory is short. A stream
 *   ends when its worker leaves, quits, or serves a newer configuration than the stream began under.
 */
#ifndef HTTP_MODULES_VIEW_POOL_VIEW_DATA_H
#define HTTP_MODULES_VIEW_POOL_VIEW_DATA_H

#include "http/module.h"

/* What pool_view's step returns for GET and HEAD of …/data, …/cells, …/events and …/history. */
enum http_outcome http_pool_view_data(struct http_request *request);
enum http_outcome http_pool_view_cells(struct http_request *request);
enum http_outcome http_pool_view_events(struct http_request *request);
enum http_outcome http_pool_view_history(struct http_request *request); /* the last day, minute by minute */

#endif
