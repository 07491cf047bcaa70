/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries names as paths of the request, and keeps the first that exists. */
#include "http/limits.h"
#include "http/modules/rewrite/try_files.h"

#include <errno.h>
#include <string.h>

#include "conf/units.h"
#include "http/config/build.h"
#include "http/modules/content/files.h"
#include "http/route/route.h"
#include "server/log/log.h"

struct trial {
    struct trial *next;
    struct http_template name;
    bool folder; /* it ended in a slash, which is not in `name`, nor in the path when it is found */
};

struct section {
    struct trial *trials;
    struct http_template last;
    int status;        /* =CODE; 0: `last` */
    const char *owner; /* the name of its location: those inside do not inherit it, their blocks do */
};

/* The path that a name stands for. As nginx: a name that does not begin with an alias' location stands behind
 * its folder. */
static bool try_files_make_path(struct http_request *request, const struct http_root *root,
                                struct http_text name, struct http_text *path)
{
    struct http_text prefix = {"", 0};
    char *to;

    if (root->alias && !root->whole && root->skip <= request->path.length &&
        (name.length < root->skip || memcmp(name.bytes, request->path.bytes, root->skip)))
        prefix = (struct http_text){request->path.bytes, root->skip};
    to = pool_nalloc(request->pool, prefix.length + name.length + 1, "try_files");
    if (!to)
        return false;
    memcpy(to, prefix.bytes, prefix.length);
    memcpy(to + prefix.length, name.bytes, name.length);
    *path = (struct http_text){to, prefix.length + name.length};
    to[path->length] = '\0';
    return true;
}

/* Whether it is there, and what it should be. 0: yes; -ENOENT: no; -ENOMEM. */
static int try_files_look(struct http_request *request, const struct trial *trial)
{
    const struct http_files *files = http_files_of(request);
    struct http_text name;
    bool is_folder;
    int error;

    switch (http_map_path(request, files->root, 0, &name)) {
    case HTTP_PATH_OK:
        break;
    case HTTP_PATH_NO_MEMORY:
        return -ENOMEM;
    case HTTP_PATH_REFUSED:
        return -ENOENT;
    }
    error = http_file_look(files->sgi, files->cache, name.bytes, &files->options, &is_folder);
    if (!error)
        return is_folder == trial->folder ? 0 : -ENOENT;
    if (error == -ENOMEM)
        return error;
    if (error != -ENOENT && error != -ENOTDIR && error != -ENAMETOOLONG)
        http_log(request, LOG_LEVEL_CRIT, -error, "stat() \"%s\" failed", name.bytes);
    return -ENOENT;
}

/* What was found becomes the path. A folder's has no slash at its end: static files answer 301 to the name
 * with one, and index files are looked up in their own locations. A folder behind a whole alias is no path of
 * a URL, so the request's own stays (nginx). */
static void try_files_found(struct http_request *request, const struct http_root *root,
                            const struct trial *trial, struct http_text path)
{
    if (root->whole && trial->folder)
        return;
    (void)http_relocate(request, path, NULL);
    request->route.behind_alias = root->whole;
}

static enum http_outcome try_files_otherwise(struct http_request *request, const struct section *section)
{
    struct http_text where;

    if (section->status)
        return http_fail_with(request, section->status);
    if (!http_template_write(&section->last, request, &where))
        return http_no_memory(request);
    return where.length && *where.bytes == '@' ? http_route_named(request, where)
                                               : http_route_redirect(request, where);
}

/* A name is the request's path while it is looked at, so that root and alias apply to it. */
static enum http_outcome try_files_run(struct http_request *request, void *data)
{
    const struct section *section = data;
    const struct http_root *root = http_files_of(request)->root;
    const struct http_text before = request->path;

    for (const struct trial *trial = section->trials; trial; trial = trial->next) {
        struct http_text name, path;
        int error;

        if (!http_template_write(&trial->name, request, &name) ||
            !try_files_make_path(request, root, name, &path))
            return http_no_memory(request);
        request->path = path;
        request->route.behind_alias = root->whole;
        error = try_files_look(request, trial);
        request->path = before;
        request->route.behind_alias = false;
        if (!error) {
            try_files_found(request, root, trial, path);
            return HTTP_OUTCOME_NEXT;
        }
        if (error == -ENOMEM)
            return http_no_memory(request);
    }
    return try_files_otherwise(request, section);
}

/* ---- reading ---- */

static int try_files_add(struct conf_setting *setting, const char *text, struct trial ***end)
{
    struct trial *trial = pool_calloc(setting->conf->pool, sizeof *trial, "try_files");
    size_t length = strlen(text);

    if (!trial)
        return conf_fail_memory(setting->conf);
    if (length && text[length - 1] == '/') {
        trial->folder = true;
        text = pool_strndup(setting->conf->pool, text, length - 1, "try_files");
        if (!text)
            return conf_fail_memory(setting->conf);
    }
    **end = trial;
    *end = &trial->next;
    return http_template_compile(setting->conf, setting->node, text, &trial->name);
}

static int set_try_files(struct conf_setting *setting)
{
    struct section *section = setting->section;
    const struct conf_node *node = setting->node;
    const char *last = node->args[node->arg_count - 1];
    struct trial **end = &section->trials;
    int64_t status;
    int result = 0;

    *section = (struct section){.owner = http_scope_of(setting)->location->name.bytes};
    for (unsigned i = 0; !result && i + 1 < node->arg_count; i++)
        result = try_files_add(setting, node->args[i], &end);
    if (result)
        return result;
    if (*last != '=')
        return http_template_compile(setting->conf, node, last, &section->last);
    if (!conf_parse_number(last + 1, &status) || status < 100 || status > 999)
        return conf_fail(setting->conf, node, "invalid code \"%s\"", last);
    section->status = (int)status;
    return 0;
}

static int try_files_finish(struct http_build *build, struct http_location *location, void *data)
{
    struct section *section = data;

    return section->trials && section->owner == location->name.bytes
               ? http_add_step(build, HTTP_PHASE_TRY, try_files_run, section)
               : 0;
}

static const struct conf_directive directives[] = {
    {"try_files", CONF_SERVER | CONF_LOCATION, .args = {2, CONF_ARGS_ANY}, .set = set_try_files,
     "`try_files FILE … WHERE;` Serves the first file (or folder, if it ends in a slash) that exists, "
     "otherwise WHERE: a path, a `@NAME` or `=CODE`. Not inherited by the locations inside."},
};

const struct http_module http_try_files_module = {
    .conf = {"try_files", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct section),
    .finish = try_files_finish,
};
