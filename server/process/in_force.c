/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings that concern the process itself. */
#include "server/process/in_force.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "pool/pool.h"
#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/process/notify.h"
#include "server/process/process.h"
#include "server/process/sandbox.h"

static void set_nofile(const struct in_force *in_force, const struct settings *settings)
{
    uint64_t wanted = in_force->nofile;
    int error;

    if (settings->worker_rlimit_nofile > 0)
        wanted = (uint64_t)settings->worker_rlimit_nofile;
    if (!wanted || process_nofile() == wanted)
        return;
    error = process_set_nofile(wanted);
    if (error)
        log_write(settings->log, LOG_LEVEL_WARN, error, "the limit of %llu open files could not be set",
                  (unsigned long long)wanted);
}

/* As nginx: root's workers run as nobody unless told otherwise. */
static const char *name_of(const char *user)
{
    return user ? user : "nobody";
}

static int find_user(struct in_force *in_force, const struct settings *settings, struct conf *conf)
{
    const char *user = name_of(settings->user), *missing = user;

    in_force->uid = (uid_t)-1;
    in_force->gid = (gid_t)-1;
    if (!in_force->root ||
        !process_find_user(user, settings->group, &in_force->uid, &in_force->gid, &missing))
        return 0;
    return conf_fail(conf, NULL, "user or group \"%s\" was not found", missing);
}

int in_force_start(struct in_force *in_force, const struct settings *settings, struct conf *conf)
{
    in_force->nofile = process_nofile();
    in_force->daemon = settings->daemon;
    in_force->supervise = settings->supervise;
    in_force->sandbox = settings->sandbox;
    in_force->root = geteuid() == 0;
    (void)snprintf(in_force->user, sizeof in_force->user, "%s", name_of(settings->user));
    (void)snprintf(in_force->group, sizeof in_force->group, "%s", settings->group ? settings->group : "");
    set_nofile(in_force, settings);
    process_read_container();
    return find_user(in_force, settings, conf);
}

int in_force_drop_privileges(const struct in_force *in_force, const struct settings *settings,
                             const struct sandbox_paths *paths)
{
    const char *group = *in_force->group ? in_force->group : NULL;
    int error = 0;

    if (in_force->sandbox)
        sandbox_prepare();
    if (in_force->root)
        log_file_chown_all(in_force->uid, in_force->gid);
    if (!in_force->root)
        error = process_drop_privileges(settings->user, settings->group, settings->log);
    else if (in_force->uid)
        error = process_drop_privileges(in_force->user, group, settings->log);
    if (!error && in_force->sandbox) {
        notify_connect();
        sandbox_enter(paths, settings->log);
    }
    return error;
}

void in_force_as_user(const struct in_force *in_force)
{
    int error = 0;

    if (in_force->root && in_force->uid)
        error = process_act_as(in_force->user, in_force->uid, in_force->gid);
    if (error)
        log_write(log_thread(), LOG_LEVEL_ALERT, error, "the supervisor could not act as user \"%s\"",
                  in_force->user);
}

void in_force_as_root(const struct in_force *in_force)
{
    if (in_force->root && in_force->uid && process_act_as_before())
        log_write(log_thread(), LOG_LEVEL_ALERT, errno, "the supervisor could not become root again");
}

void in_force_leave_terminal(const struct settings *settings)
{
    log_set_stderr_copy(false);
    for (const struct log *log = settings->log; log; log = log->next)
        if (log->target && log->target->fd == STDERR_FILENO)
            return;
    if (settings->daemon && process_close_stderr())
        log_write(settings->log, LOG_LEVEL_WARN, 0, "stderr could not be closed");
}

int in_force_open(const struct in_force *in_force, const struct settings *settings, struct pid_file *moved)
{
    const char *now = in_force->pid.fd >= 0 ? in_force->pid.path : NULL;

    if (!settings->pid || (now && !strcmp(now, settings->pid)))
        return 0;
    return pid_file_open(moved, settings->pid);
}

static bool same_file(const struct pid_file *a, const struct pid_file *b)
{
    struct stat one, other;

    return a->fd >= 0 && b->fd >= 0 && !fstat(a->fd, &one) && !fstat(b->fd, &other) &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void in_force_move_pid(struct in_force *in_force, const struct settings *settings, struct pid_file *moved)
{
    int error;

    if (moved->fd >= 0 && same_file(&in_force->pid, moved)) {
        close(moved->fd); /* another name for the same file: it stays */
        return;
    }
    error = pid_file_write(moved, getpid());
    if (error) {
        log_write(settings->log, LOG_LEVEL_ALERT, error,
                  "write() to \"%s\" failed, the pid file stays \"%s\"", moved->path, in_force->pid.path);
        return;
    }
    if (moved->fd < 0 && settings->pid)
        return; /* it did not move */
    pid_file_end(&in_force->pid, getpid(), settings->log);
    in_force->pid = *moved;
}

static void say_stays(const struct settings *settings, bool differs, const char *name)
{
    if (differs)
        log_write(settings->log, LOG_LEVEL_WARN, 0,
                  "\"%s\" is read at start only: it stays as it is until a restart", name);
}

void in_force_change(struct in_force *in_force, const struct settings *settings, struct pid_file *moved)
{
    bool other_user =
        strncmp(in_force->user, name_of(settings->user), sizeof in_force->user - 1) != 0 ||
        strncmp(in_force->group, settings->group ? settings->group : "", sizeof in_force->group - 1) != 0;

    in_force_move_pid(in_force, settings, moved);
    set_nofile(in_force, settings);
    process_read_container();
    say_stays(settings, in_force->root && other_user, "user");
    say_stays(settings, in_force->daemon != settings->daemon, "daemon");
    say_stays(settings, in_force->supervise != settings->supervise, "supervise");
    say_stays(settings, in_force->sandbox != settings->sandbox, "sandbox");
    say_stays(settings, settings->pool_mode != (int)pool_mode(), "pool_mode");
}
