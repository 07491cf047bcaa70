/* SPDX-License-Identifier: BSD-2-Clause */
/* The start, up to where a server process begins; generations as the main thread holds them. */
#include "server/master/kept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/holds.h"
#include "server/log/log.h"
#include "server/master/handed.h"
#include "server/process/notify.h"
#include "server/process/process.h"
#include "server/process/sandbox_paths.h"
#include "server/socket_path.h"
#include "server/sockets.h"
#include "server/supervised.h"

void kept_adopt(struct kept *kept, struct generation *generation)
{
    holds_take(generation, NULL, GENERATION_IN_SERVICE);
    generation->number = ++kept->loaded;
    generation->next = kept->generations;
    kept->generations = generation;
    kept->current = generation;
}

void kept_replace(struct kept *kept, struct generation *generation)
{
    struct generation *old = kept->current;

    kept_adopt(kept, generation);
    log_thread_set(kept_log(kept));
    if (generation_put(old, NULL, GENERATION_IN_SERVICE))
        kept_sweep(kept);
}

void kept_sweep(struct kept *kept)
{
    struct generation **link = &kept->generations;

    while (*link) {
        struct generation *generation = *link;

        if (atomic_load(&generation->references)) {
            link = &generation->next;
            continue;
        }
        *link = generation->next;
        generation_destroy(generation);
    }
}

unsigned kept_workers(const struct generation *generation)
{
    return generation->settings.worker_processes ? (unsigned)generation->settings.worker_processes
                                                 : process_cpus();
}

int kept_prepare(struct kept *kept)
{
    const struct settings *settings = &kept->current->settings;
    struct conf *conf = &kept->current->conf;
    pid_t from = handed_take(&kept->sockets, settings->log);
    int result = in_force_start(&kept->in_force, settings, conf);

    if (from && getppid() == from) {
        kept->old = from;
        socket_paths_share(true);
        notify_be_silent(true);
    }
    if (!from)
        handed_take_systemd(&kept->sockets, settings->log);
    handed_say_unused(kept->sockets, kept->current);
    if (!result)
        result = sockets_open(&kept->sockets, kept->current, kept_workers(kept->current));
    if (result)
        return result;
    sockets_keep_needed(&kept->sockets, kept->current);
    if (settings->daemon && !from && (result = process_daemonise()))
        return conf_fail_errno(conf, NULL, -result, "the process could not become a daemon");
    if (settings->pid && (result = pid_file_open(&kept->in_force.pid, settings->pid)))
        return conf_fail_errno(conf, NULL, -result, "open() \"%s\" failed", settings->pid);
    return 0;
}

bool kept_old_gone(struct kept *kept, bool serves)
{
    if (!kept->old || supervised() || getppid() == kept->old)
        return false;
    kept->old = 0;
    socket_paths_share(false);
    notify_be_silent(false);
    if (serves)
        supervised_tell_manager(SUPERVISED_SERVES);
    return true;
}

int kept_take_over(struct kept *kept)
{
    struct pid_file none = PID_FILE_NONE;

    if (kept->in_force.pid.fd >= 0)
        close(kept->in_force.pid.fd);
    kept->in_force.pid = none;
    sockets_inherit(kept->sockets);
    in_force_change(&kept->in_force, &kept->current->settings, &none);
    return sockets_open(&kept->sockets, kept->current, kept_workers(kept->current));
}

int kept_allow(struct kept *kept)
{
    sandbox_paths_destroy(kept->paths);
    kept->paths =
        kept->in_force.sandbox ? sandbox_paths_create(&kept->current->conf, kept->in_force.supervise) : NULL;
    return kept->in_force.sandbox && !kept->paths ? -ENOMEM : 0;
}

int kept_allows(const struct kept *kept, struct generation *generation)
{
    return kept->paths ? sandbox_paths_cover(kept->paths, &generation->conf, kept->in_force.supervise) : 0;
}

void kept_say_refused(const struct kept *kept, char *error)
{
    char denied[16];
    const char *line;
    bool sandbox;

    snprintf(denied, sizeof denied, "(%d: ", EACCES); /* what a sandbox answers */
    sandbox = kept->paths && strstr(error, denied);
    while ((line = strsep(&error, "\n")))
        log_write(kept_log(kept), LOG_LEVEL_EMERG, 0, "%s", line);
    if (sandbox)
        log_write(kept_log(kept), LOG_LEVEL_NOTICE, 0,
                  "the sandbox leaves within reach what was configured at the start: for more, restart");
}

void kept_end(struct kept *kept)
{
    sandbox_paths_destroy(kept->paths);
    sandbox_paths_destroy(kept->paths_before);
    kept->paths = kept->paths_before = NULL;
    pid_file_end(&kept->in_force.pid, getpid(), kept_log(kept));
    log_thread_set(NULL);
    if (generation_put(kept->current, NULL, GENERATION_IN_SERVICE))
        kept_sweep(kept);
}
