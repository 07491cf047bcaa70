/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/annotate.h"
#include "server/log/log.h"
#include "server/process/sandbox.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
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

/* The number of the first that is wrong; 0: none. */
static int probe(void)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    pthread_t thread;

    sandbox_prepare();
    sandbox_enter(log_before_config());
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
    return 0;
}

static void test_refused(void **state)
{
    const char *wrapper = getenv("TIDEPOOL_WRAPPER");
    int status;
    pid_t child;

    (void)state;
    if (wrapper && *wrapper)
        skip();
    child = fork();
    assert_true(child >= 0);
    if (!child)
        _exit(probe());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
