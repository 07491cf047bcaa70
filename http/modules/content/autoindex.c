/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a folder and sorts its entries; autoindex_page.c writes them. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/content/autoindex.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http/modules/content/files.h"
#include "server/log/log.h"

static int autoindex_compare(const void *left, const void *right)
{
    const struct http_autoindex_entry *one = *(struct http_autoindex_entry *const *)left,
                                      *two = *(struct http_autoindex_entry *const *)right;

    if (one->is_directory != two->is_directory)
        return one->is_directory ? -1 : 1;
    return strcmp(one->name.bytes, two->name.bytes);
}

/* NULL: no memory. An entry that has vanished stays, with an empty status. */
static struct http_autoindex_entry *autoindex_make_entry(struct http_request *request, int folder,
                                                         const char *name)
{
    struct http_autoindex_entry *entry = pool_calloc(request->pool, sizeof *entry, "autoindex");
    size_t length = strlen(name);
    char *copy = entry ? pool_strndup(request->pool, name, length, "autoindex") : NULL;
    struct stat status;

    if (!copy)
        return NULL;
    entry->name = (struct http_text){copy, length};
    /* A link that leads nowhere is shown as itself. */
    if (fstatat(folder, name, &status, 0) && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW))
        return entry;
    entry->size = status.st_size;
    entry->mtime = status.st_mtime;
    entry->is_directory = S_ISDIR(status.st_mode);
    entry->is_regular = S_ISREG(status.st_mode);
    return entry;
}

/* 0 or a negative errno. */
static int autoindex_read_folder(struct http_request *request, DIR *folder,
                                 struct http_autoindex_entry **entries, size_t *count)
{
    const struct dirent *found;

    *count = 0;
    while (errno = 0, (found = readdir(folder))) {
        if (*found->d_name == '.')
            continue;
        *entries = autoindex_make_entry(request, dirfd(folder), found->d_name);
        if (!*entries)
            return -ENOMEM;
        entries = &(*entries)->next;
        ++*count;
    }
    return -errno;
}

static void autoindex_close_folder(void *folder)
{
    closedir(folder);
}

enum http_outcome http_autoindex_answer(struct http_request *request, struct http_text name)
{
    const struct http_autoindex *settings = http_section(request->location, HTTP_MODULE_AUTOINDEX);
    struct http_autoindex_entry *first = NULL, **entries;
    struct pool_cleanup *cleanup;
    struct http_text page, type;
    size_t count, i = 0;
    DIR *folder;
    int result;

    if (!settings->on ||
        (request->head.method != HTTP_METHOD_GET && request->head.method != HTTP_METHOD_HEAD))
        return HTTP_OUTCOME_NEXT;
    if (settings->format == HTTP_AUTOINDEX_JSONP && !http_autoindex_callback(request, &page)) {
        http_log(request, LOG_LEVEL_INFO, 0, "client sent an invalid callback name");
        return http_fail_with(request, 400);
    }
    folder = opendir(name.bytes);
    if (!folder)
        return http_files_failed(request, -errno, "opendir()", name.bytes);
    cleanup = pool_cleanup_add(request->pool, autoindex_close_folder, folder);
    if (!cleanup) {
        closedir(folder);
        return http_no_memory(request);
    }
    result = autoindex_read_folder(request, folder, &first, &count);
    pool_cleanup_run(request->pool, cleanup);
    if (result)
        return http_files_failed(request, result, "readdir()", name.bytes);
    entries = pool_array(request->pool, count + 1, sizeof(struct http_autoindex_entry *), "autoindex");
    if (!entries)
        return http_no_memory(request);
    for (struct http_autoindex_entry *entry = first; entry; entry = entry->next)
        entries[i++] = entry;
    qsort(entries, count, sizeof *entries, autoindex_compare);
    page = http_autoindex_page(request, settings, entries, count, &type);
    return page.bytes ? http_answer_bytes(request, 200, type, page) : http_no_memory(request);
}

#define FIELD(name) offsetof(struct http_autoindex, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_enum formats[] = {{"html", HTTP_AUTOINDEX_HTML},
                                           {"json", HTTP_AUTOINDEX_JSON},
                                           {"jsonp", HTTP_AUTOINDEX_JSONP},
                                           {"xml", HTTP_AUTOINDEX_XML},
                                           {NULL, 0}};

static const struct conf_directive directives[] = {
    {"autoindex", EVERYWHERE, .offset = FIELD(on), .preset = "off", .set = conf_set_flag,
     "Whether a folder without an index file is shown."},
    {"autoindex_format", EVERYWHERE, .offset = FIELD(format), .extra = formats, .preset = "html",
     .set = conf_set_enum,
     "How it is shown: `html`, `xml`, `json`, or `jsonp`, which calls the function that the argument "
     "callback= names (400 if it is not a name)."},
    {"autoindex_exact_size", EVERYWHERE, .offset = FIELD(exact_size), .preset = "on", .set = conf_set_flag,
     "Whether sizes in HTML are in bytes, or rounded to K, M and G."},
    {"autoindex_localtime", EVERYWHERE, .offset = FIELD(localtime), .preset = "off", .set = conf_set_flag,
     "Whether times in HTML are local ones, or UTC."},
};

const struct http_module http_autoindex_module = {
    .conf = {"autoindex", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_autoindex),
};
