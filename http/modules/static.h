/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: what a location does when nothing else is said.
 *
 * Purpose: GET and HEAD of files below root or alias; a directory is redirected to its name with a slash, and
 * shown by its index. open_file_cache keeps files open. Lifetime: settings lie in the generation's pool,
 * which also destroys the caches. Threads: the request's worker; a cache is shared by all. Errors: ENOENT,
 * ENOTDIR, ENAMETOOLONG are 404, EACCES is 403, anything else (no descriptors, a broken disk) 500; each is
 * logged with the file's name as in nginx.
 */
#ifndef HTTP_MODULES_STATIC_H
#define HTTP_MODULES_STATIC_H

#include "http/module.h"
#include "http/modules/index.h"
#include "http/modules/paths.h"
#include "server/open_files.h"

/* A cache that a level has, and when it was last looked over. */
struct http_file_cache {
    struct open_file_cache *files;
    _Atomic int64_t next_expire; /* ms, CLOCK_MONOTONIC */
};

struct http_static {
    struct http_root *root;        /* null: html */
    struct http_index_name *index; /* null: index.html */
    struct http_file_cache *cache; /* null: off */
    int64_t cache_valid;           /* s */
    int64_t cache_min_uses;
    bool cache_errors;
};

extern const struct http_module http_static_module;

/* The settings of this request's location. */
static inline const struct http_static *http_static_of(const struct http_request *request)
{
    return http_section(request->location, HTTP_MODULE_STATIC);
}

/* Opens `name` by the location's cache. 0 or a negative errno, as open_files_get. */
int http_static_open(const struct http_static *settings, const struct http_request *request, const char *name,
                     struct open_file **file);

/* Whether `name` is there and what it is, without keeping it open. 0 or a negative errno. */
int http_static_look(const struct http_static *settings, const struct http_request *request, const char *name,
                     bool *is_directory);

/* The answer to a file that could not be opened: logs `what "name" failed` and returns HTTP_STATUS. */
enum http_outcome http_static_failed(struct http_request *request, int error, const char *what,
                                     const char *name);

#endif
