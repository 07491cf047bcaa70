/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: text with variables: "$scheme://${host}$request_uri". It is compiled once into literals and
 *   variables, and written for a request when it is needed. A text without variables needs no writing.
 * Lifetime: a compiled template lies in conf->pool; its constant parts are those of the node and are not
 *   copied. What is written lies in the request's pool.
 * Threads: compiling: while a configuration is read. Writing: the request's worker.
 * Errors: compiling: a negative errno, noted in conf. Writing: false, no memory.
 */
#ifndef HTTP_TEXT_TEMPLATE_H
#define HTTP_TEXT_TEMPLATE_H

#include "http/text/variables.h"

/* A literal, then a variable; the last may lack one (get is null). */
struct http_template_part {
    struct http_text literal;
    struct http_variable variable;
};

struct http_template {
    struct http_text constant; /* the text as configured, NUL-terminated: without parts it is the value */
    struct http_template_part *parts; /* null: the template is constant */
    unsigned part_count;
};

/* `text` must live as long as the template, as a node's arguments do. $1 … $9, $name and ${name} are
 * variables; any other dollar is an error, as in nginx. */
int http_template_compile(struct conf *conf, const struct conf_node *node, const char *text,
                          struct http_template *to) __attribute__((warn_unused_result));

static inline bool http_template_constant(const struct http_template *template);

/* The text for this request, NUL-terminated. A variable that is not found is empty. */
static inline bool http_template_write(const struct http_template *template, struct http_request *request,
                                       struct http_text *text) __attribute__((warn_unused_result));

/* ---- inline bodies ---- */

bool http_template_write_slow(const struct http_template *template, struct http_request *request,
                              struct http_text *text);

static inline bool http_template_constant(const struct http_template *template)
{
    return !template->parts;
}

static inline bool http_template_write(const struct http_template *template, struct http_request *request,
                                       struct http_text *text)
{
    if (!http_template_constant(template))
        return http_template_write_slow(template, request, text);
    *text = template->constant;
    return true;
}

#endif
