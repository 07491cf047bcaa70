/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: answers a path that ends in a slash. The first of the named files that exists is answered by an
 *   internal redirect, as in nginx, so that its own location decides how.
 * Lifetime: the list lies in the generation's pool.
 * Threads: the request's worker.
 * Errors: HTTP_OUTCOME_NEXT if none of the files exists; 404 if the folder does not, 403 if it may not be
 *   read.
 */
#ifndef HTTP_MODULES_CONTENT_INDEX_H
#define HTTP_MODULES_CONTENT_INDEX_H

#include "http/text/template.h"

struct http_files;

struct http_index_name {
    struct http_index_name *next; /* in the order of trying */
    struct http_template name;
};

/* `index`: a struct http_index_name * at the directive's offset. */
int http_set_index(struct conf_setting *setting);

/* `index index.html`. NULL: noted in conf. */
struct http_index_name *http_index_default(struct conf *conf);

enum { HTTP_INDEX_ROOM = 32 /* bytes behind the folder's name, for the name of an index file */ };

/* request->path ends in a slash, and stands for `folder` (http_map_path, with HTTP_INDEX_ROOM bytes of
 * reserve that are written to). */
enum http_outcome http_index_answer(struct http_request *request, const struct http_files *settings,
                                    struct http_text folder);

#endif
