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

bool settings_is_other_log(const char *name)
{
    return !strncmp(name, "syslog:", 7) || !strncmp(name, "memory:", 7);
}

/* A link of a log chain to `path`, which lives as long as the configuration. `what` asked for it: the
 * directive or the option. */
static int open_log(struct conf *conf, const struct conf_node *node, const char *what, const char *path,
                    enum log_level level, struct log **log)
{
    struct log_file *file;
    int error;

    if (settings_is_other_log(path))
        return conf_fail(conf, node, "\"%s\" is not supported: %s takes the name of a file, or stderr", path,
                         what);
    if (strcmp(path, "stderr")) {
        path = conf_full_name(conf, path, false);
        if (!path || conf_note_path(conf, path, CONF_WRITE_FILES))
            return -ENOMEM;
    }
    *log = pool_calloc(conf->pool, sizeof **log, "log");
    if (!*log)
        return conf_fail_memory(conf);
    file = log_file_get(path, &error);
    if (!file)
        return conf_fail_errno(conf, node, -error, "open() \"%s\" failed", path);
    if (!pool_cleanup_add(conf->pool, put_file, file)) {
        log_file_put(file);
        return conf_fail_memory(conf);
    }
    (*log)->level = level;
    (*log)->target = &file->to;
    return 0;
}

int settings_set_error_log(struct conf_setting *setting)
{
    const struct log **end = conf_setting_field(setting);
    const struct conf_node *node = setting->node;
    enum log_level level = LOG_LEVEL_ERROR;
    struct log *log = NULL, *last;
    int result;

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
    result = open_log(setting->conf, node, "error_log", node->args[0], level, &log);
    if (result || !log)
        return result;
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
    {"daemon", CONF_MAIN, .offset = FIELD(daemon), .preset = "on", .set = conf_set_flag,
     "Whether it runs in the background. Read at start only."},
    {"supervise", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(supervise), .preset = "on",
     .set = conf_set_flag,
     "Whether the first process is a supervisor, which starts the server as its child, and anew when it "
     "dies. "
     "Off where somebody else does that. Read at start only."},
    {"master_process", CONF_MAIN, .offset = FIELD(supervise), .preset = "on", .set = conf_set_flag,
     "The same by nginx's name."},
    {"sandbox", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(sandbox), .preset = "off",
     .set = conf_set_flag,
     "Whether the server gives up what it has no use for: files that the configuration does not name, "
     "connections to others by TCP (UDP and unix sockets by path stay), all capabilities but "
     "CAP_NET_BIND_SERVICE, new privileges, and system calls such as execve, fork, ptrace, mount. Read at "
     "start only."},
    {"pid", CONF_MAIN, .offset = FIELD(pid), .preset = "logs/tidepool.pid", .set = set_pid,
     "`pid PATH | off;` The file that the process number is written to; `off` (ours): none. A reload moves "
     "it."},
    {"user", CONF_MAIN, .args = {1, 2}, .preset = "nobody", .set = set_user,
     "`user USER [GROUP];` User and group of the server when started as root; without a group the user's "
     "own. Read at start only."},
    {"worker_processes", CONF_MAIN, .offset = FIELD(worker_processes), .extra = &at_least_one, .preset = "1",
     .set = set_workers,
     "`worker_processes NUMBER | auto;` Worker threads; `auto`: as many as the CPUs usable here (affinity "
     "and cgroup quota)."},
    {"worker_rlimit_nofile", CONF_MAIN, .offset = FIELD(worker_rlimit_nofile), .extra = &at_least_one,
     .set = conf_set_number, "The limit of open files (RLIMIT_NOFILE); a reload sets it anew."},
    {"worker_shutdown_timeout", CONF_MAIN, .offset = FIELD(worker_shutdown_timeout), .preset = "0",
     .set = conf_set_msec,
     "How long a graceful shutdown, or connections under an old configuration, may take before they are cut; "
     "0: no limit."},
    {"pool_mode", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(pool_mode), .extra = pool_modes,
     .preset = "normal", .set = conf_set_enum,
     "How pools treat memory: `poison` fills it when it is taken and given back, `passthrough` makes every "
     "allocation one of the system's. Read at start only."},
    {"memory_budget", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(memory_budget), .preset = "0",
     .set = conf_set_size,
     "Bytes that the process may hold in all; 0: no limit. Above it new requests get 503 with Retry-After, "
     "and idle connections are closed, longest idle first."},
    {"view_reserve", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(view_reserve), .preset = "256k",
     .set = conf_set_size,
     "Bytes above memory_budget and worker_memory_budget, kept for `control`, pool_view, metrics and "
     "stub_status: they still answer when everything else is refused. 0: none."},
    {"worker_memory_budget", CONF_MAIN, .flags = CONF_OURS, .offset = FIELD(worker_memory_budget),
     .preset = "0", .set = conf_set_size,
     "Bytes that the pools of one worker may hold; 0: no limit. Above it the worker does what memory_budget "
     "says. No effect if pool_mode is passthrough."},
    {"error_log", CONF_MAIN, .args = {1, 2}, .flags = CONF_REPEAT, .offset = FIELD(log),
     .preset = "logs/error.log error", .set = settings_set_error_log,
     "`error_log FILE | stderr [LEVEL];` Where errors are logged, and from which level on: `debug`, `info`, "
     "`notice`, `warn`, `error`, `crit`, `alert` or `emerg`."},
    {"events", CONF_MAIN, .flags = CONF_NO_ARGS | CONF_BLOCK, .set = set_events,
     "Settings of the event loops."},
    {"worker_connections", CONF_EVENTS, .offset = FIELD(worker_connections), .extra = &at_least_one,
     .preset = "512", .set = conf_set_number,
     "How many connections a worker may hold. When one more arrives, those that have been idle or silent for "
     "longest are closed."},
    {"use", CONF_EVENTS, .extra = &use, .set = conf_set_ignored,
     "`use METHOD;` Accepted for nginx's sake: the loop is always epoll."},
    {"multi_accept", CONF_EVENTS, .extra = &multi_accept, .set = conf_set_ignored},
};

const struct conf_module settings_module = {"core", directives, sizeof directives / sizeof *directives};

int settings_init(struct conf *conf, struct settings *settings)
{
    *settings = (struct settings){.pid = "", .worker_processes = 1, .worker_rlimit_nofile = -1};
    return conf_set_presets(conf, &settings_module, settings);
}

int settings_finish(struct conf *conf, struct settings *settings, const char *path)
{
    struct log *log = NULL;
    int result;

    if (settings->pid && !*settings->pid) {
        settings->pid = conf_full_name(conf, "logs/tidepool.pid", false);
        if (!settings->pid)
            return -ENOMEM;
    }
    if (settings->pid && conf_note_path(conf, settings->pid, CONF_PID_FILE))
        return -ENOMEM;
    if (settings->log)
        return 0;
    result = open_log(conf, NULL, "-e", path ? path : "logs/error.log", LOG_LEVEL_ERROR, &log);
    settings->log = log;
    return result;
}
