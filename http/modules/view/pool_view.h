/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_view: the pools of this server, as a page and as data.
 *
 * Purpose: `location /pools/ { pool_view; }` answers, below its prefix,
 *     (nothing)  the page: page/, joined and compiled in by pool_view.sh; it asks for nothing outside of here
 *     data       a snapshot, JSON (pool_view.md is the schema)
 *     events     a snapshot a second, server-sent events
 *     trace      the memory of the request that asks, JSON (pool_trace.md)
 *   `location /pools` leads from /pools to /pools/ by itself; anything else is 404.
 * What the page may do is said in a Content-Security-Policy: its one script and its one style sheet are named
 *   by their SHA-256, computed when the page is compiled in, it may talk to its own origin, and nothing else
 *   is allowed: no 'unsafe-inline', no eval, no frame around it. A hash, not a nonce: a nonce must be new for
 *   each answer, and the page is a constant. Nothing below the prefix is kept by a cache that lies between.
 * Lifetime: a section per location. Not inherited: only the location that says it has it.
 * Threads: the request's worker.
 * Errors: 405 for other methods than GET and HEAD; those of memory.
 * Access is what the location says: allow, deny, limit_conn, the address it listens on.
 */
#ifndef HTTP_MODULES_VIEW_POOL_VIEW_H
#define HTTP_MODULES_VIEW_POOL_VIEW_H

#include "http/module.h"

extern const struct http_module http_pool_view_module;

/* Generated: the page, the same compressed, and the policy it is sent with. The texts end in a NUL that the
 * lengths do not count. */
extern const char pool_view_page[], pool_view_policy[];
extern const unsigned char pool_view_gzip[];
extern const size_t pool_view_page_length, pool_view_gzip_length, pool_view_policy_length;

#endif
