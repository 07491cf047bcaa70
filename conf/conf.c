/* SPDX-License-Identifier: BSD-2-Clause */
/* One reading: its sentences, warnings and faults, its paths, and the dump. */
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool.h"

enum { PLACE_SIZE = 512, SENTENCE_MIN = 128 };

static const char *copy_folder(struct pool *pool, const char *path, size_t length)
{
    bool slash = length == 0 || path[length - 1] == '/';
    char *copy = pool_nalloc(pool, length + 2, "conf prefix");

    if (!copy)
        return NULL;
    memcpy(copy, path, length);
    if (!slash)
        copy[length++] = '/';
    copy[length] = '\0';
    return copy;
}

int conf_init(struct conf *conf, struct pool *pool, const char *prefix, const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;

    memset(conf, 0, sizeof *conf);
    conf->pool = pool;
    conf->files_end = &conf->files;
    conf->warnings_end = &conf->warnings;
    if (!prefix)
        prefix = "";
    conf->prefix = copy_folder(pool, prefix, strlen(prefix));
    if (!conf->prefix)
        return conf_fail_memory(conf);
    if (!slash)
        conf->conf_prefix = conf->prefix;
    else
        conf->conf_prefix = copy_folder(pool, file, (size_t)(slash - file) + 1);
    return conf->conf_prefix ? 0 : conf_fail_memory(conf);
}

/* Writes the sentence, the system's error and the place. If that is too long the sentence is cut: an error
 * without its place is useless. */
__attribute__((format(printf, 5, 0))) static void compose(char *out, size_t size,
                                                          const struct conf_node *node, int error,
                                                          const char *format, va_list arguments)
{
    char tail[PLACE_SIZE];
    char reason[128];
    size_t used = 0;

    tail[0] = '\0';
    if (error != 0)
        used =
            (size_t)snprintf(tail, sizeof tail, " (%d: %s)", error, strerror_r(error, reason, sizeof reason));
    if (node && used < sizeof tail) {
        if (node->line == 0)
            snprintf(tail + used, sizeof tail - used, " in %s", node->file);
        else
            snprintf(tail + used, sizeof tail - used, " in %s:%u", node->file, node->line);
    }
    vsnprintf(out, size - strlen(tail), format, arguments);
    memcpy(out + strlen(out), tail, strlen(tail) + 1);
}

static_assert(CONF_ERROR_SIZE >= PLACE_SIZE + SENTENCE_MIN, "room for a sentence besides the place");

static unsigned place_of(const struct conf_node *node)
{
    return node ? node->place : UINT_MAX;
}

int conf_fail(struct conf *conf, const struct conf_node *node, const char *format, ...)
{
    va_list arguments;

    if (conf->error[0] == '\0') {
        va_start(arguments, format);
        compose(conf->error, sizeof conf->error, node, 0, format, arguments);
        va_end(arguments);
        conf->error_place = place_of(node);
    }
    return -EINVAL;
}

int conf_fail_errno(struct conf *conf, const struct conf_node *node, int error, const char *format, ...)
{
    va_list arguments;

    if (conf->error[0] == '\0') {
        va_start(arguments, format);
        compose(conf->error, sizeof conf->error, node, error, format, arguments);
        va_end(arguments);
        conf->error_place = place_of(node);
    }
    return -error;
}

int conf_fail_memory(struct conf *conf)
{
    conf->no_memory = true;
    conf_fail(conf, NULL, "out of memory while reading the configuration");
    return -ENOMEM;
}

static struct conf_warning *make_warning(struct conf *conf, const char *text)
{
    struct conf_warning *warning = pool_calloc(conf->pool, sizeof *warning, "conf warning");
    char *copy = pool_strndup(conf->pool, text, strlen(text), "conf warning");

    if (!warning || !copy)
        return NULL;
    warning->text = copy;
    return warning;
}

void conf_warn(struct conf *conf, const struct conf_node *node, const char *format, ...)
{
    struct conf_warning *warning;
    char text[CONF_ERROR_SIZE];
    va_list arguments;

    va_start(arguments, format);
    compose(text, sizeof text, node, 0, format, arguments);
    va_end(arguments);
    warning = make_warning(conf, text);
    if (!warning)
        return;
    *conf->warnings_end = warning;
    conf->warnings_end = &warning->next;
}

/* Levels are applied from the outside to the inside; the report is in the order of the text. */
static int add_fault(struct conf *conf)
{
    struct conf_warning **at = &conf->faults, *fault;
    unsigned before = 0;

    conf->fault_count++;
    for (; *at && (*at)->place <= conf->error_place; at = &(*at)->next)
        before++;
    if (before == CONF_FAULTS_MAX)
        return 0;
    fault = make_warning(conf, conf->error);
    if (!fault)
        return conf_fail_memory(conf);
    fault->place = conf->error_place;
    fault->next = *at;
    *at = fault;
    for (; *at && before < CONF_FAULTS_MAX; before++)
        at = &(*at)->next;
    *at = NULL;
    return 0;
}

int conf_keep(struct conf *conf, int result)
{
    if (result == 0)
        return 0;
    if (result == -ENOMEM || conf->no_memory || add_fault(conf) != 0)
        return -ENOMEM;
    conf->error[0] = '\0';
    return 0;
}

int conf_fail_kept(struct conf *conf)
{
    struct conf_warning **last = &conf->faults;

    if (!*last)
        return conf->error[0] != '\0' ? -EINVAL : 0;
    while ((*last)->next)
        last = &(*last)->next;
    if (conf->error[0] == '\0') {
        snprintf(conf->error, sizeof conf->error, "%s", (*last)->text);
        *last = NULL;
    }
    return -EINVAL;
}

void conf_report(const struct conf *conf, char *to, size_t size)
{
    size_t used = 0, room = size - 2 * sizeof conf->error; /* for the last two lines */
    unsigned more = conf->fault_count > CONF_FAULTS_MAX ? conf->fault_count - CONF_FAULTS_MAX : 0;

    for (const struct conf_warning *one = conf->faults; one; one = one->next) {
        if (used + strlen(one->text) + 2 > room)
            more++;
        else
            used += (size_t)snprintf(to + used, size - used, "%s\n", one->text);
    }
    used += (size_t)snprintf(to + used, size - used, "%s", conf->error);
    if (more > 0)
        snprintf(to + used, size - used, "\nand %u more", more);
}

const char *conf_full_name(struct conf *conf, const char *path, bool conf_prefix)
{
    const char *folder = path[0] == '/' ? "" : conf_prefix ? conf->conf_prefix : conf->prefix;
    size_t size = strlen(folder) + strlen(path) + 1;
    char *full = pool_nalloc(conf->pool, size, "conf path");

    if (!full) {
        conf_fail_memory(conf);
        return NULL;
    }
    snprintf(full, size, "%s%s", folder, path);
    return full;
}

int conf_note_path(struct conf *conf, const char *path, enum conf_use use)
{
    size_t length = strcspn(path, "$");
    struct conf_path *note = conf->paths;

    while (path[length] && length && path[length - 1] != '/')
        length--;
    if (!length) { /* all of it is known later */
        path = "/";
        length = 1;
    }
    for (; note; note = note->next)
        if (note->use == use && !strncmp(note->name, path, length) && !note->name[length])
            return 0;
    note = pool_calloc(conf->pool, sizeof *note, "conf path");
    if (!note)
        return conf_fail_memory(conf);
    note->name = pool_strndup(conf->pool, path, length, "conf path");
    if (!note->name)
        return conf_fail_memory(conf);
    note->use = use;
    note->next = conf->paths;
    conf->paths = note;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

int conf_dump(const struct conf *conf, int fd)
{
    static const char before[] = "# configuration file ";
    int rc = 0;

    for (const struct conf_file *file = conf->files; file && rc == 0; file = file->next) {
        rc = write_all(fd, before, sizeof before - 1);
        if (rc == 0)
            rc = write_all(fd, file->name, strlen(file->name));
        if (rc == 0)
            rc = write_all(fd, ":\n", 2);
        if (rc == 0)
            rc = write_all(fd, file->text, file->length);
        if (rc == 0)
            rc = write_all(fd, "\n", 1);
    }
    return rc;
}
