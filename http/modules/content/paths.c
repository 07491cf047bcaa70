/* SPDX-License-Identifier: BSD-2-Clause */
/* root and alias: read, and joined with a path. No result leaves the folder. */
#include "http/modules/content/paths.h"

#include <errno.h>
#include <string.h>

#include "http/text/named.h"
#include "http/text/variables_table.h"

/* ---- reading ---- */

static bool path_names_variable(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$')) {
        const char *begin = at + 1 + (at[1] == '{');

        if (!strncmp(begin, name, length))
            return true;
    }
    return false;
}

/* The folder as a full name, as far as it is known now. NULL: no memory, noted in conf. */
static const char *path_folder_text(struct conf *conf, const char *text, bool alias)
{
    const char *full = *text == '$' ? text : conf_full_name(conf, text, false);
    size_t length = full ? strlen(full) : 0;
    char *copy;

    if (!full || alias || length == 0 || full[length - 1] != '/')
        return full;
    copy = pool_strndup(conf->pool, full, length - 1, "root");
    if (!copy)
        (void)conf_fail_memory(conf);
    return copy;
}

/* For the sandbox. Behind an alias the rest of a request's path follows at once: with `location /i { alias
 * /srv/img; }`, /ix is /srv/imgx. So all up to its last slash is noted. */
static int path_note(struct conf *conf, const char *folder, bool alias)
{
    const char *slash = alias ? strrchr(folder, '/') : NULL;
    size_t length = slash ? (size_t)(slash - folder) : strlen(folder);
    char *whole = pool_nalloc(conf->pool, length + 2, "root");

    if (!whole)
        return conf_fail_memory(conf);
    memcpy(whole, folder, length);
    memcpy(whole + length, "/", 2);
    return conf_note_path(conf, whole, CONF_READ_FILES);
}

static struct http_root *path_make_root(struct conf *conf, const struct conf_node *node, const char *text,
                                        bool alias)
{
    struct http_root *root = pool_calloc(conf->pool, sizeof *root, "root");
    const char *folder = root ? path_folder_text(conf, text, alias) : NULL;

    if (!folder) {
        (void)conf_fail_memory(conf);
        return NULL;
    }
    if (path_note(conf, folder, alias))
        return NULL;
    root->alias = alias;
    root->prefix = conf->prefix;
    return http_template_compile(conf, node, folder, &root->folder) ? NULL : root;
}

int http_set_root(struct conf_setting *setting)
{
    struct http_root **field = conf_setting_field(setting);
    bool alias = !strcmp(setting->directive->name, "alias");
    const char *text = setting->node->args[0];
    struct http_root *root;

    if (*field && (*field)->section == setting->section)
        return conf_fail(setting->conf, setting->node,
                         "\"%s\" directive is duplicate, \"%s\" directive was specified earlier",
                         setting->directive->name, (*field)->alias ? "alias" : "root");
    if (path_names_variable(text, "document_root") || path_names_variable(text, "realpath_root"))
        return conf_fail(setting->conf, setting->node,
                         "the $document_root variable cannot be used in the \"%s\" directive",
                         setting->directive->name);
    root = path_make_root(setting->conf, setting->node, text, alias);
    if (!root)
        return -EINVAL;
    root->section = setting->section;
    *field = root;
    return 0;
}

struct http_root *http_root_default(struct conf *conf)
{
    return path_make_root(conf, NULL, "html", false);
}

/* ---- a request ---- */

bool http_root_write(struct http_request *request, const struct http_root *root, struct http_text *folder)
{
    size_t length = strlen(root->prefix);
    char *full;

    if (!http_template_write(&root->folder, request, folder))
        return false;
    if (http_template_constant(&root->folder) || (folder->length && *folder->bytes == '/'))
        return true;
    full = pool_nalloc(request->pool, length + folder->length + 1, "path");
    if (!full)
        return false;
    memcpy(full, root->prefix, length);
    memcpy(full + length, folder->bytes, folder->length + 1);
    *folder = (struct http_text){full, length + folder->length};
    return true;
}

/* Whether the segment across the place where two texts were joined is a "..". */
static bool path_climbs(const char *name, size_t joint, size_t length)
{
    size_t begin = joint, end = joint;

    while (begin > 0 && name[begin - 1] != '/')
        begin--;
    while (end < length && name[end] != '/')
        end++;
    return end - begin == 2 && name[begin] == '.' && name[begin + 1] == '.';
}

/* Segments that are "..". */
static unsigned path_count_climbs(struct http_text name)
{
    const char *at = name.bytes, *end = name.bytes + name.length;
    unsigned count = 0;

    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash ? slash : end;

        count += stop - at == 2 && at[0] == '.' && at[1] == '.';
        at = slash ? slash + 1 : end;
    }
    return count;
}

/* Whether a group of an expression has brought a ".." into the folder: `location ~ ^/i(.*)$` with `alias
 * /a/$1`, asked for /i../x. Other variables are up to the configuration. */
static bool path_group_climbs(const struct http_template *template, struct http_text folder)
{
    for (unsigned i = 0; i < template->part_count; i++) {
        const struct http_variable *variable = &template->parts[i].variable;

        if (variable->get == http_get_capture || (variable->get == http_get_named && !variable->named->made))
            return path_count_climbs(folder) > path_count_climbs(template->constant);
    }
    return false;
}

enum http_path http_map_path(struct http_request *request, const struct http_root *root, size_t reserve,
                             struct http_text *name)
{
    struct http_text folder, rest = request->path;
    char *to;

    if (!http_root_write(request, root, &folder))
        return HTTP_PATH_NO_MEMORY;
    if (root->alias) {
        size_t whole = request->route.behind_alias ? 0 : rest.length;
        size_t skip = root->whole ? whole : root->skip > rest.length ? rest.length : root->skip;

        rest = (struct http_text){rest.bytes + skip, rest.length - skip};
    }
    to = pool_nalloc(request->pool, folder.length + rest.length + reserve + 1, "path");
    if (!to)
        return HTTP_PATH_NO_MEMORY;
    memcpy(to, folder.bytes, folder.length);
    if (rest.length) /* a request that was refused has no path at all */
        memcpy(to + folder.length, rest.bytes, rest.length);
    *name = (struct http_text){to, folder.length + rest.length};
    to[name->length] = '\0';
    if (root->alias && rest.length && path_climbs(to, folder.length, name->length))
        return HTTP_PATH_REFUSED;
    return path_group_climbs(&root->folder, folder) ? HTTP_PATH_REFUSED : HTTP_PATH_OK;
}
