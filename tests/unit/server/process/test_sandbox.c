/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/conf.h"
#include "pool/annotate.h"
#include "pool/pool.h"
#include "server/log/log.h"
#include "server/process/landlock.h"
#include "server/process/sandbox.h"
#include "server/process/sandbox_paths.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool refused(long result)
{
    return result == -1 && errno == EPERM;
}

static void *nothing(void *argument)
{
    return argument;
}

static struct sandbox_paths *nothing_configured(void)
{
    struct conf conf = {.paths = NULL};

    return sandbox_paths_create(&conf, true);
}

/* Whether a socket can be made, or is refused. */
static bool makes(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool is_refused(int family, int type, int protocol)
{
    return refused(socket(family, type | SOCK_CLOEXEC, protocol));
}

/* MPTCP and SCTP would connect past Landlock. What a listener, a name that is resolved and the supervisor
 * take is there. */
static int probe_sockets(void)
{
    if (!is_refused(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) || !is_refused(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP))
        return 20;
    if (!is_refused(AF_INET, SOCK_STREAM, IPPROTO_SCTP) || !is_refused(AF_INET, SOCK_SEQPACKET, 0))
        return 21;
    if (!is_refused(AF_VSOCK, SOCK_STREAM, 0) || !is_refused(AF_PACKET, SOCK_DGRAM, 0) ||
        !is_refused(AF_ALG, SOCK_SEQPACKET, 0))
        return 22;
    if (!makes(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) || !makes(AF_INET, SOCK_STREAM, IPPROTO_TCP) ||
        !makes(AF_INET, SOCK_DGRAM, 0) || !makes(AF_INET, SOCK_DGRAM, IPPROTO_UDP))
        return 23;
    if (!makes(AF_UNIX, SOCK_STREAM, 0) || !makes(AF_UNIX, SOCK_DGRAM, 0) || !makes(AF_NETLINK, SOCK_RAW, 0))
        return 24;
    return 0;
}

/* Calls that are refused by what they ask for, beside those that are not. */
static int probe_arguments(void)
{
    struct rlimit limit;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), unread;

    if (!refused(ioctl(fd, TIOCSTI, "x")) || !refused(ioctl(fd, TIOCLINUX, "x")))
        return 30;
    if (ioctl(fd, FIONREAD, &unread) || close(fd))
        return 31;
    if (!refused(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit)))
        return 32;
    if (prlimit(0, RLIMIT_NOFILE, NULL, &limit) || setrlimit(RLIMIT_NOFILE, &limit))
        return 33;
    return 0;
}

/* The number of the first that is wrong; 0: none. */
static int probe(void)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    pthread_t thread;

    sandbox_prepare();
    sandbox_enter(nothing_configured(), log_before_config());
    if (!refused(execve("/bin/true", words, words)))
        return 1;
    if (!refused(syscall(SYS_execveat, 0, "/bin/true", words, words, 0)))
        return 2;
    if (!refused(unshare(CLONE_NEWUSER)))
        return 3;
    if (!refused(mount("none", "/", "tmpfs", 0, NULL)))
        return 4;
    if (!refused(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)))
        return 5;
    if (!refused(syscall(SYS_io_uring_setup, 1, NULL)))
        return 6;
    if (!refused(syscall(SYS_keyctl, 0, 0, 0, 0, 0)))
        return 7;
#ifndef ANNOTATE_ASAN
    if (!refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)))
        return 8;
    if (!refused(fork()))
        return 9;
#endif
    if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
        return 10;
    return probe_sockets() + probe_arguments();
}

/* In a process of its own: a sandbox is for good. */
static void assert_child(int (*probe_it)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child)
        _exit(probe_it());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool wrapped(void)
{
    const char *wrapper = getenv("TIDEPOOL_WRAPPER");

    return wrapper && *wrapper;
}

static void test_refused(void **state)
{
    (void)state;
    if (wrapped())
        skip();
    assert_child(probe);
}

/* ---- Landlock: what the issue asks for, by a process that has been taken over ---- */

static char folder[] = "/tmp/tidepool-sandbox-XXXXXX";
static int listening;
static struct sockaddr_in address = {.sin_family = AF_INET};

static char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* As open(2), and closes it. 0 or the errno. */
static int tried(const char *name, int flags)
{
    int fd = open(name, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int try_to_connect(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

    if (connect(fd, (const struct sockaddr *)&address, sizeof address))
        error = errno;
    close(fd);
    return error;
}

static int note_folders(struct conf *conf)
{
    if (conf_note_path(conf, in_folder("site/"), CONF_READ_FILES) ||
        conf_note_path(conf, in_folder("logs/error.log"), CONF_WRITE_FILES) ||
        conf_note_path(conf, in_folder("uploads"), CONF_MAKE_FILES) ||
        conf_note_path(conf, in_folder("run/control"), CONF_MAKE_SOCKETS))
        return -ENOMEM;
    return 0;
}

static int probe_files(void)
{
    struct pool_options options = {.name = "test"};
    struct conf conf;
    struct sandbox_paths *paths;
    int version;

    if (conf_init(&conf, pool_create(&options), "", NULL) || note_folders(&conf))
        return 1;
    paths = sandbox_paths_create(&conf, true);
    if (!paths || tried("/etc/shadow", O_RDONLY) || try_to_connect())
        return 2;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return 3;
    version = landlock_enter(paths);
    if (version == -ENOSYS || version == -EOPNOTSUPP)
        return 0;
    if (version < 1)
        return 4;
    if (tried("/etc/shadow", O_RDONLY) != EACCES || tried("/", O_RDONLY | O_DIRECTORY) != EACCES)
        return 5;
    if (version >= LANDLOCK_CONNECTS && try_to_connect() != EACCES)
        return 6;
    if (version >= LANDLOCK_SIGNALS && (!kill(getppid(), 0) || errno != EPERM))
        return 7;
    if (tried(in_folder("site/page"), O_RDONLY) || tried(in_folder("site"), O_RDONLY | O_DIRECTORY))
        return 8;
    if (tried(in_folder("site/page"), O_WRONLY) != EACCES ||
        tried(in_folder("site/new"), O_WRONLY | O_CREAT) != EACCES)
        return 9;
    if (tried(in_folder("logs/new.log"), O_WRONLY | O_APPEND | O_CREAT))
        return 10;
    if (tried(in_folder("logs/new.log"), O_RDONLY) != EACCES || !unlink(in_folder("logs/new.log")))
        return 11;
    if (mkdir(in_folder("uploads/1"), 0700) || tried(in_folder("uploads/1/x"), O_RDWR | O_CREAT | O_EXCL) ||
        unlink(in_folder("uploads/1/x")))
        return 12;
    if (tried(in_folder("beside"), O_RDONLY) != EACCES)
        return 13;
    return tried("/proc/self/statm", O_RDONLY) || tried("/dev/null", O_RDWR) ? 14 : 0;
}

static int setup_folders(void **state)
{
    static const char *const folders[] = {"site", "logs", "uploads", "run"};
    socklen_t length = sizeof address;

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    for (unsigned i = 0; i < 4; i++)
        if (mkdir(in_folder(folders[i]), 0700))
            return -1;
    if (tried(in_folder("site/page"), O_WRONLY | O_CREAT) || tried(in_folder("beside"), O_WRONLY | O_CREAT) ||
        tried(in_folder("logs/error.log"), O_WRONLY | O_CREAT))
        return -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(listening, (const struct sockaddr *)&address, length) || listen(listening, 5) ||
           getsockname(listening, (struct sockaddr *)&address, &length);
}

static int remove_folders(void **state)
{
    static const char *const names[] = {"site/page", "beside", "logs/error.log", "logs/new.log", "uploads/1",
                                        "site",      "logs",   "uploads",        "run",          ""};

    (void)state;
    close(listening);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        (void)remove(in_folder(names[i]));
    return 0;
}

static void test_files(void **state)
{
    (void)state;
    if (wrapped() || geteuid()) /* whoever cannot read /etc/shadow shows nothing by it */
        skip();
    assert_child(probe_files);
}

/* ---- what a reload may need ---- */

static int covers(const struct sandbox_paths *paths, const char *name, enum conf_use use)
{
    struct pool_options options = {.name = "test"};
    struct pool *pool = pool_create(&options);
    struct conf conf;
    int result;

    assert_non_null(pool);
    assert_int_equal(conf_init(&conf, pool, "", NULL), 0);
    assert_int_equal(conf_note_path(&conf, name, use), 0);
    result = sandbox_paths_cover(paths, &conf, true);
    if (result)
        assert_non_null(strstr(conf.error, name));
    pool_destroy(pool);
    return result;
}

/* A list of libc's files as they were before others took their names. */
static void replace_what_is_fixed(struct sandbox_paths *paths)
{
    unsigned count = 0;

    for (struct sandbox_path *path = paths->first; path; path = path->next)
        if (!path->asked) {
            path->inode++;
            count++;
        }
    assert_true(count > 0);
}

static void test_cover(void **state)
{
    struct pool_options options = {.name = "test"};
    struct conf conf;
    struct sandbox_paths *paths;
    char site[128], elsewhere[128];

    (void)state;
    assert_int_equal(conf_init(&conf, pool_create(&options), "", NULL), 0);
    assert_int_equal(note_folders(&conf), 0);
    paths = sandbox_paths_create(&conf, true);
    assert_non_null(paths);
    assert_int_equal(covers(paths, in_folder("site/"), CONF_READ_FILES), 0);
    assert_int_equal(covers(paths, in_folder("site/page"), CONF_READ_FILES), 0);
    assert_int_equal(covers(paths, in_folder("site/$host/"), CONF_READ_FILES), 0);
    assert_int_equal(covers(paths, in_folder("logs/other.log"), CONF_WRITE_FILES), 0);
    assert_int_equal(covers(paths, "/dev/null", CONF_WRITE_FILES), 0);
    assert_int_equal(covers(paths, in_folder("run/other"), CONF_MAKE_SOCKETS), 0);
    assert_int_equal(covers(paths, in_folder("pid"), CONF_PID_FILE), 0); /* the supervisor's */
    assert_int_not_equal(covers(paths, in_folder("logs/"), CONF_READ_FILES), 0);
    assert_int_not_equal(covers(paths, in_folder("logs/socket"), CONF_MAKE_SOCKETS), 0);
    assert_int_not_equal(covers(paths, in_folder("site/x.log"), CONF_WRITE_FILES), 0);
    assert_int_not_equal(covers(paths, in_folder("beside"), CONF_READ_FILES), 0);
    assert_int_not_equal(covers(paths, "/", CONF_READ_FILES), 0);

    /* Another folder of the same name is another folder for the kernel. */
    snprintf(site, sizeof site, "%s", in_folder("site"));
    snprintf(elsewhere, sizeof elsewhere, "%s", in_folder("elsewhere"));
    assert_int_equal(rename(site, elsewhere), 0);
    assert_int_equal(mkdir(site, 0700), 0);
    assert_int_not_equal(covers(paths, in_folder("site/"), CONF_READ_FILES), 0);
    assert_int_equal(rmdir(site), 0);
    assert_int_equal(rename(elsewhere, site), 0);

    /* Relative names are those of the folder that this runs in. */
    assert_int_equal(chdir(in_folder("run")), 0);
    assert_int_equal(covers(paths, "socket", CONF_MAKE_SOCKETS), 0);
    assert_int_equal(chdir(in_folder("site")), 0);
    assert_int_not_equal(covers(paths, "socket", CONF_MAKE_SOCKETS), 0);
    assert_int_equal(chdir("/"), 0);

    replace_what_is_fixed(paths);
    assert_int_equal(covers(paths, in_folder("site/"), CONF_READ_FILES), 0);
    sandbox_paths_destroy(paths);
    pool_destroy(conf.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused), cmocka_unit_test(test_files),
                                       cmocka_unit_test(test_cover)};

    return cmocka_run_group_tests(tests, setup_folders, remove_folders);
}
