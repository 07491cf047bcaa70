/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: compresses answers for clients that accept it, as nginx's ngx_http_gzip_filter_module. zlib's
 *   memory comes from the request's pool, so that it counts in connection_pool_budget. If that is full, the
 *   answer goes out as it is.
 * Lifetime: settings in the generation's pool; the compressor in the request's, its large pieces given
 *   back as soon as the answer is complete.
 * Threads: the connection's worker.
 * Errors: 0 or -ENOMEM.
 */
#ifndef HTTP_MODULES_OUTPUT_GZIP_H
#define HTTP_MODULES_OUTPUT_GZIP_H

#include "http/modules/output/type_list.h"
#include "http/request.h"

/* gzip_proxied: which answers to a proxy (a request with Via) are compressed. */
enum http_gzip_proxied {
    HTTP_GZIP_EXPIRED = 1 << 0,
    HTTP_GZIP_NO_CACHE = 1 << 1,
    HTTP_GZIP_NO_STORE = 1 << 2,
    HTTP_GZIP_PRIVATE = 1 << 3,
    HTTP_GZIP_NO_LAST_MODIFIED = 1 << 4,
    HTTP_GZIP_NO_ETAG = 1 << 5,
    HTTP_GZIP_AUTH = 1 << 6,
    HTTP_GZIP_ANY = 1 << 7
};

/* A browser that gets nothing compressed. */
struct http_gzip_disable {
    const struct http_gzip_disable *next;
    const struct http_regex *agent;
};

struct http_gzip {
    bool on, vary;
    int64_t level;                           /* 1 … 9 */
    size_t min_length;                       /* bytes; answers of unknown length are compressed */
    int http_minor;                          /* 0 or 1: the least HTTP/1.x */
    unsigned proxied;                        /* of enum http_gzip_proxied */
    const struct http_type_list *types;      /* null: text/html */
    const struct http_gzip_disable *disable; /* null: none */
};

extern const struct http_module http_gzip_module;

/* gzip_accept.c: whether the client may be sent gzip here: Accept-Encoding, and what the settings say of the
 * version, proxies and browsers. Looks at the answer's headers so far. */
bool http_gzip_accepted(const struct http_request *request, const struct http_gzip *settings);

/* Adds Vary, if the settings want it and the answer does not have it. 0 or -ENOMEM. */
int http_gzip_vary(struct http_request *request, const struct http_gzip *settings);

#endif
