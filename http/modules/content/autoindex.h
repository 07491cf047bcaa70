/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the listing of a folder that has no index file; nginx's ngx_http_autoindex_module. Names that
 *   begin with a dot are left out; folders come first.
 * Lifetime: the entries and the page lie in the request's pool.
 * Threads: the request's worker, which reads the folder in one go.
 * Errors: outcomes; a folder that cannot be read is 403, 404 or 500 as a file (files.h).
 */
#ifndef HTTP_MODULES_CONTENT_AUTOINDEX_H
#define HTTP_MODULES_CONTENT_AUTOINDEX_H

#include "http/request.h"

enum http_autoindex_format {
    HTTP_AUTOINDEX_HTML,
    HTTP_AUTOINDEX_JSON,
    HTTP_AUTOINDEX_JSONP,
    HTTP_AUTOINDEX_XML
};

struct http_autoindex {
    bool on, exact_size, localtime;
    int format; /* enum http_autoindex_format */
};

struct http_autoindex_entry {
    struct http_autoindex_entry *next;
    struct http_text name;
    int64_t size;  /* bytes */
    int64_t mtime; /* seconds since the epoch */
    bool is_directory, is_regular;
};

extern const struct http_module http_autoindex_module;

/* The path ends in a slash and no index was found: `folder` is the folder's name. HTTP_OUTCOME_NEXT:
 * autoindex is off. */
enum http_outcome http_autoindex_answer(struct http_request *request, struct http_text folder);

/* autoindex_page.c: the function that jsonp is to call; empty: none was asked for. False: it is not a
 * function's name (letters, digits, _ and . alone), and could turn the page into another script or file. */
bool http_autoindex_callback(const struct http_request *request, struct http_text *name);

/* The page of `count` entries in their order. Null bytes: no memory. */
struct http_text http_autoindex_page(struct http_request *request, const struct http_autoindex *settings,
                                     struct http_autoindex_entry *const *entries, size_t count,
                                     struct http_text *type);

#endif
