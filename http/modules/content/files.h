/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what static files, their indexes and listings, gzip_static and try_files share: the settings of
 *   files in a location, and the answer when a call for one failed.
 * Lifetime: settings lie in the generation's pool, one for each level (static.c reads them).
 * Threads: the request's worker.
 * Errors: ENOENT, ENOTDIR and ENAMETOOLONG are 404, EACCES and ELOOP 403, anything else (no descriptors, a
 *   broken disk) 500; each is logged with the file's name as in nginx.
 */
#ifndef HTTP_MODULES_CONTENT_FILES_H
#define HTTP_MODULES_CONTENT_FILES_H

#include "http/module.h"
#include "http/modules/content/file_cache.h"
#include "http/modules/content/paths.h"

struct http_files {
    struct http_root *root;        /* never null once the level is finished */
    struct http_index_name *index; /* likewise */
    struct http_file_cache *cache; /* null: off */
    int64_t cache_valid;           /* s */
    int64_t cache_min_uses;
    bool cache_errors;
    struct open_file_options options; /* the three above, as the cache wants them */
    struct sgi *sgi;                  /* where open files have their memory from */
};

/* The settings of this request's location. */
static inline const struct http_files *http_files_of(const struct http_request *request)
{
    return http_section(request->location, HTTP_MODULE_STATIC);
}

/* A call failed with `error` (a negative errno): logs `CALL "NAME" failed` and sets the status. */
enum http_outcome http_files_failed(struct http_request *request, int error, const char *call,
                                    const char *name);

#endif
