/* SPDX-License-Identifier: BSD-2-Clause */
/* The pid file: written, read, removed, and what happens when one of these is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/process/pid_file.h"

static char folder[] = "/tmp/tidepool-pid-XXXXXX";
static char path[80];

static int write_pid(struct pid_file *file, const char *name, pid_t pid)
{
    int error = pid_file_open(file, name);

    return error ? error : pid_file_write(file, pid);
}

static void end(struct pid_file *file, pid_t pid)
{
    pid_file_end(file, pid, log_before_config());
}

static void test_the_pid_file(void **state)
{
    struct pid_file file, other;
    struct stat status;
    FILE *stream;

    (void)state;
    assert_int_equal(pid_file_read(path), -ENOENT);
    assert_int_equal(write_pid(&other, path, 123456), 0);
    assert_int_equal(pid_file_read(path), 123456);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_int_equal(status.st_size, 7);
    assert_int_equal(write_pid(&file, path, 7), 0); /* shorter than before */
    assert_int_equal(pid_file_read(path), 7);
    end(&other, 123456); /* another one's by now */
    assert_int_equal(pid_file_read(path), 7);
    end(&file, 7);
    assert_int_equal(pid_file_read(path), -ENOENT);
    end(&file, 7); /* there is none any more */
    stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("12x\n", stream);
    fclose(stream);
    assert_int_equal(pid_file_read(path), -EINVAL);
    unlink(path);
    assert_int_equal(write_pid(&file, "/no/such/folder/pid", 1), -ENOENT);
}

/* nginx: the suffix .oldbin while a new binary runs, whose file has the name meanwhile. */
static void test_one_that_is_put_aside(void **state)
{
    struct pid_file file, other, none = PID_FILE_NONE;
    char old[PATH_MAX], name[PATH_MAX];

    (void)state;
    assert_int_equal(pid_file_old_name(path, old), 0);
    assert_string_equal(old + strlen(path), ".oldbin");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 2] = '\0';
    assert_int_equal(pid_file_old_name(name, old), -ENAMETOOLONG);
    assert_int_equal(pid_file_old_name(path, old), 0);
    assert_int_equal(write_pid(&file, path, 7), 0);
    assert_int_equal(pid_file_put_aside(&file), 0);
    assert_int_equal(pid_file_read(path), -ENOENT);
    assert_int_equal(pid_file_read(old), 7);
    assert_int_equal(write_pid(&other, path, 8), 0);
    assert_int_equal(pid_file_take_back(&file), 0); /* also from one that could not tidy up */
    assert_int_equal(pid_file_read(path), 7);
    assert_int_equal(pid_file_read(old), -ENOENT);
    end(&other, 8);
    assert_int_equal(pid_file_take_back(&file), 0); /* it is back */
    assert_int_equal(pid_file_put_aside(&file), 0);
    assert_int_equal(write_pid(&other, path, 8), 0);
    end(&file, 7); /* the old one's own, and not the new one's */
    assert_int_equal(pid_file_read(old), -ENOENT);
    assert_int_equal(pid_file_read(path), 8);
    unlink(path);
    assert_int_equal(pid_file_put_aside(&other), -ENOENT);
    close(other.fd);
    assert_int_equal(pid_file_put_aside(&none), 0);
    assert_int_equal(write_pid(&file, "/dev/null", 7), 0);
    assert_int_equal(pid_file_put_aside(&file), 0);
    end(&file, 7);
    assert_int_equal(access("/dev/null", F_OK), 0);
}

static void test_one_that_is_not_written(void **state)
{
    struct pid_file file, other;

    (void)state;
    assert_int_equal(pid_file_open(&file, path), 0);
    assert_int_equal(pid_file_read(path), -EINVAL); /* there, with nothing in it yet */
    end(&file, 7);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(write_pid(&other, path, 7), 0);
    assert_int_equal(pid_file_open(&file, path), 0);
    assert_int_equal(pid_file_read(path), 7); /* another one's, as long as nothing is written */
    end(&file, 8);
    assert_int_equal(pid_file_read(path), 7);
    end(&other, 7);
}

/* In a process of its own, which may change what it is. */
static int in_child(int (*body)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child)
        _exit(body());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int write_beyond_the_limit(void)
{
    struct rlimit limit = {.rlim_cur = 1, .rlim_max = 1};
    struct pid_file file;

    signal(SIGXFSZ, SIG_IGN);
    return !setrlimit(RLIMIT_FSIZE, &limit) && write_pid(&file, path, 12) < 0 ? 0 : 1;
}

static void test_one_that_cannot_be_written(void **state)
{
    struct pid_file file;
    struct stat status;

    (void)state;
    assert_int_equal(in_child(write_beyond_the_limit), 0);
    assert_int_equal(pid_file_read(path), -ENOENT); /* half a number does not stay */
    /* A device is not removed. The link stands between the test and the machine's own, should that ever
     * break. */
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_int_equal(write_pid(&file, path, 1), -ENOSPC);
    assert_int_equal(lstat(path, &status), 0);
    unlink(path);
}

/* As a server that has dropped its privileges: the folder is another user's, the descriptor is ours. */
static int end_as_another_user(void)
{
    struct pid_file file;

    if (write_pid(&file, path, 12) || setuid(65534))
        return 1;
    end(&file, 12);
    return 0;
}

static void test_one_that_may_not_be_removed(void **state)
{
    struct stat status;

    (void)state;
    if (geteuid())
        skip();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(in_child(end_as_another_user), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0); /* no number that another process may have by now */
    assert_int_equal(pid_file_read(path), -EINVAL);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pid_file),
        cmocka_unit_test(test_one_that_is_put_aside),
        cmocka_unit_test(test_one_that_is_not_written),
        cmocka_unit_test(test_one_that_cannot_be_written),
        cmocka_unit_test(test_one_that_may_not_be_removed),
    };
    int failed;

    umask(022);
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/pid", folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
