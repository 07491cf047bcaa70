/* SPDX-License-Identifier: BSD-2-Clause */
/* USR2 and WINCH: two binaries on the same sockets. */
#include "server/master/binaries.h"

#include <signal.h>
#include <stdio.h>

#include "server/log/log.h"
#include "server/master/supervision.h"
#include "server/master/upgrade.h"
#include "server/process/notify.h"
#include "server/socket_path.h"
#include "server/supervised.h"

static void set_shared(struct supervisor *supervisor, bool shared)
{
    const struct supervised_message message = {.kind = SUPERVISED_SHARED, .number = shared};

    socket_paths_share(shared);
    child_tell(&supervisor->server, &message, supervisor_log(supervisor));
    child_tell(&supervisor->leaving, &message, supervisor_log(supervisor));
}

/* True: a reload goes on, and *held is set. */
static bool hold_back(const struct supervisor *supervisor, bool *held)
{
    *held = supervisor->asked || supervisor->renewing;
    return *held;
}

void binaries_ignore(struct supervisor *supervisor, const char *name, const char *why, pid_t process)
{
    char number[32] = "";

    if (process)
        snprintf(number, sizeof number, ", process %d", (int)process);
    log_write(supervisor_log(supervisor), LOG_LEVEL_NOTICE | LOG_KEPT, 0, "%s is ignored: %s%s", name, why,
              number);
}

void binaries_start_new(struct supervisor *supervisor)
{
    if (!supervisor->served || supervisor->ending) {
        binaries_ignore(supervisor, "USR2",
                        supervisor->ending ? "this is the end" : "the server does not serve yet", 0);
    } else if (supervisor->new_binary) {
        binaries_ignore(supervisor, "USR2", "a new binary runs already", supervisor->new_binary);
    } else if (supervisor->kept->old) {
        binaries_ignore(supervisor, "USR2", "the old binary still runs", supervisor->kept->old);
    } else if (!hold_back(supervisor, &supervisor->usr2_held)) {
        set_shared(supervisor, true); /* the server hears of it before any other order */
        supervisor->new_binary = upgrade_start(supervisor->kept);
        if (!supervisor->new_binary)
            set_shared(supervisor, false);
    }
}

void binaries_rest(struct supervisor *supervisor)
{
    if (supervisor->resting || supervisor->ending || !supervisor->served) {
        binaries_ignore(supervisor, "WINCH", "no server process serves", 0);
    } else if (hold_back(supervisor, &supervisor->winch_held)) {
        /* reload_over comes back to it. */
    } else if (supervisor->leaving.pid) {
        binaries_ignore(supervisor, "WINCH", "the server before this one has not ended",
                        supervisor->leaving.pid);
    } else {
        log_write(supervisor_log(supervisor), LOG_LEVEL_NOTICE, 0,
                  "WINCH: the server process ends, the sockets are kept; HUP starts it again");
        supervisor->resting = true;
        child_order(&supervisor->server, SIGWINCH, supervisor_log(supervisor));
    }
}

void binaries_go_on(struct supervisor *supervisor)
{
    bool usr2 = supervisor->usr2_held, winch = supervisor->winch_held;

    supervisor->usr2_held = supervisor->winch_held = false;
    if (usr2)
        binaries_start_new(supervisor);
    if (winch)
        binaries_rest(supervisor);
}

void binaries_start_again(struct supervisor *supervisor)
{
    supervisor->resting = false;
    supervisor->due = supervisor_now();
    if (!supervisor->server.pid)
        return;
    supervisor->leaving = supervisor->server;
    supervisor->server = (struct child)CHILD_NONE;
}

void binaries_look_up(struct supervisor *supervisor)
{
    if (!kept_old_gone(supervisor->kept, supervisor->serves && !supervisor->ending && !supervisor->over))
        return;
    set_shared(supervisor, false);
    if (supervisor->ending)
        binaries_say_end(supervisor); /* it was silent when it was to say so */
}

void binaries_say_end(const struct supervisor *supervisor)
{
    if (supervisor->new_binary)
        notify_main(supervisor->new_binary);
    else
        notify_stopping();
}

void binaries_reap(struct supervisor *supervisor)
{
    if (!upgrade_ended(supervisor->kept, supervisor->new_binary))
        return;
    supervisor->new_binary = 0;
    set_shared(supervisor, false);
    if (supervisor->resting && !supervisor->ending)
        binaries_start_again(supervisor);
}
