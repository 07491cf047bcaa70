/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal by way of the pid file, and what the pid file says then. */
#include "server/master/send.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/log/log.h"
#include "server/master/verdict.h"
#include "server/process/pid_file.h"

enum {
    LOOK = 20,             /* ms between two looks at the pid file */
    BEGIN_MOST = 10000,    /* ms until the old one has renamed its pid file, or tried to */
    UPGRADE_MOST = 120000, /* ms until the new one serves, or has ended */
};

/* How far an upgrade has come, by the pid file. */
enum stage { UPGRADE_NOT_BEGUN, UPGRADE_RUNS, UPGRADE_SERVES, UPGRADE_ROLLED_BACK, UPGRADE_GONE };

struct upgrading {
    const char *path;
    char old_path[PATH_MAX];
    pid_t old, new;          /* new: once it serves */
    struct timespec changed; /* when the pid file was, before */
};

static bool is_alive(pid_t pid)
{
    return !kill(pid, 0) || errno == EPERM;
}

static int say_not_sent(pid_t pid, int number)
{
    log_write(log_before_config(), LOG_LEVEL_ALERT, errno, "kill(%d, %d) failed", (int)pid, number);
    return 1;
}

static int send_number(pid_t pid, int number)
{
    return kill(pid, number) ? say_not_sent(pid, number) : 0;
}

/* The number in the pid file; negative: it has been said why there is none. */
static pid_t read_pid(const char *path)
{
    pid_t pid = path ? pid_file_read(path) : -ENOENT;

    if (!path)
        log_write(log_before_config(), LOG_LEVEL_ERROR, 0, "the configuration has no pid file");
    else if (pid == -EINVAL)
        log_write(log_before_config(), LOG_LEVEL_ERROR, 0, "invalid PID number in \"%s\"", path);
    else if (pid < 0)
        log_write(log_before_config(), LOG_LEVEL_ERROR, -pid, "open() \"%s\" failed", path);
    return pid;
}

static struct timespec changed_at(const char *path)
{
    struct stat about;

    if (stat(path, &about))
        memset(&about, 0, sizeof about);
    return about.st_ctim;
}

/* A rename is a change of the file: one that has its old name again was renamed, and renamed back. Its time
 * is asked for first: between the two questions it may be renamed, which is no end of it. */
static enum stage look(struct upgrading *upgrading)
{
    struct timespec changed = changed_at(upgrading->path);
    pid_t pid = pid_file_read(upgrading->path);

    if (!is_alive(upgrading->old))
        return UPGRADE_GONE;
    if (pid > 0 && pid != upgrading->old && is_alive(pid)) {
        upgrading->new = pid;
        return UPGRADE_SERVES;
    }
    if (pid != upgrading->old)
        return UPGRADE_RUNS;
    return changed.tv_sec == upgrading->changed.tv_sec && changed.tv_nsec == upgrading->changed.tv_nsec
               ? UPGRADE_NOT_BEGUN
               : UPGRADE_ROLLED_BACK;
}

/* Looks until there is a verdict, or for as long as may be waited. */
static enum stage wait_for_verdict(struct upgrading *upgrading)
{
    enum stage stage = look(upgrading);
    int waited = 0;

    while ((stage == UPGRADE_NOT_BEGUN && waited < BEGIN_MOST) ||
           (stage == UPGRADE_RUNS && waited < UPGRADE_MOST)) {
        poll(NULL, 0, LOOK);
        waited += LOOK;
        stage = look(upgrading);
    }
    return stage;
}

/* The exit status. */
static int conclude(const struct upgrading *upgrading, enum stage stage)
{
    const struct log *log = log_before_config();
    int old = (int)upgrading->old;

    switch (stage) {
    case UPGRADE_SERVES:
        if (send_number(upgrading->old, SIGQUIT))
            return 1;
        log_write(log, LOG_LEVEL_NOTICE, 0,
                  "upgraded: process %d serves, process %d ends when its requests are answered",
                  (int)upgrading->new, old);
        return 0;
    case UPGRADE_ROLLED_BACK:
        log_write(log, LOG_LEVEL_ERROR, 0,
                  "rolled back: the new binary did not come up, process %d goes on; its error log says why",
                  old);
        break;
    case UPGRADE_GONE:
        log_write(log, LOG_LEVEL_ERROR, 0, "process %d has ended before a new binary served", old);
        break;
    case UPGRADE_RUNS:
        log_write(log, LOG_LEVEL_ERROR, 0,
                  "the new binary does not serve after %d s, nor has it ended: process %d goes on meanwhile, "
                  "and its error log says more",
                  UPGRADE_MOST / 1000, old);
        break;
    case UPGRADE_NOT_BEGUN:
        log_write(log, LOG_LEVEL_ERROR, 0,
                  "process %d has begun no upgrade in %d s: its error log says why, or \"supervise\" is off",
                  old, BEGIN_MOST / 1000);
        break;
    }
    return 1;
}

static int upgrade(const char *path, pid_t pid)
{
    struct upgrading upgrading = {.path = path, .old = pid, .changed = changed_at(path)};
    int error = pid_file_old_name(path, upgrading.old_path);
    pid_t other = error ? error : pid_file_read(upgrading.old_path);

    if (other > 0 && is_alive(other)) {
        log_write(log_before_config(), LOG_LEVEL_ERROR, 0,
                  "an upgrade is under way already: process %d, the old binary, has not ended (\"%s\")",
                  (int)other, upgrading.old_path);
        return 1;
    }
    if (send_number(pid, SIGUSR2))
        return 1;
    log_write(log_before_config(), LOG_LEVEL_NOTICE, 0,
              "process %d starts the new binary, which has %d s to serve", (int)pid, UPGRADE_MOST / 1000);
    return conclude(&upgrading, wait_for_verdict(&upgrading));
}

/* The exit status. Without an answer it is that of nginx, which waits for none. */
static int reload(pid_t pid)
{
    const struct log *log = log_before_config();

    switch (verdict_ask(pid)) {
    case VERDICT_TAKEN:
        return 0;
    case VERDICT_SILENT:
        log_write(log, LOG_LEVEL_NOTICE, 0,
                  "process %d has the signal; what comes of it stands in its error log alone", (int)pid);
        return 0;
    case VERDICT_REFUSED:
        log_write(log, LOG_LEVEL_ERROR, 0,
                  "the configuration is not taken, the one before goes on; the error log says why");
        return 1;
    case VERDICT_NONE:
        log_write(log, LOG_LEVEL_ERROR, 0, "no verdict after %d s: the error log says more",
                  VERDICT_MOST / 1000);
        return 1;
    case VERDICT_GONE:
        log_write(log, LOG_LEVEL_ERROR, 0, "process %d has ended", (int)pid);
        return 1;
    case VERDICT_FAILED:
        break;
    }
    return say_not_sent(pid, SIGHUP);
}

int send_signal(enum options_signal signal, const char *path)
{
    static const int numbers[] = {
        [OPTIONS_SIGNAL_STOP] = SIGTERM, [OPTIONS_SIGNAL_QUIT] = SIGQUIT, [OPTIONS_SIGNAL_REOPEN] = SIGUSR1};
    pid_t pid = read_pid(path);

    if (pid < 0)
        return 1;
    if (signal == OPTIONS_SIGNAL_RELOAD)
        return reload(pid);
    return signal == OPTIONS_SIGNAL_UPGRADE ? upgrade(path, pid) : send_number(pid, numbers[signal]);
}
