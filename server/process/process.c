/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that concern the process as a whole. */
#include "server/process/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/log/log_head.h"
#include "server/process/cgroup.h"

static int null_for(int first, int last)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC), error = 0;

    if (fd < 0)
        return -errno;
    for (int target = first; target <= last; target++)
        if (dup2(fd, target) < 0)
            error = -errno;
    if (fd > STDERR_FILENO)
        close(fd);
    return error;
}

void process_open_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* The lowest free number is this one. Without /dev, anything else may hold it. */
        if (open("/dev/null", O_RDWR) < 0 && open("/", O_PATH) < 0)
            return;
    }
}

int process_daemonise(void)
{
    pid_t child = fork();

    if (child < 0)
        return -errno;
    if (child > 0)
        _exit(0); /* not exit: atexit and stdio are the child's now */
    if (setsid() < 0)
        return -errno;
    umask(0);
    return null_for(STDIN_FILENO, STDOUT_FILENO);
}

int process_close_stderr(void)
{
    int error = null_for(STDERR_FILENO, STDERR_FILENO);

    log_head_find_journal();
    return error;
}

uint64_t process_nofile(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

/* Each entry of the folder is a link, but for "." and "..", and the descriptor that reads it. */
static uint64_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count > 3 ? count - 3 : 0;
}

uint64_t process_descriptors(void)
{
    struct stat about;

    if (stat("/proc/self/fd", &about))
        return 0;
    return about.st_size > 0 ? (uint64_t)about.st_size : count_descriptors();
}

uint64_t process_cpu_micros(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used))
        return 0;
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int process_set_nofile(uint64_t descriptors)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return -errno;
    limit.rlim_cur = descriptors;
    if (limit.rlim_max < descriptors)
        limit.rlim_max = descriptors;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}

int process_find_user(const char *user, const char *group, uid_t *uid, gid_t *gid, const char **missing)
{
    const struct passwd *account;
    const struct group *entry;

    errno = 0; /* both calls leave it 0 if there is no such name */
    account = getpwnam(user);
    if (!account) {
        if (missing)
            *missing = user;
        return errno ? -errno : -ENOENT;
    }
    *uid = account->pw_uid;
    *gid = account->pw_gid;
    if (!group)
        return 0;
    errno = 0;
    entry = getgrnam(group);
    if (!entry) {
        if (missing)
            *missing = group;
        return errno ? -errno : -ENOENT;
    }
    *gid = entry->gr_gid;
    return 0;
}

/* Keeps the one capability by which a reload may open port 80, if we have it. libcap would be too much for
 * one call. */
int process_keep_bind_service(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    uint32_t kept;

    if (syscall(SYS_capget, &header, data))
        return -errno;
    kept = data[0].permitted & (1U << CAP_NET_BIND_SERVICE);
    memset(data, 0, sizeof data);
    data[0].permitted = data[0].effective = kept;
    return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

static int failed(const struct log *log, const char *what)
{
    int error = errno;

    log_write(log, LOG_LEVEL_EMERG, error, "%s failed", what);
    return -error;
}

/* The groups first: after the user has changed, they cannot be set. */
static int become(const char *user, uid_t uid, gid_t gid, const struct log *log)
{
    int error;

    if (setgid(gid))
        return failed(log, "setgid()");
    if (initgroups(user, gid))
        return failed(log, "initgroups()");
    if (uid == 0)
        return 0; /* `user root;` means root */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
        return failed(log, "prctl(PR_SET_KEEPCAPS)");
    if (setuid(uid))
        return failed(log, "setuid()");
    error = process_keep_bind_service();
    if (error) {
        log_write(log, LOG_LEVEL_EMERG, error, "capset() failed");
        return error;
    }
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
        return failed(log, "prctl(PR_SET_KEEPCAPS)");
    /* A change of user forbids core dumps; nginx allows them again too. */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
        log_write(log, LOG_LEVEL_ALERT, errno, "prctl(PR_SET_DUMPABLE) failed");
    return 0;
}

int process_drop_privileges(const char *user, const char *group, const struct log *log)
{
    const char *missing = NULL;
    uid_t uid = (uid_t)-1;
    gid_t gid = (gid_t)-1;
    int error;

    if (!user)
        return 0;
    if (geteuid() != 0) {
        log_write(log, LOG_LEVEL_WARN, 0,
                  "the \"user\" directive makes sense only if the process runs with super-user privileges, "
                  "ignored");
        return 0;
    }
    error = process_find_user(user, group, &uid, &gid, &missing);
    if (error) {
        log_write(log, LOG_LEVEL_EMERG, error == -ENOENT ? 0 : error, "no such user or group: \"%s\"",
                  missing ? missing : user);
        return error;
    }
    return become(user, uid, gid, log);
}

static gid_t process_own_group; /* that process_act_as_before goes back to */

int process_act_as(const char *user, uid_t uid, gid_t gid)
{
    int error;

    process_own_group = getegid();
    if (!initgroups(user, gid) && !setegid(gid) && !seteuid(uid))
        return 0;
    error = -errno;
    return process_act_as_before() ? -EPERM : error;
}

int process_act_as_before(void)
{
    return seteuid(0) || setegid(process_own_group) ? -errno : 0;
}

unsigned process_cpus(void)
{
    cpu_set_t usable[8]; /* 8192 processors, what the kernel can be built for */
    unsigned quota = cgroup_cpu_quota(""), count = 1;

    if (sched_getaffinity(0, sizeof usable, usable) == 0)
        count = (unsigned)CPU_COUNT_S(sizeof usable, usable);
    if (quota > 0 && quota < count)
        count = quota;
    return count > 0 ? count : 1;
}

/* proc(5): /proc/self/statm counts pages, the second number is what is resident. */
uint64_t process_resident(void)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128], *second;
    ssize_t length;

    if (fd < 0)
        return 0;
    length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    second = strchr(text, ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static _Atomic uint64_t process_container_bytes;

void process_read_container(void)
{
    atomic_store_explicit(&process_container_bytes, cgroup_memory_limit(""), memory_order_relaxed);
}

uint64_t process_container(void)
{
    return atomic_load_explicit(&process_container_bytes, memory_order_relaxed);
}

void process_ignore_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGPIPE, &ignore, NULL); /* fails for no signal but KILL and STOP */
    sigaction(SIGXFSZ, &ignore, NULL);
}
