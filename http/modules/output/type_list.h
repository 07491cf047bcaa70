/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: lists of media types, as of gzip_types and charset_types: whether a filter applies to an answer.
 *   "*" is every type.
 * Lifetime: in the generation's pool; names are the nodes' own.
 * Threads: read-only once the configuration is read.
 * Errors: of setting: a negative errno, noted in conf.
 */
#ifndef HTTP_MODULES_OUTPUT_TYPE_LIST_H
#define HTTP_MODULES_OUTPUT_TYPE_LIST_H

#include "http/request.h"

struct http_type_list {
    const struct http_type_list *next;
    struct http_text name;
};

/* The `set` of such a directive: offset is that of a const struct http_type_list *; text/html is always
 * in it. */
int http_set_type_list(struct conf_setting *setting);

/* The type may have parameters, which do not count. */
bool http_type_listed(const struct http_type_list *list, struct http_text type);

#endif
