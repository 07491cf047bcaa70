/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what is shown instead of a status's own page. `error_page CODE … [=[CODE]] WHERE;`: a path of this
 *   server (an internal redirect, as GET), a @location, or a URL (302, unless the code after = is another
 *   redirect's). The answer keeps the status that it is shown for; `=CODE` replaces it, with `=` the page
 *   decides. An error while the page is made has its own page, unless recursive_error_pages is on.
 * Lifetime: rules in the generation's pool.
 * Threads: the request's worker. Errors: 503 if a text with variables finds no memory.
 */
#ifndef HTTP_ERROR_PAGE_H
#define HTTP_ERROR_PAGE_H

#include "http/answer.h"
#include "http/text/template.h"

struct http_error_rule {
    struct http_error_rule *next;
    int status;   /* 300 … 599 */
    int replaced; /* what it is answered with: 0: what the page says; -1: `status` */
    struct http_template where;
};

struct http_error_pages {
    struct http_error_rule *rules;
    bool recursive;
};

extern const struct http_module http_error_page_module;

enum http_outcome http_error_page_show(struct http_request *request, const struct http_error_pages *pages);

/* What request->status is answered with: a step's HTTP_OUTCOME_STATUS. */
static inline enum http_outcome http_error_page(struct http_request *request)
{
    const struct http_error_pages *pages = http_section(request->location, HTTP_MODULE_ERROR_PAGE);

    return pages->rules ? http_error_page_show(request, pages) : http_answer_status(request, request->status);
}

#endif
