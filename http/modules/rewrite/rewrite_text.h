/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a rewrite's replacement becomes for a request. As in nginx, captures of a path that was
 *   escaped are escaped again where they go into arguments or a redirect; the text of a redirect is unescaped
 *   as far as its bytes are harmless, up to its ?; the client's arguments follow.
 * Lifetime: in the request's pool.
 * Threads: the request's worker. Errors: false, no memory.
 */
#ifndef HTTP_MODULES_REWRITE_REWRITE_TEXT_H
#define HTTP_MODULES_REWRITE_REWRITE_TEXT_H

#include "http/modules/rewrite/rewrite.h"

/* The URL of a redirect. */
bool http_rewrite_location(struct http_request *request, const struct http_rewrite_rule *rule,
                           struct http_text *location);

/* Path and arguments; *args are the client's before. */
bool http_rewrite_path(struct http_request *request, const struct http_rewrite_rule *rule,
                       struct http_text *path, struct http_text *args);

#endif
