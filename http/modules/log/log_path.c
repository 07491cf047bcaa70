/* SPDX-License-Identifier: BSD-2-Clause */
/* Files whose names have variables: opened for each line, or kept by a cache. */
#include "http/modules/log/log_path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/units.h"
#include "http/connection.h"
#include "server/generation.h"
#include "server/log/log.h"
#include "server/log/log_sink.h"
#include "server/log/open_logs.h"
#include "server/worker.h"

struct http_log_cache {
    struct open_logs_limits limits;
    struct open_logs *logs;
};

static void log_path_destroy(void *data)
{
    struct http_log_cache *cache = data;

    if (cache->logs)
        open_logs_destroy(cache->logs);
}

void http_log_path_write(struct http_request *request, const struct http_template *path,
                         struct http_log_cache *cache, const char *bytes, size_t length)
{
    struct http_text name;
    struct open_log *log;
    int result;

    if (!http_template_write(path, request, &name))
        return;
    result = open_logs_get(request->connection->base.worker->shared->sgi, cache ? cache->logs : NULL,
                           name.bytes, (int64_t)(http_steady_now(request) * 1000.), &log);
    if (result) {
        http_log(request, LOG_LEVEL_CRIT, -result, "open() \"%s\" failed", name.bytes);
        return;
    }
    if (log_sink_write(log->sink, log->fd, bytes, length, true, &result) < length)
        http_log(request, LOG_LEVEL_ALERT, result, "write() to \"%s\" failed", name.bytes);
    open_log_put(log);
}

int http_log_path_read(struct conf *conf, const struct conf_node *node, const char *text,
                       struct http_template *path)
{
    const char *full = conf_full_name(conf, text, false);

    if (!full || conf_note_path(conf, full, CONF_WRITE_FILES))
        return -ENOMEM;
    return http_template_compile(conf, node, full, path);
}

static int log_path_read_option(const struct conf_setting *setting, const char *text,
                                struct open_logs_limits *limits)
{
    bool right;

    if (!strncmp(text, "max=", 4))
        right = conf_parse_number(text + 4, &limits->max) && limits->max > 0;
    else if (!strncmp(text, "inactive=", 9))
        right = conf_parse_msec(text + 9, &limits->inactive_ms);
    else if (!strncmp(text, "min_uses=", 9))
        right = conf_parse_number(text + 9, &limits->min_uses) && limits->min_uses > 0;
    else if (!strncmp(text, "valid=", 6))
        right = conf_parse_msec(text + 6, &limits->valid_ms);
    else
        right = false;
    return right ? 0 : conf_fail(setting->conf, setting->node, "invalid parameter \"%s\"", text);
}

int http_set_log_cache(struct conf_setting *setting)
{
    struct http_log_cache **field = conf_setting_field(setting);
    const struct conf_node *node = setting->node;
    struct http_log_cache *cache;
    int result = 0;

    *field = NULL;
    if (!strcmp(node->args[0], "off") && node->arg_count == 1)
        return 0;
    cache = pool_calloc(setting->conf->pool, sizeof *cache, "open_log_file_cache");
    if (!cache || !pool_cleanup_add(setting->conf->pool, log_path_destroy, cache))
        return conf_fail_memory(setting->conf);
    cache->limits = (struct open_logs_limits){.min_uses = 1, .inactive_ms = 10 * 1000, .valid_ms = 60 * 1000};
    for (unsigned i = 0; i < node->arg_count && !result; i++)
        result = log_path_read_option(setting, node->args[i], &cache->limits);
    if (result)
        return result;
    if (!cache->limits.max)
        return conf_fail(setting->conf, node, "\"%s\" must have \"max\" parameter", node->name);
    cache->logs = open_logs_create(generation_of(setting->conf)->sgi, &cache->limits);
    if (!cache->logs)
        return conf_fail_memory(setting->conf);
    *field = cache;
    return 0;
}
