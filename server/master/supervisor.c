/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor: a server process is started, watched, and started anew. */
#include "server/master/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/master/back_off.h"
#include "server/master/candidate.h"
#include "server/master/kept.h"
#include "server/sockets.h"
#include "server/supervised.h"

static const int passed_on[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

struct supervisor {
    struct kept *kept;
    int signals; /* signalfd */
    int channel; /* our end; negative: there is no server, or it is on its way out */
    pid_t child; /* 0: there is none */
    bool serves; /* it has started */
    bool served; /* one of them has */
    bool over;
    int status;      /* of the exit, when it is over */
    int ending;      /* the signal that ends it all; 0: none yet */
    int64_t started; /* ms: when the server was started … */
    int64_t due;     /* … and when the next one will be */
    struct back_off back_off;

    /* A reload that the server was asked for and has not answered. */
    bool asked, again; /* again: another HUP came meanwhile */
    struct candidate candidate;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct log *supervisor_log(const struct supervisor *supervisor)
{
    return kept_log(supervisor->kept);
}

static void end_with(struct supervisor *supervisor, int status)
{
    supervisor->over = true;
    supervisor->status = status;
}

static void order(struct supervisor *supervisor, int number)
{
    const struct supervised_message message = {.kind = SUPERVISED_SIGNAL, .number = number};
    int error;

    if (supervisor->channel < 0)
        return;
    error = supervised_send(supervisor->channel, &message, -1, MSG_DONTWAIT);
    if (error && error != -EPIPE && error != -ECONNRESET)
        log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT, error,
                  "signal %d could not be passed on to the server process %d", number,
                  (int)supervisor->child);
}

/* ---- the configuration ---- */

static void say_lines(struct supervisor *supervisor, enum log_level level, char *text)
{
    const char *line;

    while ((line = strsep(&text, "\n")))
        log_write(supervisor_log(supervisor), level, 0, "%s", line);
}

/* HUP. One at a time: the server's answer must be about the configuration that was read last. */
static void ask_for_reload(struct supervisor *supervisor)
{
    char error[CONF_REPORT_SIZE];

    if (supervisor->asked) {
        supervisor->again = true;
        return;
    }
    if (!candidate_read(&supervisor->candidate, supervisor->kept, error))
        return;
    if (supervisor->channel >= 0) {
        supervisor->asked = true;
        order(supervisor, SIGHUP);
    } else if (supervisor->candidate.generation) {
        candidate_adopt(&supervisor->candidate, supervisor->kept); /* for the next server */
    } else {
        say_lines(supervisor, LOG_LEVEL_EMERG, error);
    }
}

/* The server answered a HUP, ours or one that somebody sent to it. */
static void reloaded(struct supervisor *supervisor, bool taken)
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
    if (supervisor->again) {
        supervisor->again = false;
        ask_for_reload(supervisor);
    }
}

/* ---- what the server says ---- */

/* The threads serve, so whoever waits for the pid file may go on. */
static void has_started(struct supervisor *supervisor)
{
    struct in_force *in_force = &supervisor->kept->in_force;
    int error;

    supervisor->serves = true;
    if (supervisor->served)
        return;
    supervisor->served = true;
    error = pid_file_write(&in_force->pid, getpid());
    if (error) {
        log_write(supervisor_log(supervisor), LOG_LEVEL_EMERG, error, "write() to \"%s\" failed",
                  in_force->pid.path);
        supervisor->ending = SIGTERM;
        supervisor->status = 1;
        order(supervisor, SIGTERM);
        return;
    }
    in_force_leave_terminal(&supervisor->kept->current->settings);
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
    case SUPERVISED_TAKEN:
    case SUPERVISED_REFUSED:
        reloaded(supervisor, message->kind == SUPERVISED_TAKEN);
        break;
    case SUPERVISED_SOCKET:
        error = fd < 0 ? -EMFILE : sockets_keep(sets, &message->address, fd);
        if (!error)
            return;
        log_write(supervisor_log(supervisor), LOG_LEVEL_CRIT, error,
                  "a socket on %s is not kept: should the server process die, connections are refused there "
                  "until the next one listens",
                  message->address.text);
        break;
    case SUPERVISED_GONE:
        sockets_forget(sets, &message->address);
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

    while (supervisor->channel >= 0 && result > 0) {
        result = supervised_receive(supervisor->channel, &message, &fd);
        if (result > 0)
            heed(supervisor, &message, fd);
    }
    if (result != 0 || supervisor->channel < 0)
        return;
    close(supervisor->channel);
    supervisor->channel = -1;
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
    wait = back_off_delay(&supervisor->back_off, now_ms() - supervisor->started, supervisor->serves);
    if (wait)
        snprintf(next, sizeof next, "it is started anew in %d ms", wait);
    supervisor->due = now_ms() + wait;
    log_write(supervisor_log(supervisor), LOG_LEVEL_ALERT | LOG_KEPT, error, "%s, %s", how, next);
}

/* `status`: waitpid's. A server that ends well was asked to, by us or by a signal of its own. */
static void has_ended(struct supervisor *supervisor, int status)
{
    char how[128];
    int number;

    take_messages(supervisor);
    if (supervisor->channel >= 0)
        close(supervisor->channel);
    supervisor->channel = -1;
    candidate_forget(&supervisor->candidate, supervisor->kept);
    if (supervisor->asked && !supervisor->ending)
        log_write(supervisor_log(supervisor), LOG_LEVEL_CRIT, 0,
                  "the server process died in a reload, so the configuration stays as it was");
    supervisor->asked = supervisor->again = false;
    if (WIFEXITED(status) && (!WEXITSTATUS(status) || supervisor->ending || !supervisor->served)) {
        end_with(supervisor, WEXITSTATUS(status) ? WEXITSTATUS(status) : supervisor->status);
    } else if (WIFEXITED(status)) {
        snprintf(how, sizeof how, "server process %d exited with status %d", (int)supervisor->child,
                 WEXITSTATUS(status));
        plan_next(supervisor, 0, how);
    } else {
        number = WTERMSIG(status);
        snprintf(how, sizeof how, "server process %d exited on signal %d (%s%s)", (int)supervisor->child,
                 number, strsignal(number), WCOREDUMP(status) ? ", core dumped" : "");
        plan_next(supervisor, 0, how);
    }
    supervisor->child = 0;
}

static void reap(struct supervisor *supervisor)
{
    int status;

    if (supervisor->child && waitpid(supervisor->child, &status, WNOHANG) == supervisor->child)
        has_ended(supervisor, status);
}

/* True: this is the new process. */
static bool start_server(struct supervisor *supervisor)
{
    int ends[2] = {-1, -1};
    pid_t child = -1;

    if (!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        child = fork();
    supervisor->started = now_ms();
    supervisor->serves = false;
    if (child < 0) {
        int error = errno;

        close(ends[0]);
        close(ends[1]);
        plan_next(supervisor, error, "fork() of the server process failed");
        return false;
    }
    if (!child) {
        close(ends[0]);
        supervised_begin(ends[1]);
        return true;
    }
    close(ends[1]);
    supervisor->channel = ends[0];
    supervisor->child = child;
    return false;
}

/* ---- the loop ---- */

/* A signal for both. What ends the server ends us, when it has ended. */
static void obey(struct supervisor *supervisor, int number)
{
    struct in_force *in_force = &supervisor->kept->in_force;

    switch (number) {
    case SIGCHLD:
        return; /* reap looks each time */
    case SIGHUP:
        if (!supervisor->ending)
            ask_for_reload(supervisor);
        return;
    case SIGUSR1:
        in_force_as_user(in_force);
        log_file_reopen_all(in_force->uid, in_force->gid);
        in_force_as_root(in_force);
        break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
        supervisor->ending = number;
        if (!supervisor->child)
            end_with(supervisor, 0);
        break;
    default:
        break;
    }
    order(supervisor, number);
}

static void take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;

    while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info)
        obey(supervisor, (int)info.ssi_signo);
}

static void wait_for_news(struct supervisor *supervisor)
{
    struct pollfd news[] = {{.fd = supervisor->signals, .events = POLLIN},
                            {.fd = supervisor->channel, .events = POLLIN}};
    int64_t left = supervisor->child ? -1 : supervisor->due - now_ms();

    if (!supervisor->child && left < 0)
        left = 0;
    poll(news, 2, (int)left);
}

static bool watch(struct supervisor *supervisor)
{
    while (!supervisor->over) {
        if (!supervisor->child && now_ms() >= supervisor->due && start_server(supervisor))
            return true;
        wait_for_news(supervisor);
        take_signals(supervisor);
        take_messages(supervisor);
        reap(supervisor);
    }
    return false;
}

static void block(sigset_t *set)
{
    struct sigaction preset = {.sa_handler = SIG_DFL};

    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (unsigned i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(set, passed_on[i]);
    sigprocmask(SIG_BLOCK, set, NULL);
    sigaction(SIGCHLD, &preset, NULL); /* ignored, children leave no status */
}

bool supervisor_run(struct kept *kept, int *status)
{
    struct supervisor supervisor = {
        .kept = kept, .channel = -1, .back_off = BACK_OFF_NEW, .candidate.pid = PID_FILE_NONE};
    sigset_t set;
    bool is_server = false;

    block(&set);
    supervisor.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (supervisor.signals < 0) {
        log_write(kept_log(kept), LOG_LEVEL_EMERG, errno, "signalfd() failed");
        end_with(&supervisor, 1);
    }
    is_server = watch(&supervisor);
    if (supervisor.signals >= 0)
        close(supervisor.signals);
    if (is_server) {
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigprocmask(SIG_UNBLOCK, &set, NULL); /* the others stay blocked until its loop takes them */
        return true;
    }
    in_force_as_user(&kept->in_force);
    sockets_sweep(&kept->sockets, NULL); /* what a server that ended well has left is nothing */
    in_force_as_root(&kept->in_force);
    *status = supervisor.status;
    return false;
}
