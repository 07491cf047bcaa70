/* SPDX-License-Identifier: BSD-2-Clause */
/* The content step of most locations, and the variables that name files. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/content/static.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "http/modules/content/autoindex.h"
#include "http/modules/content/files.h"
#include "http/modules/content/index.h"
#include "http/text/variables_table.h"
#include "server/generation.h"
#include "server/log/log.h"

/* Finds the name that the path stands for; HTTP_OUTCOME_NEXT if there is one. Static files, index and
 * autoindex answer about this name or one below it, so what is refused here is refused for all. */
static enum http_outcome static_find_name(struct http_request *request, const struct http_files *settings,
                                          struct http_text *name)
{
    switch (http_map_path(request, settings->root, HTTP_INDEX_ROOM, name)) {
    case HTTP_PATH_OK:
        return HTTP_OUTCOME_NEXT;
    case HTTP_PATH_NO_MEMORY:
        return http_no_memory(request);
    case HTTP_PATH_REFUSED:
        break;
    }
    http_log(request, LOG_LEVEL_ERROR, 0, "\"%s\" would leave its folder", name->bytes);
    return http_fail_with(request, 404);
}

/* A path with a slash at its end is a directory's: its index, or nothing. */
static enum http_outcome static_answer_directory(struct http_request *request,
                                                 const struct http_files *settings)
{
    enum http_outcome outcome;
    struct http_text name;

    outcome = static_find_name(request, settings, &name);
    if (outcome == HTTP_OUTCOME_NEXT)
        outcome = http_index_answer(request, settings, name);
    if (outcome != HTTP_OUTCOME_NEXT)
        return outcome;
    outcome = http_autoindex_answer(request, name);
    if (outcome != HTTP_OUTCOME_NEXT)
        return outcome;
    http_log(request, LOG_LEVEL_ERROR, 0, "directory index of \"%s\" is forbidden", name.bytes);
    return http_fail_with(request, 403);
}

static enum http_outcome static_answer_file(struct http_request *request, struct open_file *file,
                                            const char *name)
{
    enum http_outcome outcome;

    if (file->is_regular && request->head.method != HTTP_METHOD_POST)
        return http_answer_file(request, file);
    if (file->is_directory) {
        outcome = http_answer_slash(request);
    } else if (!file->is_regular) {
        http_log(request, LOG_LEVEL_CRIT, 0, "\"%s\" is not a regular file", name);
        request->status = 404;
        outcome = HTTP_OUTCOME_STATUS;
    } else {
        outcome = http_answer_only_get(request); /* POST */
    }
    open_files_put(file);
    return outcome;
}

static enum http_outcome static_run(struct http_request *request, void *section)
{
    const struct http_files *settings = section;
    struct open_file *file;
    enum http_outcome outcome;
    struct http_text name;
    int error;

    /* POST of a file is refused too, but as in nginx only once it is found: an index may lead it elsewhere.
     */
    if (request->head.method != HTTP_METHOD_GET && request->head.method != HTTP_METHOD_POST &&
        http_answer_only_get(request) != HTTP_OUTCOME_NEXT)
        return HTTP_OUTCOME_STATUS;
    if (request->path.length && request->path.bytes[request->path.length - 1] == '/')
        return static_answer_directory(request, settings);
    outcome = static_find_name(request, settings, &name);
    if (outcome != HTTP_OUTCOME_NEXT)
        return outcome;
    error = http_file_open(settings->sgi, settings->cache, name.bytes, &settings->options, &file);
    return error ? http_files_failed(request, error, "open()", name.bytes)
                 : static_answer_file(request, file, name.bytes);
}

/* ---- variables ---- */

static enum http_found static_document_root(struct http_request *request,
                                            const struct http_variable *variable, struct http_text *value)
{
    (void)variable;
    return http_root_write(request, http_files_of(request)->root, value) ? HTTP_VALUE_FOUND
                                                                         : http_value_none(value);
}

static enum http_found static_request_filename(struct http_request *request,
                                               const struct http_variable *variable, struct http_text *value)
{
    (void)variable;
    return http_map_path(request, http_files_of(request)->root, 0, value) == HTTP_PATH_OK
               ? HTTP_VALUE_FOUND
               : http_value_none(value);
}

static enum http_found static_realpath_root(struct http_request *request,
                                            const struct http_variable *variable, struct http_text *value)
{
    char real[PATH_MAX], *copy;
    struct http_text root;

    (void)variable;
    if (!http_root_write(request, http_files_of(request)->root, &root))
        return http_value_none(value);
    if (!realpath(root.bytes, real)) {
        http_log(request, LOG_LEVEL_CRIT, errno, "realpath() \"%s\" failed", root.bytes);
        return http_value_none(value);
    }
    copy = pool_strndup(request->pool, real, strlen(real), "variable");
    return copy ? http_value_string(copy, value) : http_value_none(value);
}

static const struct http_variable_row variables[] = {
    {"document_root", static_document_root, .help = "`root` or `alias` of the location."},
    {"realpath_root", static_realpath_root,
     .help = "`root` or `alias` of the location with all symbolic links resolved; empty if it does not "
             "exist."},
    {"request_filename", static_request_filename,
     .help = "The file that the path stands for, by `root` or `alias`."},
    {.name = NULL},
};

/* ---- reading ---- */

static int static_defaults(struct conf *conf, void *section)
{
    struct http_files *settings = section;

    settings->sgi = generation_of(conf)->sgi;
    return 0;
}

static int static_finish(struct http_build *build, struct http_location *location, void *section)
{
    struct http_files *settings = section;
    struct conf *conf = http_build_conf(build);

    if (!settings->root)
        settings->root = http_root_default(conf);
    if (!settings->index)
        settings->index = http_index_default(conf);
    if (!settings->root || !settings->index)
        return -ENOMEM;
    if (settings->root->alias && settings->root->section == section) {
        settings->root->skip = location->name.length;
        settings->root->whole = location->kind == HTTP_LOCATION_REGEX;
    }
    settings->options = (struct open_file_options){.valid_ms = settings->cache_valid * 1000,
                                                   .min_uses = (unsigned)settings->cache_min_uses,
                                                   .cache_errors = settings->cache_errors};
    return http_add_step(build, HTTP_PHASE_CONTENT, static_run, settings);
}

#define FIELD(name) offsetof(struct http_files, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_range seconds = {0, INT32_MAX}, uses = {1, INT32_MAX};

static const struct conf_directive directives[] = {
    {"root", EVERYWHERE | CONF_IF, .offset = FIELD(root), .preset = "html", .set = http_set_root,
     "`root PATH;` The folder that files are taken from: the whole path of the URL is appended."},
    {"alias", CONF_LOCATION, .offset = FIELD(root), .set = http_set_root,
     "`alias PATH;` The folder that replaces the location's prefix; in a location with a regular expression, "
     "the file itself."},
    {"index", EVERYWHERE, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .offset = FIELD(index),
     .preset = "index.html", .set = http_set_index,
     "`index FILE …;` Files for a path that ends in a slash: the first that exists is shown."},
    {"open_file_cache", EVERYWHERE, .args = {1, 2}, .offset = FIELD(cache), .preset = "off",
     .set = http_set_file_cache,
     "`open_file_cache max=NUMBER [inactive=TIME];` or `open_file_cache off;` Keeps up to NUMBER files open; "
     "one that was not used for `inactive` (60s) is closed."},
    {"open_file_cache_valid", EVERYWHERE, .offset = FIELD(cache_valid), .extra = &seconds, .preset = "60s",
     .set = conf_set_sec, "How long a cached file is trusted before it is checked for changes."},
    {"open_file_cache_min_uses", EVERYWHERE, .offset = FIELD(cache_min_uses), .extra = &uses, .preset = "1",
     .set = conf_set_number, "How many uses within `inactive` it takes before a file is kept open."},
    {"open_file_cache_errors", EVERYWHERE, .offset = FIELD(cache_errors), .preset = "off",
     .set = conf_set_flag, "Whether missing files are remembered too."},
};

const struct http_module http_static_module = {
    .conf = {"static files", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_files),
    .defaults = static_defaults,
    .finish = static_finish,
    .variables = variables,
};
