/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor: a server process is started, watched, and started anew. */
#include "server/master/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/master/binaries.h"
#include "server/master/kept.h"
#include "server/master/news.h"
#include "server/master/reload.h"
#include "server/master/renewal.h"
#include "server/master/signals.h"
#include "server/master/supervision.h"
#include "server/sockets.h"
#include "server/supervised.h"

enum {
    LOOK = 1000, /* ms between two looks for what may have ended unheard */
    HOW_MAX = 128
};

static void end_with(struct supervisor *supervisor, int status)
{
    supervisor->over = true;
    supervisor->status = status;
}

static void close_sockets(struct supervisor *supervisor)
{
    in_force_as_user(&supervisor->kept->in_force);
    sockets_sweep(&supervisor->kept->sockets, NULL);
    in_force_as_root(&supervisor->kept->in_force);
}

/* ---- what the server says ---- */

/* The threads serve, so whoever waits for the pid file may go on. False: it cannot be written. */
static bool first_serves(struct supervisor *supervisor)
{
    struct in_force *in_force = &supervisor->kept->in_force;
    int error;

    if (supervisor->served)
        return true;
    supervisor->served = true;
    error = pid_file_write(&in_force->pid, getpid());
    if (error) {
        log_write(supervisor_log(supervisor), LOG_LEVEL_EMERG, error, "write() to \"%s\" failed",
                  in_force->pid.path);
        supervisor->ending = SIGTERM;
        supervisor->status = 1;
        child_order(&supervisor->server, SIGTERM, supervisor_log(supervisor));
        return false;
    }
    in_force_leave_terminal(&supervisor->kept->current->settings);
    return true;
}

static void has_started(struct supervisor *supervisor)
{
    supervisor->serves = true;
    if (supervisor->ending || !first_serves(supervisor))
        return;
    if (supervisor->renewing)
        renewal_done(supervisor);
    else
        supervised_tell_manager(SUPERVISED_SERVES);
}

/* It is another user's process: what it says is kept for the next one, and never done here. */
static void heed(struct supervisor *supervisor, struct supervised_message *message, int fd)
{
    struct socket_set **sets = &supervisor->kept->sockets;
    int error;

    message->address.text[LISTEN_TEXT_MAX - 1] = '\0';
    ((char *)&message->address.socket)[sizeof message->address.socket - 1] = '\0';
    switch (message->kind) {
    case SUPERVISED_SERVES:
        has_started(supervisor);
        break;
    case SUPERVISED_READS:
        if (!supervisor->asked) /* then it was said when the server was asked */
            reload_tell_manager(supervisor, message->kind);
        break;
    case SUPERVISED_TAKEN:
    case SUPERVISED_REFUSED:
        if (!supervisor->renewing) /* it has nothing to say about that one */
            reload_answered(supervisor, message->kind == SUPERVISED_TAKEN);
        break;
    case SUPERVISED_SOCKET:
        error = fd < 0 ? -EMFILE : sockets_keep(sets, &message->address, fd, false);
        if (!error)
            return;
        log_write(supervisor_log(supervisor), LOG_LEVEL_CRIT, error,
                  "a socket on %s is not kept: should the server process die, connections are refused there "
                  "until the next one listens",
                  message->address.text);
        break;
    case SUPERVISED_GONE:
        in_force_as_user(&supervisor->kept->in_force);
        sockets_gone(sets, &message->address);
        in_force_as_root(&supervisor->kept->in_force);
        break;
    default:
        break;
    }
    if (fd >= 0)
        close(fd);
}

static void take_messages(struct supervisor *supervisor)
{
    struct supervised_message message;
    int fd, result = 1;

    while (supervisor->server.channel >= 0 && result > 0) {
        result = supervised_receive(supervisor->server.channel, &message, &fd);
        if (result > 0)
            heed(supervisor, &message, fd);
    }
    if (!result)
        child_close_channel(&supervisor->server);
    else if (result < 0 && result != -EAGAIN)
        news_failed(&supervisor->news, supervisor_log(supervisor), result, "recvmsg()");
}

/* ---- its end, and the next one ---- */

/* It died, or could not be made; `how` says it. */
static void plan_next(struct supervisor *supervisor, int error, const char *how)
{
    char next[64] = "it is started anew at once";
    int wait;

    if (supervisor->ending || !supervisor->served) {
        log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT | LOG_KEPT, error, "%s", how);
        end_with(supervisor, 1);
        return;
    }
    if (supervisor->resting) {
        log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT | LOG_KEPT, error, "%s, after WINCH", how);
        return;
    }
    wait = back_off_delay(&supervisor->back_off, supervisor_now() - supervisor->server.started,
                          supervisor->serves);
    if (wait)
        snprintf(next, sizeof next, "it is started anew in %d ms", wait);
    supervisor->due = supervisor_now() + wait;
    log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT | LOG_KEPT, error, "%s, %s", how, next);
}

/* `status`: waitpid's. */
static void say_end(pid_t pid, int status, char how[HOW_MAX])
{
    if (WIFEXITED(status))
        snprintf(how, HOW_MAX, "server process %d exited with status %d", (int)pid, WEXITSTATUS(status));
    else
        snprintf(how, HOW_MAX, "server process %d exited on signal %d (%s%s)", (int)pid, WTERMSIG(status),
                 strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
}

/* `status`: waitpid's. A server that ends well was asked to, by us or by a signal of its own. */
static void has_ended(struct supervisor *supervisor, int status)
{
    char how[HOW_MAX];

    take_messages(supervisor);
    say_end(supervisor->server.pid, status, how);
    if (supervisor->renewing && !supervisor->ending) {
        renewal_failed(supervisor, 0, how);
        return;
    }
    child_close_channel(&supervisor->server);
    supervisor->server.pid = 0;
    if (!status && supervisor->resting && !supervisor->ending) {
        /* WINCH asked for it. */
    } else if (WIFEXITED(status) && (!WEXITSTATUS(status) || supervisor->ending || !supervisor->served)) {
        if (supervisor->served && !supervisor->ending)
            binaries_say_end(supervisor);
        end_with(supervisor, WEXITSTATUS(status) ? WEXITSTATUS(status) : supervisor->status);
    } else {
        plan_next(supervisor, 0, how);
    }
    reload_server_ended(supervisor);
}

static void reap(struct supervisor *supervisor)
{
    char how[HOW_MAX];
    int status;

    if (child_reap(&supervisor->server, &status))
        has_ended(supervisor, status);
    if (!child_reap(&supervisor->leaving, &status))
        return;
    say_end(supervisor->leaving.pid, status, how);
    if (status)
        log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT, 0, "%s; it was to end", how);
    child_close_channel(&supervisor->leaving);
    supervisor->leaving.pid = 0;
}

/* True: this is the new process. */
static bool start_server(struct supervisor *supervisor)
{
    int error;

    supervisor->server.started = supervisor_now();
    supervisor->serves = false;
    if (supervisor->renewing)
        return renewal_start(supervisor);
    error = -kept_allow(supervisor->kept);
    if (!error && child_start(&supervisor->server, &error))
        return true;
    if (error)
        plan_next(supervisor, error, "socketpair() or fork() for a server process failed");
    return false;
}

/* ---- the loop ---- */

/* HUP. While a new binary runs the files are its; the old one goes on as it is, or again. */
static void hang_up(struct supervisor *supervisor, int asker)
{
    verdict_asked(&supervisor->askers, asker);
    if (!supervisor->new_binary && !supervisor->ending && !supervisor->over) {
        if (supervisor->resting)
            binaries_start_again(supervisor);
        reload_ask(supervisor);
        return;
    }
    if (supervisor->ending || supervisor->over)
        binaries_ignore(supervisor, "HUP", "this is the end", 0);
    else if (supervisor->resting)
        binaries_start_again(supervisor);
    else
        binaries_ignore(supervisor, "HUP", "a new binary runs, which has read the configuration",
                        supervisor->new_binary);
    reload_refuse(supervisor);
}

/* A signal for both; `asker` came with it. What ends the server ends us, when it has ended. */
static void obey(struct supervisor *supervisor, int number, int asker)
{
    struct in_force *in_force = &supervisor->kept->in_force;

    switch (number) {
    case SIGCHLD:
        return; /* reap looks each time */
    case SIGHUP:
        reap(supervisor); /* a server that is dead by now cannot be asked */
        hang_up(supervisor, asker);
        return;
    case SIGUSR2:
        binaries_start_new(supervisor);
        return;
    case SIGWINCH:
        binaries_rest(supervisor);
        return;
    case SIGUSR1:
        in_force_as_user(in_force);
        log_file_reopen_all(in_force->uid, in_force->gid);
        in_force_as_root(in_force);
        child_order(&supervisor->leaving, number, supervisor_log(supervisor));
        break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
        supervisor->ending = number;
        binaries_say_end(supervisor);
        child_order(&supervisor->leaving, number, supervisor_log(supervisor));
        child_ignore(&supervisor->leaving);
        if (supervisor->resting)
            close_sockets(supervisor); /* nobody accepts */
        if (!supervisor->server.pid)
            end_with(supervisor, 0);
        break;
    default:
        break;
    }
    child_order(&supervisor->server, number, supervisor_log(supervisor));
}

static void take_signals(struct supervisor *supervisor)
{
    int number, asker;

    while ((number = signals_next(supervisor->signals, &asker)))
        obey(supervisor, number, asker);
}

/* No server is there, and one will be. */
static bool is_due(const struct supervisor *supervisor)
{
    return !supervisor->server.pid && !supervisor->resting && !supervisor->over;
}

/* Milliseconds; -1: for any time. What ends is looked for once in a while: a SIGCHLD that was not heeded does
 * not come again. */
static int64_t time_left(const struct supervisor *supervisor)
{
    int64_t left = supervisor->due - supervisor_now();

    if (is_due(supervisor))
        return left < 0 ? 0 : left;
    return supervisor->server.channel < 0 || supervisor->leaving.pid || supervisor->new_binary ||
                   supervisor->kept->old
               ? LOOK
               : -1;
}

static bool watch(struct supervisor *supervisor)
{
    while (!supervisor->over || supervisor->leaving.pid) {
        if (is_due(supervisor) && supervisor_now() >= supervisor->due && start_server(supervisor))
            return true;
        news_wait(&supervisor->news, supervisor_log(supervisor), supervisor->signals,
                  supervisor->server.channel, (int)time_left(supervisor));
        binaries_look_up(supervisor);
        take_signals(supervisor);
        take_messages(supervisor);
        reap(supervisor);
        binaries_reap(supervisor);
    }
    return false;
}

bool supervisor_run(struct kept *kept, int *status)
{
    struct supervisor supervisor = {.kept = kept,
                                    .server = CHILD_NONE,
                                    .leaving = CHILD_NONE,
                                    .back_off = BACK_OFF_NEW,
                                    .candidate.pid = PID_FILE_NONE};

    supervisor.signals = signals_open();
    if (supervisor.signals < 0) {
        log_write(kept_log(kept), LOG_LEVEL_EMERG, supervisor.signals, "signalfd() failed");
        end_with(&supervisor, 1);
    }
    if (watch(&supervisor)) {
        child_close_channel(&supervisor.leaving);
        signals_leave(supervisor.signals);
        return true;
    }
    if (supervisor.signals >= 0)
        close(supervisor.signals);
    close_sockets(&supervisor); /* what a server that ended well has left is nothing */
    *status = supervisor.status;
    return false;
}
