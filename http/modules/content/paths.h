/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: root and alias: maps request->path to the name of a file. root: the folder, then the whole path.
 *   alias: the folder, then what follows the location's own prefix; in a location with a regular expression
 *   the text of alias is the whole name, but the names of try_files stand behind it
 *   (request->route.behind_alias).
 * Lifetime: settings in the generation's pool; names in the request's pool.
 * Threads: the request's worker.
 * Errors: HTTP_PATH_NO_MEMORY; HTTP_PATH_REFUSED when prefix and rest together make a ".." (location /i with
 *   alias /a/ asked for /i../x), which request->path itself never has, or when a group of an expression
 *   brings one into the folder (location ~ ^/i(.*)$ with alias /a/$1).
 */
#ifndef HTTP_MODULES_CONTENT_PATHS_H
#define HTTP_MODULES_CONTENT_PATHS_H

#include "http/text/template.h"

struct http_root {
    const char *prefix;          /* of a folder with variables that is not a full name */
    struct http_template folder; /* without a slash at the end if it is root's */
    bool alias;
    bool whole;          /* alias in a location with a regular expression */
    size_t skip;         /* bytes of the path that an alias stands for; known once its level is finished */
    const void *section; /* of the level where it stands */
};

enum http_path { HTTP_PATH_OK, HTTP_PATH_NO_MEMORY, HTTP_PATH_REFUSED };

/* `root` and `alias`: setting->section's field at the directive's offset is a struct http_root *. */
int http_set_root(struct conf_setting *setting);

/* `root html`, for a level without either. NULL: noted in conf. */
struct http_root *http_root_default(struct conf *conf);

/* *name is NUL-terminated; `reserve` more bytes may be written behind its end, and a NUL. */
enum http_path http_map_path(struct http_request *request, const struct http_root *root, size_t reserve,
                             struct http_text *name);

/* $document_root: the folder, absolute. False: no memory. */
bool http_root_write(struct http_request *request, const struct http_root *root, struct http_text *folder);

#endif
