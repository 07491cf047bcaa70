/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: access_log to files whose names have variables, and open_log_file_cache. Such a file is opened for
 *   each line, since its name is not known before. A cache keeps files open that are written to often
 *   (server/log/open_logs.h). After USR1 it looks whether a file still bears its name before it writes to it.
 * Lifetime: a cache goes with the generation's pool, and closes its files.
 * Threads: the request's worker; workers share a cache.
 * Errors: a file that cannot be opened or written is logged, and the line is lost.
 */
#ifndef HTTP_MODULES_LOG_LOG_PATH_H
#define HTTP_MODULES_LOG_LOG_PATH_H

#include "http/text/template.h"

struct http_log_cache;

/* `open_log_file_cache max=N [inactive=time] [min_uses=N] [valid=time] | off`: a struct http_log_cache * at
 * the directive's offset; null: off. */
int http_set_log_cache(struct conf_setting *setting);

/* Compiles a name; a relative one is below the prefix. 0 or a negative errno. */
int http_log_path_read(struct conf *conf, const struct conf_node *node, const char *text,
                       struct http_template *path);

/* Writes whole lines. `cache` may be null. */
void http_log_path_write(struct http_request *request, const struct http_template *path,
                         struct http_log_cache *cache, const char *bytes, size_t length);

#endif
