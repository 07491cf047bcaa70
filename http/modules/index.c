/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/index.h"

#include <errno.h>
#include <string.h>

#include "http/modules/static.h"
#include "server/log.h"

/* ---- reading ---- */

static int add_name(struct conf *conf, const struct conf_node *node, const char *text,
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
    struct http_index_name **list =
        (struct http_index_name **)(void *)((char *)setting->section + setting->directive->offset);
    int result = 0;

    if (setting->first)
        *list = NULL;
    for (unsigned i = 0; i < setting->node->arg_count && result == 0; i++) {
        const char *text = setting->node->args[i];

        if (*text == '\0')
            return conf_fail(setting->conf, setting->node, "index \"\" in \"index\" directive is invalid");
        result = add_name(setting->conf, setting->node, text, list);
    }
    return result;
}

struct http_index_name *http_index_default(struct conf *conf)
{
    struct http_index_name *list = NULL;

    return add_name(conf, NULL, "index.html", &list) ? NULL : list;
}

/* ---- a request ---- */

static enum http_outcome failed(struct http_request *request, int error, const char *name)
{
    bool forbidden = error == -EACCES;

    if (forbidden || request->location->core.log_not_found)
        http_log(request, LOG_LEVEL_ERROR, -error, "\"%s\" is %s", name,
                 forbidden ? "forbidden" : "not found");
    request->status = forbidden ? 403 : 404;
    return HTTP_STATUS;
}

/* The folder itself, asked once when an index file is missing: its absence is 404, not 403. HTTP_NEXT: it is
 * there. */
static enum http_outcome check_folder(struct http_request *request, const struct http_static *settings)
{
    struct http_text name;
    bool is_directory;
    int error;

    if (http_map_path(request, settings->root, 0, &name) != HTTP_PATH_OK)
        return http_no_memory(request);
    error = http_file_look(settings->sgi, settings->cache, name.bytes, &settings->options, &is_directory);
    if (error == 0 && !is_directory)
        error = -ENOTDIR;
    return error ? failed(request, error, name.bytes) : HTTP_NEXT;
}

/* Goes on at the path with `name` behind it. */
static enum http_outcome relocate(struct http_request *request, struct http_text name)
{
    char *path = pool_nalloc(request->pool, request->path.length + name.length + 1, "path");

    if (!path)
        return http_no_memory(request);
    memcpy(path, request->path.bytes, request->path.length);
    memcpy(path + request->path.length, name.bytes, name.length + 1);
    return http_relocate(request, (struct http_text){path, request->path.length + name.length}, NULL);
}

/* Whether the folder has a file of that name. 0, or a negative errno; HTTP_PATH_REFUSED counts as not there.
 */
static int look(struct http_request *request, const struct http_static *settings, struct http_text name,
                const char **full)
{
    struct http_text path;
    bool is_directory;
    char *end;

    switch (http_map_path(request, settings->root, name.length, &path)) {
    case HTTP_PATH_OK:
        break;
    case HTTP_PATH_NO_MEMORY:
        return -ENOMEM;
    case HTTP_PATH_REFUSED:
        *full = "";
        return -ENOTDIR;
    }
    end = (char *)(uintptr_t)path.bytes + path.length; /* our own memory: the reserve */
    memcpy(end, name.bytes, name.length + 1);
    *full = path.bytes;
    return http_file_look(settings->sgi, settings->cache, *full, &settings->options, &is_directory);
}

enum http_outcome http_index_answer(struct http_request *request, const struct http_static *settings)
{
    bool folder_checked = false;

    for (const struct http_index_name *index = settings->index; index; index = index->next) {
        struct http_text name;
        const char *full;
        int error;

        if (!http_template_write(&index->name, request, &name))
            return http_no_memory(request);
        if (name.length == 0)
            continue;
        if (*name.bytes == '/')
            return http_relocate(request, name, NULL);
        error = look(request, settings, name, &full);
        switch (error) {
        case 0:
            return relocate(request, name);
        case -ENOMEM:
            return http_no_memory(request);
        case -ENOENT:
            break;
        case -ENOTDIR:
        case -ENAMETOOLONG:
        case -EACCES:
            return failed(request, error, full);
        default:
            return http_static_failed(request, error, "stat()", full);
        }
        if (!folder_checked) {
            enum http_outcome outcome = check_folder(request, settings);

            if (outcome != HTTP_NEXT)
                return outcome;
            folder_checked = true;
        }
    }
    return HTTP_NEXT;
}
