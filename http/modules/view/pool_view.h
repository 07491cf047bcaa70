/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the pools of this server, as pages and as data. `location /pools/ { pool_view; }` answers, below
 *   its prefix,
 *     (nothing)  the page: page/, joined and compiled in by pool_view.sh; it loads nothing from elsewhere
 *     request    another page: where each byte of the request that asks for `trace` lies
 *     data       a snapshot, JSON (pool_view.md is the schema)
 *     events     a snapshot a second, server-sent events
 *     trace      the memory of the request that asks, JSON (pool_trace.md)
 *   `location /pools` leads from /pools to /pools/ by itself; anything else is 404.
 *   A Content-Security-Policy limits each page: its one script and its one style sheet are named by their
 *   SHA-256, computed when the page is compiled in. The page may talk to its own origin; nothing else is
 *   allowed: no 'unsafe-inline', no eval, no frame around it. A nonce would have to be new for each answer,
 *   and the page is a constant. No cache on the way keeps anything below the prefix.
 *   Access is up to the location: allow, deny, limit_conn, the address it listens on.
 * Lifetime: a section per location. Not inherited: only the location that has the directive.
 * Threads: the request's worker.
 * Errors: 405 for other methods than GET and HEAD; those of memory.
 */
#ifndef HTTP_MODULES_VIEW_POOL_VIEW_H
#define HTTP_MODULES_VIEW_POOL_VIEW_H

#include "http/module.h"
#include "http/protocol/text.h"

extern const struct http_module http_pool_view_module;

/* Generated: a page, the same compressed, and the policy it is sent with. */
struct pool_view_page {
    struct http_text plain, gzip, policy;
};

extern const struct pool_view_page pool_view_main, pool_view_request;

#endif
