/* SPDX-License-Identifier: BSD-2-Clause */
/* A reload, as the supervisor sees it. */
#include "server/master/reload.h"

#include <signal.h>
#include <string.h>

#include "server/log/log.h"
#include "server/master/binaries.h"
#include "server/master/renewal.h"
#include "server/master/supervision.h"

static void say_lines(struct supervisor *supervisor, enum log_level level, char *text)
{
    const char *line;

    while ((line = strsep(&text, "\n")))
        log_write(supervisor_log(supervisor), level, 0, "%s", line);
}

/* No server is there to be asked: the next one gets it. */
static void keep_for_next(struct supervisor *supervisor, char *error)
{
    bool taken = supervisor->candidate.generation;

    if (taken)
        candidate_adopt(&supervisor->candidate, supervisor->kept);
    else
        say_lines(supervisor, LOG_LEVEL_EMERG, error);
    reload_over(supervisor, taken);
}

void reload_ask(struct supervisor *supervisor)
{
    char error[CONF_REPORT_SIZE];

    if (supervisor->asked || supervisor->renewing) {
        supervisor->again = true;
        supervisor->winch_held = false; /* HUP is what ends a WINCH */
        return;
    }
    verdict_begins(&supervisor->askers);
    reload_tell_manager(supervisor, SUPERVISED_READS);
    if (!candidate_read(&supervisor->candidate, supervisor->kept, error)) {
        reload_over(supervisor, false);
    } else if (supervisor->server.channel >= 0 && supervisor->candidate.outside) {
        if (!renewal_begin(supervisor))
            reload_over(supervisor, false);
    } else if (supervisor->server.channel >= 0) {
        supervisor->asked = true;
        child_order(&supervisor->server, SIGHUP, supervisor_log(supervisor));
    } else {
        keep_for_next(supervisor, error);
    }
}

void reload_tell_manager(const struct supervisor *supervisor, enum supervised_kind kind)
{
    if (!supervisor->ending && !supervisor->over)
        supervised_tell_manager(kind);
}

void reload_over(struct supervisor *supervisor, bool taken)
{
    bool again = supervisor->again;

    verdict_tell(&supervisor->askers, taken);
    reload_tell_manager(supervisor, taken ? SUPERVISED_TAKEN : SUPERVISED_REFUSED);
    supervisor->again = false;
    if (supervisor->ending || supervisor->over) {
        verdict_begins(&supervisor->askers); /* there is no other one */
        verdict_tell(&supervisor->askers, false);
    } else if (again) {
        reload_ask(supervisor);
    } else {
        binaries_go_on(supervisor);
    }
}

void reload_server_ended(struct supervisor *supervisor)
{
    bool asked = supervisor->asked;

    candidate_forget(&supervisor->candidate, supervisor->kept);
    supervisor->asked = false;
    if (asked && !supervisor->ending)
        log_write(supervisor_log(supervisor), LOG_LEVEL_CRIT, 0,
                  "the server process died in a reload, so the configuration stays as it was");
    if (asked || supervisor->renewing)
        reload_over(supervisor, false);
}

void reload_refuse(struct supervisor *supervisor)
{
    verdict_begins(&supervisor->askers);
    reload_tell_manager(supervisor, SUPERVISED_READS);
    verdict_tell(&supervisor->askers, false);
    reload_tell_manager(supervisor, SUPERVISED_REFUSED);
}

void reload_answered(struct supervisor *supervisor, bool taken)
{
    char error[CONF_REPORT_SIZE] = "";

    if (taken && !supervisor->candidate.generation)
        candidate_read(&supervisor->candidate, supervisor->kept, error);
    if (taken && supervisor->candidate.generation)
        candidate_adopt(&supervisor->candidate, supervisor->kept);
    else if (taken)
        log_write(supervisor_log(supervisor), LOG_LEVEL_CRIT, 0,
                  "the supervisor could not read the configuration that is in force now; should the server "
                  "process die, the one before is used: %s",
                  error);
    candidate_forget(&supervisor->candidate, supervisor->kept);
    supervisor->asked = false;
    reload_over(supervisor, taken);
}
