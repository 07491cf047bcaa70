/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the fields Expires and Cache-Control from a time. `expires [modified] TIME | @TIME | epoch | max |
 *   off`, or a variable that holds one of them.
 * Lifetime: struct http_expires lies in a section; texts of the configuration stay.
 * Threads: reading: one at a time; adding: the connection's worker.
 * Errors: reading: a negative errno, noted in conf; adding: 0 or -ENOMEM.
 */
#ifndef HTTP_MODULES_OUTPUT_EXPIRES_H
#define HTTP_MODULES_OUTPUT_EXPIRES_H

#include "http/text/template.h"

enum http_expires_kind {
    HTTP_EXPIRES_OFF,
    HTTP_EXPIRES_EPOCH, /* 1970: never to be kept */
    HTTP_EXPIRES_MAX,   /* 2037: ten years of Cache-Control */
    HTTP_EXPIRES_ACCESS,
    HTTP_EXPIRES_MODIFIED,
    HTTP_EXPIRES_DAILY,   /* the next such time of day (@15h30m), local time */
    HTTP_EXPIRES_VARIABLE /* `text` says which */
};

struct http_expires {
    enum http_expires_kind kind;
    int64_t seconds;           /* from now, from the modification, or from midnight; may be negative */
    struct http_template text; /* HTTP_EXPIRES_VARIABLE */
};

/* The `set` of the directive; its offset is that of a struct http_expires. */
int http_set_expires(struct conf_setting *setting);

/* Adds the fields to the answer. */
int http_expires_add(const struct http_expires *expires, struct http_request *request);

#endif
