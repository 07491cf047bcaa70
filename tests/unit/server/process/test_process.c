/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/process/cgroup.h"
#include "server/log/log.h"
#include "server/process/pid_file.h"
#include "server/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-process-XXXXXX";
static char path[80];

/* In a process of its own, which may change what it is; returns what `body` returned. */
static int in_child(int (*body)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(body());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int write_pid(const char *name, pid_t pid)
{
    struct pid_file file;
    int error = pid_file_open(&file, name);

    return error ? error : pid_file_write(&file, pid);
}

/* 0: closed streams became /dev/null, and the one that was open stayed what it was. */
static int open_streams(void)
{
    struct stat status, null, before;

    close(STDIN_FILENO);
    close(STDERR_FILENO);
    if (fstat(STDOUT_FILENO, &before) || stat("/dev/null", &null))
        return 1;
    process_open_streams();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd += 2)
        if (fstat(fd, &status) || status.st_rdev != null.st_rdev || status.st_ino != null.st_ino)
            return 2;
    if (fstat(STDOUT_FILENO, &status) || status.st_ino != before.st_ino || status.st_dev != before.st_dev)
        return 3;
    return open("/dev/null", O_RDONLY) > STDERR_FILENO ? 0 : 4;
}

static void test_closed_streams(void **state)
{
    (void)state;
    assert_int_equal(in_child(open_streams), 0);
}

static int daemonise(void)
{
    pid_t before = getpid();

    if (process_daemonise() != 0)
        return 1;
    /* here runs the grandchild; what it finds out goes into the file */
    struct stat in, null;
    bool good = getpid() != before && getsid(0) == getpid() && fstat(STDIN_FILENO, &in) == 0 &&
                stat("/dev/null", &null) == 0 && in.st_rdev == null.st_rdev && in.st_ino == null.st_ino;
    _exit(write_pid(path, good ? getpid() : 1) != 0);
}

static void test_a_daemon(void **state)
{
    pid_t pid = -1;

    (void)state;
    assert_int_equal(in_child(daemonise), 0); /* the parent leaves with 0 */
    for (int i = 0; i < 500 && pid < 0; i++, usleep(10000))
        pid = pid_file_read(path);
    assert_true(pid > 1);
    unlink(path);
}

static int limit_descriptors(void)
{
    struct rlimit limit;

    if (process_set_nofile(77) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    if (limit.rlim_cur != 77 || limit.rlim_max < 77)
        return 2;
    limit.rlim_max = 77;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 3;
    if (geteuid() == 0 && setuid(65534) != 0)
        return 4;
    return process_set_nofile(78) == -EPERM ? 0 : 5;
}

/* valgrind keeps the limits and the capabilities of what runs in it to itself. */
static bool is_wrapped(void)
{
    const char *wrapper = getenv("TIDEPOOL_WRAPPER");

    return wrapper && *wrapper;
}

static void test_the_limit_of_descriptors(void **state)
{
    (void)state;
    if (is_wrapped())
        skip();
    assert_int_equal(in_child(limit_descriptors), 0);
}

static int become_nobody(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct before[2], after[2];
    const uint32_t bind_service = 1U << CAP_NET_BIND_SERVICE;
    uid_t real, effective, saved;

    if (syscall(SYS_capget, &header, before) != 0)
        return 1;
    if (process_drop_privileges("nobody", NULL, log_before_config()) != 0)
        return 2;
    if (getresuid(&real, &effective, &saved) != 0 || real != 65534 || effective != 65534 || saved != 65534)
        return 3;
    if (getgid() != 65534 || getegid() != 65534 || getgroups(0, NULL) > 1)
        return 4;
    if (syscall(SYS_capget, &header, after) != 0)
        return 5;
    if (after[0].effective != (before[0].permitted & bind_service) ||
        after[0].permitted != after[0].effective || after[1].permitted != 0 || after[0].inheritable != 0)
        return 6;
    return setuid(0) == 0 ? 7 : 0;
}

static int no_such_user(void)
{
    return process_drop_privileges("no-such-user", NULL, log_before_config()) == -ENOENT ? 0 : 1;
}

static int not_root(void)
{
    if (setuid(65534) != 0)
        return 1;
    return process_drop_privileges("daemon", NULL, log_before_config()) == 0 && getuid() == 65534 ? 0 : 2;
}

static void test_privileges(void **state)
{
    (void)state;
    if (geteuid() != 0 || is_wrapped())
        skip();
    assert_int_equal(in_child(become_nobody), 0);
    assert_int_equal(in_child(no_such_user), 0);
    assert_int_equal(in_child(not_root), 0);
}

static void test_users_and_groups(void **state)
{
    const char *missing = NULL;
    uid_t uid = 1;
    gid_t gid = 1;

    (void)state;
    assert_int_equal(process_find_user("root", NULL, &uid, &gid, &missing), 0);
    assert_int_equal(uid, 0);
    assert_int_equal(gid, 0);
    assert_int_equal(process_find_user("root", "daemon", &uid, &gid, NULL), 0);
    assert_int_equal(gid, getgrnam("daemon")->gr_gid);
    assert_int_equal(process_find_user("no-such-user", NULL, &uid, &gid, &missing), -ENOENT);
    assert_string_equal(missing, "no-such-user");
    assert_int_equal(process_find_user("root", "no-such-group", &uid, &gid, &missing), -ENOENT);
    assert_string_equal(missing, "no-such-group");
}

static int one_processor(void)
{
    cpu_set_t all, one;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return 1;
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        return 2;
    return process_cpus() == 1 ? 0 : 3;
}

static void test_processors(void **state)
{
    (void)state;
    assert_in_range(process_cpus(), 1, (unsigned)sysconf(_SC_NPROCESSORS_CONF));
    assert_int_equal(in_child(one_processor), 0);
}

/* A folder that stands for /, with one file of one line in it. */
static void put(const char *name, const char *text)
{
    char full[256];

    snprintf(full, sizeof full, "%s/%s", folder, name);
    for (char *slash = full + sizeof folder; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *stream = fopen(full, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void test_quota_of_version_2(void **state)
{
    static const struct {
        const char *text;
        unsigned quota;
    } cases[] = {
        {"max 100000\n", 0},
        {"100000 100000\n", 1},
        {"150000 100000\n", 2},
        {"1000 100000\n", 1},
        {"200001 100000\n", 3},
        {"400000 100000\n", 4},
        {"\n", 0},
        {"-1 100000\n", 0},
        {"100000\n", 0},
        {"9223372036854775807 1\n", 0},
    };

    (void)state;
    assert_int_equal(cgroup_cpu_quota(folder), 0); /* nothing is there */
    put("proc/self/cgroup", "0::/a/b\n");
    assert_int_equal(cgroup_cpu_quota(folder), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("sys/fs/cgroup/a/b/cpu.max", cases[i].text);
        assert_int_equal(cgroup_cpu_quota(folder), cases[i].quota);
    }
    put("sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"); /* the group above has less */
    put("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    assert_int_equal(cgroup_cpu_quota(folder), 2);
    put("proc/self/cgroup", "0::/../outside\n"); /* a namespace hides the way: the mount itself */
    put("sys/fs/cgroup/cpu.max", "500000 100000\n");
    assert_int_equal(cgroup_cpu_quota(folder), 5);
}

static void test_quota_of_version_1(void **state)
{
    (void)state;
    put("proc/self/cgroup", "12:cpuset:/\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n");
    assert_int_equal(cgroup_cpu_quota(folder), 0);
    put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "250000\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cgroup_cpu_quota(folder), 3);
    put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(cgroup_cpu_quota(folder), 0);
}

/* memory.max of version 2 (cgroup-v2.rst), memory.limit_in_bytes of version 1 (cgroup-v1/memory.rst). */
static void test_memory_of_a_container(void **state)
{
    static const struct {
        const char *text;
        uint64_t limit;
    } cases[] = {
        {"max\n", 0},
        {"268435456\n", 268435456},
        {"9223372036854771712\n", 0}, /* version 1, no limit: LONG_MAX rounded down to a page */
        {"9223372036854775807\n", 0},
        {"0\n", 0},
        {"-1\n", 0},
        {"\n", 0},
        {"", 0},
    };
    const char *const files[][2] = {
        {"0::/c/d\n", "sys/fs/cgroup/c/d/memory.max"},
        {"3:memory:/docker/1\n1:cpu:/x\n", "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes"},
    };

    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        put("proc/self/cgroup", files[f][0]);
        assert_int_equal(cgroup_memory_limit(folder), 0); /* nothing is there */
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            put(files[f][1], cases[i].text);
            assert_int_equal(cgroup_memory_limit(folder), cases[i].limit);
        }
    }
    /* A container sees its own group as the mount; a machine with both versions has the lower limit. */
    put("proc/self/cgroup", "3:cpu,memory:/docker/2\n0::/\n");
    put("sys/fs/cgroup/cpu,memory/memory.limit_in_bytes", "1048576\n");
    assert_int_equal(cgroup_memory_limit(folder), 1048576);
    put("sys/fs/cgroup/memory.max", "524288\n");
    assert_int_equal(cgroup_memory_limit(folder), 524288);
    put("sys/fs/cgroup/memory.max", "2097152\n");
    assert_int_equal(cgroup_memory_limit(folder), 1048576);
}

static int write_to_nobody(void)
{
    int ends[2];

    process_ignore_signals();
    if (pipe(ends) != 0)
        return 1;
    close(ends[0]);
    return write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2;
}

static int write_too_far(void)
{
    const struct rlimit limit = {1, 1};
    int fd = open("/tmp", O_TMPFILE | O_WRONLY, 0600);

    process_ignore_signals();
    if (fd < 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    return write(fd, "x", 1) == 1 && write(fd, "x", 1) < 0 && errno == EFBIG ? 0 : 2;
}

static void test_ignored_signals(void **state)
{
    (void)state;
    assert_int_equal(in_child(write_to_nobody), 0);
    assert_int_equal(in_child(write_too_far), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_streams),           cmocka_unit_test(test_a_daemon),
        cmocka_unit_test(test_the_limit_of_descriptors), cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_users_and_groups),         cmocka_unit_test(test_processors),
        cmocka_unit_test(test_quota_of_version_2),       cmocka_unit_test(test_quota_of_version_1),
        cmocka_unit_test(test_memory_of_a_container),    cmocka_unit_test(test_ignored_signals),
    };
    char command[96];

    umask(022);
    if (mkdtemp(folder) == NULL)
        return 1;
    chmod(folder, 0777); /* for the child that has become nobody */
    snprintf(path, sizeof path, "%s/pid", folder);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failures;
}
