/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives of the main and events contexts. */
#include "server/process/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/set.h"
#include "pool/pool.h"
#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/process/process.h"

#define FIELD(name) offsetof(struct settings, name)

static const struct conf_enum pool_modes[] = {
    {"normal", POOL_NORMAL}, {"poison", POOL_POISON}, {"passthrough", POOL_PASSTHROUGH}, {NULL, 0}};
static const struct conf_enum levels[] = {
    {"emerg", LOG_LEVEL_EMERG}, {"alert", LOG_LEVEL_ALERT}, {"crit", LOG_LEVEL_CRIT},
    {"error", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARN},   {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG}, {NULL, 0}};
static const struct conf_range at_least_one = {1, -1};
static const struct conf_ignored use = {NULL, "epoll", "the loop is always epoll"};
static const struct conf_ignored multi_accept = {conf_set_flag, "on", "a wake-up always accepts a burst"};

static int set_workers(struct conf_setting *setting)
{
    struct settings *settings = setting->section;

    if (strcmp(setting->node->args[0], "auto"))
        return conf_set_number(setting);
    settings->worker_processes = 0;
    return 0;
}

static int set_user(struct conf_setting *setting)
{
    struct settings *settings = setting->section;
    const char *missing = NULL;
    uid_t uid;
    gid_t gid;

    settings->user = setting->node->args[0];
    settings->group = setting->node->arg_count > 1 ? setting->node->args[1] : NULL;
    if (geteuid() == 0 && process_find_user(settings->user, settings->group, &uid, &gid, &missing))
        return conf_fail(setting->conf, setting->node, "%s(\"%s\") failed",
                         missing && missing == settings->group ? "getgrnam" : "getpwnam",
                         missing ? missing : settings->user);
    return 0;
}

static int set_pid(struct conf_setting *setting)
{
    struct settings *settings = setting->section;

    if (!strcmp(setting->node->args[0], "off")) {
        settings->pid = NULL;
        return 0;
    }
    return conf_set_path(setting);
}

static int set_events(struct conf_setting *setting)
{
    return conf_apply_children(setting, CONF_EVENTS, setting->scope);
}

static void put_file(void *file)
{
    log_file_put(file);
}

/* A link of a log chain to `path`, which lives as long as the pool. NULL: *error says why. */
static struct log *open_log(struct pool *pool, const char *path, enum log_level level, int *error)
{
    struct log *log = pool_calloc(pool, sizeof *log, "log");
    struct log_file *file;

    *error = -ENOMEM;
    if (!log)
        return NULL;
    file = log_file_get(path, error);
    if (!file)
        return NULL;
    if (!pool_cleanup_add(pool, put_file, file)) {
        log_file_put(file);
        *error = -ENOMEM;
        return NULL;
    }
    log->level = level;
    log->target = &file->to;
    return log;
}

bool settings_is_other_log(const char *name)
{
    return !strncmp(name, "syslog:", 7) || !strncmp(name, "memory:", 7);
}

int settings_set_error_log(struct conf_setting *setting)
{
    const struct log **end = (const struct log **)((char *)setting->section + setting->directive->offset);
    const struct conf_node *node = setting->node;
    const char *path = node->args[0];
    enum log_level level = LOG_LEVEL_ERROR;
    struct log *log, *last;
    int error;

    if (node->arg_count > 1) {
        const struct conf_enum *known = levels;

        while (known->name && strcmp(known->name, node->args[1]))
            known++;
        if (!known->name)
            return conf_setting_invalid(
                setting, node->args[1],
                "a log level: debug, info, notice, warn, error, crit, alert or emerg");
        level = (enum log_level)known->value;
    }
    if (settings_is_other_log(path))
        return conf_fail(setting->conf, node,
                         "\"%s\" is not supported: error_log takes the name of a file, or stderr", path);
    if (strcmp(path, "stderr")) {
        path = conf_full_name(setting->conf, path, false);
        if (!path)
            return -ENOMEM;
    }
    log = open_log(setting->conf->pool, path, level, &error);
    if (!log)
        return conf_fail_errno(setting->conf, node, -error, "open() \"%s\" failed", path);
    if (setting->first) {
        *end = log;
        return 0;
    }
    /* Links of this level were made by this function, so they may be written to. */
    last = (struct log *)(uintptr_t)*end;
    while (last->next)
        last = (struct log *)(uintptr_t)last->next;
    last->next = log;
    return 0;
}

static const struct conf_directive directives[] = {
    {"daemon", CONF_MAIN, 1, 1, 0, conf_set_flag, FIELD(daemon), NULL, "on",
     "Run in the background. Read at start only."},
    {"pid", CONF_MAIN, 1, 1, 0, set_pid, FIELD(pid), NULL, "logs/tidepool.pid",
     "`pid PATH | off;` Where the process number is written; `off` (ours): nowhere. A reload moves it."},
    {"user", CONF_MAIN, 1, 2, 0, set_user, 0, NULL, "nobody",
     "`user USER [GROUP];` User and group of the server when started as root; without a group the "
     "user's own. Read at start only."},
    {"worker_processes", CONF_MAIN, 1, 1, 0, set_workers, FIELD(worker_processes), &at_least_one, "1",
     "`worker_processes NUMBER | auto;` Worker threads; `auto`: as many as the CPUs usable here "
     "(affinity and cgroup quota)."},
    {"worker_rlimit_nofile", CONF_MAIN, 1, 1, 0, conf_set_number, FIELD(worker_rlimit_nofile), &at_least_one,
     NULL, "Limit of open files (RLIMIT_NOFILE); a reload sets it again."},
    {"worker_shutdown_timeout", CONF_MAIN, 1, 1, 0, conf_set_msec, FIELD(worker_shutdown_timeout), NULL, "0",
     "After this time a graceful shutdown, or what is left of an old configuration, is cut; 0: never."},
    {"pool_mode", CONF_MAIN, 1, 1, CONF_OURS, conf_set_enum, FIELD(pool_mode), pool_modes, "normal",
     "How pools behave: `poison` fills what is taken and given back, `passthrough` makes every "
     "allocation one of the system's. Read at start only."},
    {"memory_budget", CONF_MAIN, 1, 1, CONF_OURS, conf_set_size, FIELD(memory_budget), NULL, "0",
     "Bytes that the process may hold altogether; 0: no limit. Above it new requests get 503 with "
     "Retry-After, idle connections are closed, longest idle first."},
    {"view_reserve", CONF_MAIN, 1, 1, CONF_OURS, conf_set_size, FIELD(view_reserve), NULL, "256k",
     "Bytes above memory_budget and worker_memory_budget, kept for `control`, pool_view, metrics and "
     "stub_status: they answer when all else is refused. 0: none."},
    {"worker_memory_budget", CONF_MAIN, 1, 1, CONF_OURS, conf_set_size, FIELD(worker_memory_budget), NULL,
     "0",
     "Bytes that the pools of one worker may hold; 0: no limit. Above it as with memory_budget, in that "
     "worker. Without effect where pool_mode is passthrough."},
    {"error_log", CONF_MAIN, 1, 2, CONF_REPEAT, settings_set_error_log, FIELD(log), NULL,
     "logs/error.log error",
     "`error_log FILE | stderr [LEVEL];` Where trouble is told, and from which level on: `debug`, "
     "`info`, `notice`, `warn`, `error`, `crit`, `alert` or `emerg`."},
    {"events", CONF_MAIN, 0, 0, CONF_BLOCK, set_events, 0, NULL, NULL, "Settings of the event loops."},
    {"worker_connections", CONF_EVENTS, 1, 1, 0, conf_set_number, FIELD(worker_connections), &at_least_one,
     "512",
     "Connections that a worker may hold. When one more comes, those that have been idle or silent for "
     "longest are closed."},
    {"use", CONF_EVENTS, 1, 1, 0, conf_set_ignored, 0, &use, NULL,
     "`use METHOD;` Accepted for nginx's sake: the loop is always epoll."},
    {"multi_accept", CONF_EVENTS, 1, 1, 0, conf_set_ignored, 0, &multi_accept, NULL,
     "`multi_accept on | off;` Accepted for nginx's sake: a wake-up always accepts a burst."},
};

const struct conf_module settings_module = {"core", directives, sizeof directives / sizeof *directives};

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->daemon = true;
    settings->pid = "";
    settings->worker_processes = 1;
    settings->worker_rlimit_nofile = -1;
    settings->pool_mode = POOL_NORMAL;
    settings->view_reserve = 256 * 1024;
    settings->worker_connections = 512;
}

int settings_finish(struct conf *conf, struct settings *settings, const char *path)
{
    int error;

    if (settings->pid && !*settings->pid) {
        settings->pid = conf_full_name(conf, "logs/tidepool.pid", false);
        if (!settings->pid)
            return -ENOMEM;
    }
    if (settings->log)
        return 0;
    if (!path)
        path = "logs/error.log";
    if (settings_is_other_log(path))
        return conf_fail(conf, NULL, "\"%s\" is not supported: -e takes the name of a file, or stderr", path);
    if (strcmp(path, "stderr")) {
        path = conf_full_name(conf, path, false);
        if (!path)
            return -ENOMEM;
    }
    settings->log = open_log(conf->pool, path, LOG_LEVEL_ERROR, &error);
    return settings->log ? 0 : conf_fail_errno(conf, NULL, -error, "open() \"%s\" failed", path);
}
