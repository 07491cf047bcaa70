/* SPDX-License-Identifier: BSD-2-Clause */
/* The step that writes lines, and which files, formats and buffers a level has. */
#include "http/modules/log/access_log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "conf/units.h"
#include "http/config/build.h"
#include "http/connection.h"
#include "http/modules/log/log_format.h"
#include "http/modules/log/log_path.h"
#include "http/text/named.h"
#include "pool/annotate.h"
#include "server/log/log_file.h"
#include "server/process/settings.h"

enum {
    FLUSH_ALONE = -1,       /* flush= was not given */
    GZIP_BUFFER = 64 * 1024 /* bytes: nginx's, for `gzip` without buffer= */
};

/* A file that some access_log of the configuration names: its buffer is the same for all of them. */
struct access_file {
    struct access_file *next;
    const char *path;
    struct log_file *file; /* null until a server that may write to it is read as a whole */
    size_t buffer;         /* bytes; 0: lines are written at the end of their turn */
    int64_t flush_ms;      /* 0: only when full */
    int gzip;              /* level; 0: not compressed */
};

struct access_log {
    struct access_log *next;
    const struct access_file *to; /* null: `path` says for each line */
    struct http_template path;
    const struct http_log_format *format;
    struct http_template condition; /* if=; constant and null: always */
};

/* What all levels of a configuration share. */
struct access_shared {
    struct http_log_format *formats; /* combined is always among them */
    struct access_file *files;
};

struct access_section {
    struct access_shared *shared;
    struct access_log *logs;      /* null: none was named */
    struct http_log_cache *cache; /* of files whose names have variables; null: off */
    bool off;
};

/* ---- a request ---- */

static bool access_log_wanted(const struct access_log *log, struct http_request *request)
{
    struct http_text value;

    if (!log->condition.constant.bytes)
        return true;
    if (!http_template_write(&log->condition, request, &value))
        return true;
    return value.length > 1 || (value.length == 1 && *value.bytes != '0');
}

/* To a file that is known by this request alone. */
__attribute__((noinline)) static void access_log_write_alone(struct http_request *request,
                                                             const struct access_log *log,
                                                             struct http_log_cache *cache)
{
    struct http_log_line line;
    char *bytes = pool_nalloc(request->pool, http_log_measure(log->format, request, &line), "log line");

    if (bytes)
        http_log_path_write(request, &log->path, cache, bytes,
                            (size_t)(http_log_write(log->format, request, &line, bytes) - bytes));
}

/* A line that the rest of the buffer has no room for, or that has a value to escape. */
__attribute__((noinline)) static void access_log_write_measured(struct http_request *request,
                                                                const struct access_log *log,
                                                                struct log_buffers *buffers)
{
    const struct access_file *to = log->to;
    struct http_log_line line;
    size_t length = http_log_measure(log->format, request, &line);
    char *bytes = log_buffers_reserve(buffers, to->file, to->buffer, to->flush_ms, length);

    if (bytes)
        log_buffers_commit(buffers, to->file,
                           (size_t)(http_log_write(log->format, request, &line, bytes) - bytes));
}

/* Writes into the worker's buffer of the file, except for files whose names have variables. */
UNGUARDED static void access_log_run(struct http_request *request, void *section)
{
    const struct access_section *settings = section;
    struct log_buffers *buffers = &request->connection->base.worker->logs;

    for (const struct access_log *log = settings->logs; log; log = log->next) {
        const struct access_file *to = log->to;
        size_t length;
        char *bytes, *end;

        if (!access_log_wanted(log, request))
            continue;
        if (!to) {
            access_log_write_alone(request, log, settings->cache);
            continue;
        }
        bytes = log_buffers_rest(buffers, to->file, &length);
        end = http_log_write_plain(log->format, request, bytes, length);
        if (end)
            log_buffers_commit(buffers, to->file, (size_t)(end - bytes));
        else
            access_log_write_measured(request, log, buffers);
    }
}

/* ---- reading ---- */

static int access_log_defaults(struct conf *conf, void *section)
{
    struct access_section *settings = section;

    settings->shared = pool_calloc(conf->pool, sizeof *settings->shared, "access log");
    if (!settings->shared)
        return conf_fail_memory(conf);
    settings->shared->formats = http_log_format_combined(conf);
    return settings->shared->formats ? 0 : -ENOMEM;
}

static struct http_log_format *access_log_find_format(const struct access_shared *shared, const char *name)
{
    struct http_log_format *format = shared->formats;

    while (format && strcmp(format->name, name) != 0)
        format = format->next;
    return format;
}

static int set_log_format(struct conf_setting *setting)
{
    struct access_section *settings = setting->section;
    struct http_log_format *format;

    if (access_log_find_format(settings->shared, setting->node->args[0]))
        return conf_fail(setting->conf, setting->node, "duplicate \"log_format\" name \"%s\"",
                         setting->node->args[0]);
    format = http_log_format_read(setting->conf, setting->node);
    if (!format)
        return -EINVAL;
    format->next = settings->shared->formats;
    settings->shared->formats = format;
    return 0;
}

static void access_log_put_file(void *file)
{
    log_file_put(file);
}

/* The file of that name. NULL: no memory, noted in conf. */
static struct access_file *access_log_name_file(struct conf *conf, struct access_shared *shared,
                                                const char *name)
{
    const char *path = conf_full_name(conf, name, false);
    struct access_file *file = shared->files;

    if (!path)
        return NULL;
    while (file && strcmp(file->path, path) != 0)
        file = file->next;
    if (file)
        return file;
    file = pool_calloc(conf->pool, sizeof *file, "access log");
    if (!file) {
        (void)conf_fail_memory(conf);
        return NULL;
    }
    if (conf_note_path(conf, path, CONF_WRITE_FILES))
        return NULL;
    file->path = path;
    file->next = shared->files;
    shared->files = file;
    return file;
}

/* Files are opened last: a wrong configuration creates none, and its errors are reported first. */
static int access_log_open_files(struct http_build *build, const struct access_shared *shared)
{
    struct conf *conf = http_build_conf(build);

    for (struct access_file *file = shared->files; file; file = file->next) {
        int error, result;

        if (file->file)
            continue;
        file->file = log_file_get(file->path, &error);
        if (!file->file) {
            result = http_named_settle(conf, build->main);
            return result ? result : conf_fail_errno(conf, NULL, -error, "open() \"%s\" failed", file->path);
        }
        atomic_store_explicit(&file->file->gzip, file->gzip, memory_order_relaxed);
        if (!pool_cleanup_add(conf->pool, access_log_put_file, file->file)) {
            log_file_put(file->file);
            return conf_fail_memory(conf);
        }
    }
    return 0;
}

/* What follows the format: buffer=, flush=, if=. */
struct access_options {
    size_t buffer;
    int64_t flush_ms; /* FLUSH_ALONE: not given */
    int64_t gzip;
};

/* Each option is checked first, then their combination. */
static int access_log_read_options(const struct conf_setting *setting, struct access_log *log,
                                   struct access_options *options)
{
    const struct conf_node *node = setting->node;

    for (unsigned i = 2; i < node->arg_count; i++) {
        const char *text = node->args[i];

        if (!strncmp(text, "buffer=", 7)) {
            if (!conf_parse_size(text + 7, &options->buffer) || options->buffer == 0)
                return conf_fail(setting->conf, node, "invalid buffer size \"%s\"", text + 7);
        } else if (!strncmp(text, "flush=", 6)) {
            if (!conf_parse_msec(text + 6, &options->flush_ms) || options->flush_ms == 0)
                return conf_fail(setting->conf, node, "invalid flush time \"%s\"", text + 6);
        } else if (!strcmp(text, "gzip")) {
            options->gzip = 1;
        } else if (!strncmp(text, "gzip=", 5)) {
            if (!conf_parse_number(text + 5, &options->gzip) || options->gzip < 1 || options->gzip > 9)
                return conf_fail(setting->conf, node, "invalid compression level \"%s\"", text + 5);
        } else if (!strncmp(text, "if=", 3)) {
            int result = http_template_compile(setting->conf, node, text + 3, &log->condition);

            if (result)
                return result;
        } else {
            return conf_fail(setting->conf, node, "invalid parameter \"%s\"", text);
        }
    }
    if (options->gzip && options->buffer == 0)
        options->buffer = GZIP_BUFFER;
    if (options->buffer && !log->to)
        return conf_fail(setting->conf, node, "buffered logs cannot have variables in name");
    if (options->flush_ms != FLUSH_ALONE && options->buffer == 0)
        return conf_fail(setting->conf, node, "no buffer is defined for access_log \"%s\"", node->args[0]);
    return 0;
}

static int access_log_set_buffer(const struct conf_setting *setting, struct access_file *file,
                                 const struct access_options *options)
{
    int64_t flush_ms = options->flush_ms == FLUSH_ALONE ? 0 : options->flush_ms;

    if (options->buffer == 0)
        return 0;
    if (file->buffer &&
        (file->buffer != options->buffer || file->flush_ms != flush_ms || file->gzip != (int)options->gzip))
        return conf_fail(setting->conf, setting->node,
                         "access_log \"%s\" already defined with conflicting parameters", file->path);
    file->buffer = options->buffer;
    file->flush_ms = flush_ms;
    file->gzip = (int)options->gzip;
    return 0;
}

/* Adds to the logs of this level. NULL: no memory, noted in conf. */
static struct access_log *access_log_add(struct conf *conf, struct access_section *settings)
{
    struct access_log **end = &settings->logs;

    while (*end)
        end = &(*end)->next;
    *end = pool_calloc(conf->pool, sizeof **end, "access log");
    if (!*end)
        (void)conf_fail_memory(conf);
    return *end;
}

/* Files are named here and opened last of all (access_log_open_files). */
static int set_access_log(struct conf_setting *setting)
{
    struct access_section *settings = setting->section;
    const struct conf_node *node = setting->node;
    struct access_options options = {.flush_ms = FLUSH_ALONE};
    const char *path = node->args[0], *name = node->arg_count > 1 ? node->args[1] : "combined";
    struct access_file *file;
    struct access_log *log;
    int result;

    if (setting->first) {
        settings->logs = NULL;
        settings->off = false;
    }
    if (!strcmp(path, "off")) {
        settings->off = true;
        return node->arg_count > 1 ? conf_fail(setting->conf, node, "invalid parameter \"%s\"", name) : 0;
    }
    if (settings_is_other_log(path))
        return conf_fail(setting->conf, node, "\"%s\" is not supported: access_log takes the name of a file",
                         path);
    log = access_log_add(setting->conf, settings);
    if (!log)
        return -ENOMEM;
    log->format = access_log_find_format(settings->shared, name);
    if (!log->format)
        return conf_fail(setting->conf, node, "unknown log format \"%s\"", name);
    if (strchr(path, '$')) {
        result = http_log_path_read(setting->conf, node, path, &log->path);
        return result ? result : access_log_read_options(setting, log, &options);
    }
    log->to = file = access_log_name_file(setting->conf, settings->shared, path);
    if (!file)
        return -EINVAL;
    result = access_log_read_options(setting, log, &options);
    return result ? result : access_log_set_buffer(setting, file, &options);
}

static int access_log_add_default(struct conf *conf, struct access_section *settings)
{
    struct access_log *log = access_log_add(conf, settings);

    if (!log)
        return -ENOMEM;
    log->format = access_log_find_format(settings->shared, "combined");
    log->to = access_log_name_file(conf, settings->shared, "logs/access.log");
    return log->to ? 0 : -ENOMEM;
}

static int access_log_finish(struct http_build *build, struct http_location *location, void *section)
{
    struct access_section *settings = section;
    int result = 0;

    if (!settings->off && !settings->logs)
        result = access_log_add_default(http_build_conf(build), settings);
    if (!result && !settings->off)
        result = http_add_log_step(build, access_log_run, settings);
    /* The server's own level is finished after all its locations. */
    if (!result && location->kind == HTTP_LOCATION_SERVER)
        result = access_log_open_files(build, settings->shared);
    return result;
}

static const struct conf_directive directives[] = {
    {"log_format", CONF_HTTP, .args = {2, CONF_ARGS_ANY}, .flags = CONF_REPEAT,
     .preset = "combined '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
               "\"$http_referer\" \"$http_user_agent\"'",
     .set = set_log_format,
     "`log_format NAME [escape=default | json | none] TEXT …;` What a line looks like: a text with "
     "variables. `default`: quotes, backslashes and what is not printable ASCII are written `\\xXX`, a "
     "missing value `-`. `json`: as in a JSON string, with control characters and invalid UTF-8 as "
     "`\\u00XX`; missing values are empty. `none`: nothing is escaped, not even line ends and terminal "
     "codes: only for values that no client can set."},
    {"access_log", CONF_HTTP | CONF_SERVER | CONF_LOCATION | CONF_IF | CONF_LIMIT_EXCEPT,
     .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .preset = "logs/access.log combined",
     .set = set_access_log,
     "`access_log FILE [FORMAT] [buffer=SIZE] [gzip[=LEVEL]] [flush=TIME] [if=$VARIABLE];` or `access_log "
     "off;` A log of requests; the file's name may have variables. `buffer` collects lines until it is full, "
     "`flush` limits how long, `gzip` compresses each buffer (64k), `if` skips requests for which the "
     "variable is empty or 0. Without `buffer` a line is written when its request ends; while there are many "
     "requests it may wait a millisecond. A level that has any inherits none."},
    {"open_log_file_cache", CONF_HTTP | CONF_SERVER | CONF_LOCATION, .args = {1, 4},
     .offset = offsetof(struct access_section, cache), .preset = "off", .set = http_set_log_cache,
     "`open_log_file_cache max=NUMBER [inactive=TIME] [min_uses=NUMBER] [valid=TIME];` or "
     "`open_log_file_cache off;` Keeps logs open whose names have variables, for all workers, if they are "
     "written to `min_uses` (1) times within `inactive` (10s). After `valid` (60s) the name of a file is "
     "checked again."},
};

const struct http_module http_access_log_module = {
    .conf = {"access_log", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct access_section),
    .defaults = access_log_defaults,
    .finish = access_log_finish,
};
