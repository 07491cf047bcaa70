/* SPDX-License-Identifier: BSD-2-Clause */
/* The new binary is started, and its end is noticed. */
#include "server/master/upgrade.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/log/log_sink.h"
#include "server/master/handed.h"
#include "server/master/kept.h"
#include "server/sockets.h"

enum { LIST_MAX = 64 * 1024 }; /* of the descriptors: those of 256 workers at 32 addresses, and more */

/* A duplicate of itself stays open in the new process. A daemon's stderr is /dev/null: what the new one says
 * before it has a log goes to ours. */
static int pass_on(posix_spawn_file_actions_t *actions, const struct kept *kept)
{
    const struct settings *settings = &kept->current->settings;
    int error = 0;

    for (const struct socket_set *set = kept->sockets; set; set = set->next)
        for (unsigned i = 0; i < set->count && !error; i++)
            error = posix_spawn_file_actions_adddup2(actions, set->fds[i], set->fds[i]);
    if (!error && kept->in_force.daemon && settings->log->target && settings->log->target->fd >= 0)
        error = posix_spawn_file_actions_adddup2(actions, settings->log->target->fd, STDERR_FILENO);
    return error;
}

/* An errno. `argv`: ours; a name without a slash is looked for in PATH, as it was for us. */
static int spawn(const struct kept *kept, char *const *argv, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error = posix_spawn_file_actions_init(&actions);

    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        sigemptyset(&none); /* ours are blocked */
        error = posix_spawnattr_setsigmask(&attributes, &none);
        if (!error)
            error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (!error)
            error = pass_on(&actions, kept);
        if (!error)
            error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void take_back(struct kept *kept)
{
    int error = pid_file_take_back(&kept->in_force.pid);

    if (error)
        log_write(kept_log(kept), LOG_LEVEL_ALERT, error,
                  "the pid file \"%s\" could not be taken back: rename() failed", kept->in_force.pid.path);
}

pid_t upgrade_start(struct kept *kept)
{
    static char list[LIST_MAX];
    char *const *argv = kept->source->options->argv;
    pid_t pid = 0;
    int error;

    if (!handed_write(kept->sockets, list, sizeof list) || setenv(HANDED_VARIABLE, list, 1)) {
        log_write(kept_log(kept), LOG_LEVEL_ALERT, 0,
                  "the new binary is not started: there is no room for the list of sockets");
        return 0;
    }
    error = pid_file_put_aside(&kept->in_force.pid);
    if (error) {
        log_write(kept_log(kept), LOG_LEVEL_ALERT, error,
                  "the new binary is not started: rename() of the pid file \"%s\" failed",
                  kept->in_force.pid.path);
    } else if ((error = spawn(kept, argv, &pid))) {
        pid = 0;
        take_back(kept);
        log_write(kept_log(kept), LOG_LEVEL_ALERT | LOG_KEPT, error,
                  "the new binary \"%s\" could not be executed, the old one goes on", argv[0]);
    } else {
        log_write(kept_log(kept), LOG_LEVEL_NOTICE | LOG_KEPT, 0, "the new binary is started, process %d",
                  (int)pid);
    }
    unsetenv(HANDED_VARIABLE);
    return pid;
}

bool upgrade_ended(struct kept *kept, pid_t pid)
{
    int status, number;

    if (!pid || waitpid(pid, &status, WNOHANG) != pid)
        return false;
    take_back(kept);
    number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    log_write(kept_log(kept), (number ? LOG_LEVEL_ALERT : LOG_LEVEL_NOTICE) | LOG_KEPT, 0,
              "the new binary, process %d, exited %s %d, the old one goes on", (int)pid,
              WIFSIGNALED(status) ? "on signal" : "with status", number);
    return true;
}
