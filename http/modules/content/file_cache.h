/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: reads open_file_cache, and asks the cache for files, or the system if a level has no cache.
 * Lifetime: made when its directive is read, destroyed with the generation's pool; levels inside share it.
 * Threads: any worker. Every second or so one of them, with a request at hand, drops what is unused;
 *   without requests it stays.
 * Errors: negative errnos, as open_files.h.
 */
#ifndef HTTP_MODULES_CONTENT_FILE_CACHE_H
#define HTTP_MODULES_CONTENT_FILE_CACHE_H

#include <stdatomic.h>

#include "conf/directive.h"
#include "server/shared/open_files.h"

struct http_file_cache {
    struct open_file_cache *files;
    _Atomic int64_t next_expire; /* ms, of CLOCK_MONOTONIC */
};

/* `open_file_cache max=N [inactive=time] | off`: a struct http_file_cache * at the directive's offset; NULL:
 * off. */
int http_set_file_cache(struct conf_setting *setting);

/* Opens `name`; `cache` may be null. */
int http_file_open(struct sgi *sgi, struct http_file_cache *cache, const char *name,
                   const struct open_file_options *options, struct open_file **file)
    __attribute__((warn_unused_result));

/* Whether `name` is there, and what it is. With a cache the file is opened into it, since it will be asked
 * for next. */
int http_file_look(struct sgi *sgi, struct http_file_cache *cache, const char *name,
                   const struct open_file_options *options, bool *is_directory)
    __attribute__((warn_unused_result));

#endif
