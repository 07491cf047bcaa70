/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of index, tried one after another in the folder that a path stands for. */
#include "http/limits.h"
#include "http/modules/content/index.h"

#include <errno.h>
#include <string.h>

#include "http/modules/content/files.h"
#include "http/route/route.h"
#include "server/log/log.h"

static int index_add_name(struct conf *conf, const struct conf_node *node, const char *text,
                          struct http_index_name **list)
{
    struct http_index_name **end = list;

    while (*end)
        end = &(*end)->next;
    *end = pool_calloc(conf->pool, sizeof **end, "index");
    return *end ? http_template_compile(conf, node, text, &(*end)->name) : conf_fail_memory(conf);
}

int http_set_index(struct conf_setting *setting)
{
    struct http_index_name **list = conf_setting_field(setting);
    int result = 0;

    if (setting->first)
        *list = NULL;
    for (unsigned i = 0; i < setting->node->arg_count && result == 0; i++) {
        const char *text = setting->node->args[i];

        if (*text == '\0')
            return conf_fail(setting->conf, setting->node, "index \"\" in \"index\" directive is invalid");
        result = index_add_name(setting->conf, setting->node, text, list);
    }
    return result;
}

struct http_index_name *http_index_default(struct conf *conf)
{
    struct http_index_name *list = NULL;

    return index_add_name(conf, NULL, "index.html", &list) ? NULL : list;
}

static enum http_outcome index_failed(struct http_request *request, int error, const char *name)
{
    bool forbidden = error == -EACCES;

    if (forbidden || request->location->core.log_not_found)
        http_log(request, LOG_LEVEL_ERROR, -error, "\"%s\" is %s", name,
                 forbidden ? "forbidden" : "not found");
    return http_fail_with(request, forbidden ? 403 : 404);
}

/* The folder itself, asked once when an index file is missing: its absence is 404, not 403.
 * HTTP_OUTCOME_NEXT: it is there. */
static enum http_outcome index_check_folder(struct http_request *request, const struct http_files *settings,
                                            struct http_text folder)
{
    bool is_directory;
    int error;

    error = http_file_look(settings->sgi, settings->cache, folder.bytes, &settings->options, &is_directory);
    if (error == 0 && !is_directory)
        error = -ENOTDIR;
    return error ? index_failed(request, error, folder.bytes) : HTTP_OUTCOME_NEXT;
}

/* Goes on at the path with `name` behind it. */
static enum http_outcome index_relocate(struct http_request *request, struct http_text name)
{
    char *path = pool_nalloc(request->pool, request->path.length + name.length + 1, "path");

    if (!path)
        return http_no_memory(request);
    memcpy(path, request->path.bytes, request->path.length);
    memcpy(path + request->path.length, name.bytes, name.length + 1);
    return http_relocate(request, (struct http_text){path, request->path.length + name.length}, NULL);
}

/* `name` in the folder, NUL-terminated: in the room behind the folder's name, or in memory of its own. NULL:
 * no memory. */
static const char *index_join(struct http_request *request, struct http_text folder, struct http_text name)
{
    char *to = (char *)(uintptr_t)folder.bytes; /* the caller's own memory, with the room */

    if (name.length > HTTP_INDEX_ROOM) {
        to = pool_nalloc(request->pool, folder.length + name.length + 1, "index");
        if (!to)
            return NULL;
        memcpy(to, folder.bytes, folder.length);
    }
    memcpy(to + folder.length, name.bytes, name.length + 1);
    return to;
}

/* A file of that name was looked for in the folder, and not found. HTTP_OUTCOME_NEXT: it is missing, and
 * nothing else is wrong. */
static enum http_outcome index_missing(struct http_request *request, int error, const char *full)
{
    switch (error) {
    case -ENOMEM:
        return http_no_memory(request);
    case -ENOENT:
        return HTTP_OUTCOME_NEXT;
    case -ENOTDIR:
    case -ENAMETOOLONG:
    case -EACCES:
        return index_failed(request, error, full);
    default:
        return http_files_failed(request, error, "stat()", full);
    }
}

enum http_outcome http_index_answer(struct http_request *request, const struct http_files *settings,
                                    struct http_text folder)
{
    bool folder_checked = false, is_directory;
    enum http_outcome outcome;
    struct http_text name;
    const char *full;
    int error;

    for (const struct http_index_name *index = settings->index; index; index = index->next) {
        if (!http_template_write(&index->name, request, &name))
            return http_no_memory(request);
        if (name.length == 0)
            continue;
        if (*name.bytes == '/')
            return http_relocate(request, name, NULL);
        full = index_join(request, folder, name);
        if (!full)
            return http_no_memory(request);
        error = http_file_look(settings->sgi, settings->cache, full, &settings->options, &is_directory);
        if (!error)
            return index_relocate(request, name);
        outcome = index_missing(request, error, full);
        if (outcome != HTTP_OUTCOME_NEXT)
            return outcome;
        ((char *)(uintptr_t)folder.bytes)[folder.length] = '\0'; /* where a name was joined */
        if (!folder_checked)
            outcome = index_check_folder(request, settings, folder);
        if (outcome != HTTP_OUTCOME_NEXT)
            return outcome;
        folder_checked = true;
    }
    return HTTP_OUTCOME_NEXT;
}
