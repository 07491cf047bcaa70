/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: an answer that stands in the configuration. `return CODE [TEXT];`, `return CODE URL;`, `return
 *   URL;`, by nginx's rules: 301, 302, 303, 307 and 308 take a URL, other codes a text; a code alone from 400
 *   on is answered with its page; 444 closes without an answer. One of the directives of rewrite.h.
 * Lifetime: the rule lies in the generation's pool.
 * Threads: read-only; the request's worker. Errors: 503 if a text with variables finds no memory.
 */
#ifndef HTTP_MODULES_REWRITE_RETURN_H
#define HTTP_MODULES_REWRITE_RETURN_H

#include "http/module.h"
#include "http/text/template.h"

struct http_return_rule {
    int status;    /* 0 … 999 */
    bool redirect; /* `text` is a URL */
    bool page;     /* the status' own page */
    struct http_template text;
};

/* Whether a text is a full URL: begins with http://, https:// or $scheme. */
bool http_return_is_url(const char *text);

/* Reads the arguments of a node. 0 or a negative errno, noted in conf. */
int http_return_read(struct conf *conf, const struct conf_node *node, struct http_return_rule *rule);

/* `type`: the location's default_type. */
enum http_outcome http_return_answer(struct http_request *request, const struct http_return_rule *rule,
                                     struct http_text type);

#endif
