/* SPDX-License-Identifier: BSD-2-Clause */
/* Another server process, for a configuration that does not fit into a sandbox. */
#include "server/master/renewal.h"

#include <signal.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/master/kept.h"
#include "server/master/reload.h"
#include "server/master/supervision.h"
#include "server/process/sandbox_paths.h"
#include "server/supervised.h"

/* For its metrics: the server process has no part in a reload by another one. */
static void tell_verdict(const struct supervisor *supervisor, enum supervised_kind kind)
{
    child_tell(&supervisor->server, &(struct supervised_message){.kind = kind}, supervisor_log(supervisor));
}

bool renewal_begin(struct supervisor *supervisor)
{
    if (supervisor->leaving.pid) {
        log_write(supervisor_log(supervisor), LOG_LEVEL_EMERG, 0,
                  "%s, or reload when server process %d has ended", supervisor->candidate.lacks,
                  (int)supervisor->leaving.pid);
        tell_verdict(supervisor, SUPERVISED_REFUSED);
        candidate_forget(&supervisor->candidate, supervisor->kept);
        return false;
    }
    log_write(supervisor_log(supervisor), LOG_LEVEL_NOTICE | LOG_KEPT, 0,
              "reconfiguring by another server process: this configuration needs more than the sandbox of "
              "process %d leaves within reach",
              (int)supervisor->server.pid);
    supervisor->leaving = supervisor->server;
    supervisor->server = (struct child)CHILD_NONE;
    supervisor->renewing = true;
    supervisor->due = supervisor_now();
    return true;
}

/* In the new process. The pid file stays the supervisor's. */
static void adopt(struct supervisor *supervisor)
{
    if (supervisor->candidate.pid.fd >= 0)
        close(supervisor->candidate.pid.fd);
    kept_replace(supervisor->kept, supervisor->candidate.generation);
    supervisor->candidate.generation = NULL;
}

static void forget_paths_before(struct kept *kept)
{
    sandbox_paths_destroy(kept->paths_before);
    kept->paths_before = NULL;
}

bool renewal_start(struct supervisor *supervisor)
{
    struct kept *kept = supervisor->kept;
    struct generation *old = kept->current;
    int error;

    kept->paths_before = kept->paths;
    kept->paths = NULL;
    kept->current = supervisor->candidate.generation;
    error = -kept_allow(kept);
    kept->current = old;
    if (!error && child_start(&supervisor->server, &error)) {
        forget_paths_before(kept);
        adopt(supervisor);
        return true;
    }
    if (error)
        renewal_failed(supervisor, error, "socketpair() or fork() failed");
    return false;
}

void renewal_done(struct supervisor *supervisor)
{
    supervisor->renewing = false;
    forget_paths_before(supervisor->kept);
    candidate_adopt(&supervisor->candidate, supervisor->kept);
    tell_verdict(supervisor, SUPERVISED_TAKEN);
    child_order(&supervisor->leaving, SIGWINCH, supervisor_log(supervisor));
    reload_over(supervisor, true);
}

/* What the old process has within reach are the folders of its start, whatever bears their names now. */
void renewal_failed(struct supervisor *supervisor, int error, const char *how)
{
    struct kept *kept = supervisor->kept;

    log_write(supervisor_log(supervisor), LOG_LEVEL_EMERG, error,
              "the new server process did not come up, so the configuration stays as it was: %s", how);
    child_close_channel(&supervisor->server);
    supervisor->server = supervisor->leaving;
    supervisor->leaving = (struct child)CHILD_NONE;
    tell_verdict(supervisor, SUPERVISED_REFUSED);
    supervisor->renewing = false;
    supervisor->serves = true;
    candidate_forget(&supervisor->candidate, kept);
    sandbox_paths_destroy(kept->paths);
    kept->paths = kept->paths_before;
    kept->paths_before = NULL;
    reload_over(supervisor, false);
}
