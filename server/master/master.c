/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread: a start, signals, reloads, and the end. */
#include "server/master/master.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "pool/sizeclass.h"
#include "pool/sysmem.h"
#include "server/crew.h"
#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/loop/ev_memory.h"
#include "server/loop/wakeup.h"
#include "server/master/kept.h"
#include "server/master/supervisor.h"
#include "server/process/crash.h"
#include "server/process/process.h"
#include "server/sockets.h"
#include "server/supervised.h"

static const double RETRY_SECONDS = 0.2; /* until what found no memory is sent again */

static const int obeyed[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

struct master {
    struct kept kept;
    struct shared shared;
    struct ev_loop *loop;
    struct wakeup signals, wake, orders;
    struct ev_timer look;  /* once a second, so that nothing waits for a lost wake-up */
    struct ev_timer retry; /* soon */
    struct crew crew;
    bool leaves; /* the supervisor said WINCH: it keeps the sockets */
};

static struct master *the_master; /* there is one per process */

static void wake_main(void)
{
    wakeup_send(&the_master->wake);
}

static const struct log *master_log(const struct master *master)
{
    return kept_log(&master->kept);
}

static void close_sockets(struct master *master)
{
    if (master->leaves)
        sockets_leave(&master->kept.sockets);
    else
        sockets_sweep(&master->kept.sockets, NULL);
}

/* Brings workers, sockets and generations into their final state; called whenever one may have changed. */
static void settle(struct master *master)
{
    if (crew_reap(&master->crew) && master->crew.order != CREW_SERVE) {
        ev_break(master->loop, EVBREAK_ALL);
        return;
    }
    if (!crew_tell(&master->crew, master->kept.current) && !ev_is_active(&master->retry)) {
        ev_timer_set(&master->retry, RETRY_SECONDS, 0.);
        ev_timer_start(master->loop, &master->retry);
    }
    if (master->crew.order == CREW_SERVE && crew_switched(&master->crew, master->kept.current))
        sockets_sweep(&master->kept.sockets, master->kept.current);
    if (master->crew.order == CREW_QUIT && crew_deaf(&master->crew))
        close_sockets(master); /* from now on connections are refused at once */
    kept_sweep(&master->kept);
}

static void on_wake(struct wakeup *wake)
{
    settle((struct master *)((char *)wake - offsetof(struct master, wake)));
}

static void on_retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    settle(timer->data);
}

/* Sockets and workers for a generation, which becomes the current one. On failure nothing has changed. */
static int take_into_service(struct master *master, struct generation *generation)
{
    unsigned count = kept_workers(generation);
    int result = crew_grow(&master->crew, count, generation);

    if (result)
        return conf_fail_errno(&generation->conf, NULL, -result, "worker threads could not be started");
    result = sockets_open(&master->kept.sockets, generation, count);
    if (!result)
        result = sockets_share(generation, &master->crew, count);
    if (!result)
        result = sockets_narrow(generation, master->kept.current);
    if (result) {
        crew_shrink(&master->crew);
        return result;
    }
    crew_divide(&master->crew, count);
    return 0;
}

/* Until take_into_service has succeeded, every failure leaves everything as it was. */
static void reload(struct master *master)
{
    char error[CONF_REPORT_SIZE];
    struct generation *generation, *old = master->kept.current;
    struct pid_file pid = PID_FILE_NONE;
    int result;

    log_write(master_log(master), LOG_LEVEL_NOTICE | LOG_KEPT, 0, "reconfiguring");
    supervised_tell(SUPERVISED_READS);
    generation = generation_load(master->kept.source, error, sizeof error);
    if (!generation) {
        kept_say_refused(&master->kept, error);
        supervised_tell(SUPERVISED_REFUSED);
        return;
    }
    generation_say_warnings(generation, master_log(master));
    result = kept_allows(&master->kept, generation);
    if (!result && !supervised() &&
        (result = in_force_open(&master->kept.in_force, &generation->settings, &pid)))
        conf_fail_errno(&generation->conf, NULL, -result, "open() \"%s\" failed", generation->settings.pid);
    if (result || take_into_service(master, generation)) {
        log_write(master_log(master), LOG_LEVEL_EMERG, 0, "%s", generation->conf.error);
        pid_file_end(&pid, getpid(), master_log(master));
        generation_destroy(generation);
        supervised_tell(SUPERVISED_REFUSED);
        settle(master);
        return;
    }
    sockets_tell(master->kept.sockets);
    sysmem_set_budget(generation->settings.memory_budget);
    sysmem_set_spare(generation->settings.view_reserve);
    kept_adopt(&master->kept, generation);
    log_thread_set(generation->settings.log);
    in_force_change(&master->kept.in_force, &generation->settings, &pid);
    generation_announce(generation, old);
    supervised_tell(SUPERVISED_TAKEN);
    if (generation_put(old, NULL, GENERATION_IN_SERVICE))
        kept_sweep(&master->kept);
    settle(master);
}

/* A harder order replaces a softer one, never the other way round. */
static void obey(struct master *master, int number)
{
    /* A terminal's Ctrl-C comes twice: from it, and by way of the supervisor. */
    if (number == SIGINT && master->crew.order == CREW_STOP)
        return;
    log_write(master_log(master), LOG_LEVEL_NOTICE, 0, "signal %d (%s) received", number, strsignal(number));
    switch (number == SIGWINCH && master->leaves ? SIGQUIT : number) {
    case SIGTERM:
    case SIGINT:
        master->crew.order = CREW_STOP;
        break;
    case SIGQUIT:
        if (master->crew.order != CREW_STOP)
            master->crew.order = CREW_QUIT;
        break;
    case SIGHUP:
        if (master->crew.order == CREW_SERVE)
            reload(master);
        break;
    case SIGUSR1:
        log_write(master_log(master), LOG_LEVEL_NOTICE, 0, "reopening logs");
        log_file_reopen_all(master->kept.in_force.uid, master->kept.in_force.gid);
        for (unsigned i = 0; i < master->crew.total; i++)
            master->crew.members[i].flush = true;
        break;
    default:
        log_write(master_log(master), LOG_LEVEL_NOTICE, 0, "this signal has no meaning here: %s",
                  supervised() ? "send it to the supervisor" : "there is no supervisor");
    }
    settle(master);
}

/* From the supervisor. */
static void on_orders(struct wakeup *orders)
{
    struct master *master = (struct master *)((char *)orders - offsetof(struct master, orders));
    int number;

    while ((number = supervised_signal()) > 0) {
        master->leaves = master->leaves || number == SIGWINCH;
        obey(master, number);
    }
    if (number < 0)
        wakeup_stop(orders); /* what cannot be read would be news for ever */
}

static void on_look(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct master *master = timer->data;

    (void)loop;
    (void)events;
    wakeup_look(&master->signals);
    if (supervised_look())
        wakeup_look(&master->orders);
    wakeup_look(&master->wake);
    kept_old_gone(&master->kept, master->crew.order == CREW_SERVE);
}

/* What the supervisor said before it sent a signal comes first. */
static void on_signals(struct wakeup *signals)
{
    struct master *master = (struct master *)((char *)signals - offsetof(struct master, signals));
    int number;

    on_orders(&master->orders);
    while ((number = wakeup_signal(signals)))
        obey(master, number);
}

/* Signals are blocked before any thread is made, so that all of them come to this loop. */
static int start_loop(struct master *master)
{
    sigset_t set;
    int error;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof obeyed / sizeof *obeyed; i++)
        sigaddset(&set, obeyed[i]);
    if (!ev_memory_reserve(0))
        return -ENOMEM;
    master->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!master->loop)
        return errno ? -errno : -EIO;
    if (!ev_memory_reserve(0))
        return -ENOMEM;
    error = -pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (!error)
        error = wakeup_init(&master->wake, master->loop, on_wake);
    if (!error)
        error = wakeup_init_signals(&master->signals, master->loop, &set, on_signals);
    if (!error && supervised())
        error = wakeup_init_socket(&master->orders, master->loop, supervised_channel(), on_orders);
    if (error)
        return error;
    ev_timer_init(&master->retry, on_retry, RETRY_SECONDS, 0.);
    master->retry.data = master;
    ev_timer_init(&master->look, on_look, WAKEUP_LOOK, WAKEUP_LOOK);
    master->look.data = master;
    ev_timer_start(master->loop, &master->look);
    return ev_memory_reserve(0) ? 0 : -ENOMEM; /* for what the loop allocates when it runs */
}

/* The reverse of start_loop, as far as that came. */
static void stop_loop(struct master *master)
{
    sigset_t all;

    if (!master->loop) {
        ev_memory_release();
        return;
    }
    /* A late signal must not kill a process that is about to end cleanly. */
    sigfillset(&all);
    crash_leave_open(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    wakeup_close(&master->signals);
    wakeup_close(&master->orders);
    wakeup_close(&master->wake);
    ev_timer_stop(master->loop, &master->retry);
    ev_timer_stop(master->loop, &master->look);
    ev_loop_destroy(master->loop);
    ev_memory_release();
}

/* A refusal by a budget is logged by its caller, with the directive to turn. */
static void report_memory(const char *call, size_t size)
{
    if (errno != EDQUOT)
        log_write(log_thread(), LOG_LEVEL_CRIT, errno, "%s of %zu bytes failed", call, size);
}

/* The threads serve now, so whoever waits for this file may go on. */
static int write_pid_file(struct master *master)
{
    struct pid_file *pid = &master->kept.in_force.pid;
    int result = pid_file_write(pid, getpid());

    return result ? conf_fail_errno(&master->kept.current->conf, NULL, -result, "write() to \"%s\" failed",
                                    pid->path)
                  : 0;
}

/* Makes the loop, and serves. What needs privileges comes first. */
static int start(struct master *master)
{
    struct generation *generation = master->kept.current;
    struct conf *conf = &generation->conf;
    int result = supervised() ? kept_take_over(&master->kept) : kept_allow(&master->kept);

    if (result)
        return supervised() ? result : conf_fail_memory(conf);
    sysmem_set_budget(generation->settings.memory_budget);
    sysmem_set_spare(generation->settings.view_reserve);
    result = start_loop(master);
    if (result)
        return conf_fail_errno(conf, NULL, -result, "the event loop could not be made");
    result = in_force_drop_privileges(&master->kept.in_force, &generation->settings, master->kept.paths);
    if (result)
        return conf_fail_errno(conf, NULL, -result, "privileges could not be dropped");
    result = take_into_service(master, generation);
    return result ? result : write_pid_file(master);
}

/* Where it serves; in the foreground also how to stop and watch it. Without -c, top asks the built-in one. */
static void say_ready(const struct master *master)
{
    const struct generation *generation = master->kept.current;
    const struct log *log = generation->settings.log;
    const struct binding *control = generation->bindings;

    generation_announce(generation, NULL);
    while (control && !control->control)
        control = control->next;
    if (generation->settings.daemon)
        return;
    if (!master->kept.source->file && !master->kept.source->options->folder)
        log_write(log, LOG_LEVEL_NOTICE, 0, "Ctrl-C stops; tidepool top watches");
    else if (control)
        log_write(log, LOG_LEVEL_NOTICE, 0, "Ctrl-C stops; tidepool top -c %s watches",
                  control->address.text);
    else
        log_write(log, LOG_LEVEL_NOTICE, 0, "Ctrl-C stops");
}

static void end(struct master *master, bool started)
{
    crew_deinit(&master->crew);
    if (supervised() && !started)
        sockets_leave(&master->kept.sockets);
    close_sockets(master);
    stop_loop(master);
    kept_end(&master->kept);
}

/* Serves until it ends, or says why it cannot. */
static int serve(struct master *master, int result)
{
    const struct generation *generation;

    if (!result)
        result = start(master);
    generation = master->kept.current;
    if (result) {
        log_write(generation->settings.log, LOG_LEVEL_EMERG, 0, "%s", generation->conf.error);
        master->crew.order = CREW_STOP;
    }
    if (master->loop) {
        settle(master);
        log_write(master_log(master), LOG_LEVEL_NOTICE, 0, result ? "not started" : "start worker threads");
        if (!result) {
            say_ready(master);
            in_force_leave_terminal(&generation->settings);
            sockets_tell(master->kept.sockets);
            supervised_tell(SUPERVISED_SERVES);
        }
        if (master->crew.total)
            ev_run(master->loop, 0);
    }
    log_write(master_log(master), LOG_LEVEL_NOTICE, 0, "exit");
    end(master, !result);
    return result ? 1 : 0;
}

int master_run(const struct generation_source *source, struct generation *generation,
               const struct watcher *watcher)
{
    struct master master = {.kept = {.source = source, .in_force.pid = PID_FILE_NONE},
                            .shared = {.sgi = source->sgi, .watcher = watcher, .wake_main = wake_main}};
    int result, status;

    the_master = &master;
    master.crew.shared = &master.shared;
    kept_adopt(&master.kept, generation);
    log_thread_set(generation->settings.log);
    log_set_stderr_copy(true);
    generation_say_warnings(generation, generation->settings.log);
    process_ignore_signals();
    ev_memory_install();
    sysmem_on_failure(report_memory);
    sysmem_map_above(SIZECLASS_MAX);
    result = kept_prepare(&master.kept);
    if (result || !generation->settings.supervise || supervisor_run(&master.kept, &status))
        return serve(&master, result);
    kept_end(&master.kept);
    return status;
}
