/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of media types, as gzip_types and charset_types have them.
 *
 * Purpose: says whether an answer's type is one that a filter is for. "*" is every type.
 * Lifetime: in the generation's pool; names are the nodes' own.
 * Threads: read-only once the configuration is read.
 * Errors: of setting: a negative errno, said in conf.
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
