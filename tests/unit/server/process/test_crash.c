/* SPDX-License-Identifier: BSD-2-Clause */
/* Children crash in each way; what they leave behind is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/log/log.h"
#include "server/log/log_file.h"
#include "server/process/crash.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT "tidepool: [alert] crashed in main: "

static char folder[] = "/tmp/tidepool-crash-XXXXXX";
static char line[64 * 1024];
static volatile int zero;

/* ---- ways to crash; none is inlined or left out, so that the backtrace has its name ---- */

#define CRASHES __attribute__((noinline, used)) static void

CRASHES write_to_null(void)
{
    *(volatile int *)(uintptr_t)zero = 1;
}

CRASHES call_null(void)
{
    void (*volatile nothing)(void) = (void (*)(void))(uintptr_t)zero;

    nothing();
    zero = 0; /* so that the call is not the last thing, a jump */
}

CRASHES divide(void)
{
    zero = 100 / zero;
}

CRASHES overflow(volatile char *above)
{
    volatile char frame[4096];

    frame[0] = above ? *above : 0;
    if (!zero) /* always: until there is no stack */
        overflow(frame);
    frame[1] = frame[0];
}

CRASHES overflow_the_stack(void)
{
    overflow(NULL);
}

static void be_busy(void)
{
    crash_subject = "POST /upload HTTP/1.1\x1b[31m\nsecond line";
    write_to_null();
}

static void be_busy_with_what_is_broken(void)
{
    crash_subject = (const void *)(uintptr_t)8;
    write_to_null();
}

static size_t describe(const void *subject, char *to, size_t size)
{
    size_t length = strnlen(subject, size); /* subject: crashes if it is no text */

    memcpy(to, subject, length);
    return length;
}

static void *in_thread(void *body)
{
    void (*crash)(void);

    memcpy(&crash, &body, sizeof crash);
    if (crash_thread_start("worker", 7, describe))
        _exit(1);
    crash();
    return NULL;
}

static void crash_in_a_thread(void (*body)(void))
{
    pthread_t thread;
    void *data;

    memcpy(&data, &body, sizeof data);
    if (!pthread_create(&thread, NULL, in_thread, data))
        pthread_join(thread, NULL);
}

static void thread_overflows(void)
{
    crash_in_a_thread(overflow_the_stack);
}

static void thread_is_busy(void)
{
    crash_in_a_thread(be_busy);
}

static void thread_is_busy_with_what_is_broken(void)
{
    crash_in_a_thread(be_busy_with_what_is_broken);
}

CRASHES bad_library_call(void)
{
    zero = (int)strlen((const char *)(uintptr_t)zero + 1);
}

/* ---- the child ---- */

/* Its status; what it said on stderr is in `line`. `watched`: with the handlers. */
static int crash(void (*body)(void), bool watched)
{
    char path[] = "said";
    int status, fd;
    ssize_t length;
    pid_t child;

    unlink(path);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        const struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};

        (void)setrlimit(RLIMIT_CORE, &core); /* as far as it may */
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
        dup2(fd, STDERR_FILENO);
        signal(SIGSEGV, SIG_DFL); /* cmocka's */
        signal(SIGFPE, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        if (watched && crash_start("main"))
            _exit(2);
        body();
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    fd = open(path, O_RDONLY);
    length = read(fd, line, sizeof line - 1);
    close(fd);
    assert_true(length >= 0);
    line[length] = '\0';
    return status;
}

static void expect(const char *text)
{
    if (!strstr(line, text))
        fail_msg("\"%s\" is missing in: %s", text, line);
}

/* One whole line, and the status, core included, of the same crash without the handlers. */
static void check(void (*body)(void), int number)
{
    int status = crash(body, false);

    assert_string_equal(line, "");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
    assert_int_equal(crash(body, true), status);
    assert_true(strlen(line) <= PIPE_BUF);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

#define OURS()                                                                                               \
    do {                                                                                                     \
        if (!CRASH_OURS)                                                                                     \
            skip();                                                                                          \
    } while (0)

/* ---- the tests ---- */

static void test_a_write_to_null(void **state)
{
    (void)state;
    OURS();
    check(write_to_null, SIGSEGV);
    expect(SHORT
           "signal 11 (SIGSEGV), code 1 (nothing is mapped there), address 0x0; backtrace: test_crash+0x");
    expect(" (write_to_null), test_crash+0x");
    expect(" (main)");
}

/* addr2line is given what the line says, and finds the line of the source. */
static void test_addr2line_takes_the_offsets(void **state)
{
    char command[PATH_MAX + 128], program[PATH_MAX], said[4096] = "";
    const char *at;
    ssize_t length;
    FILE *tool;

    (void)state;
    OURS();
    if (system("command -v addr2line > /dev/null")) /* NOLINT: a test */
        skip();
    check(write_to_null, SIGSEGV);
    at = strstr(line, "test_crash+");
    assert_non_null(at);
    length = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(length > 0);
    program[length] = '\0';
    snprintf(command, sizeof command, "addr2line -f -e %s %.*s", program, (int)strcspn(at + 11, " ,"),
             at + 11);
    tool = popen(command, "r"); /* NOLINT */
    assert_non_null(tool);
    (void)!fread(said, 1, sizeof said - 1, tool);
    pclose(tool);
    assert_ptr_equal(strstr(said, "write_to_null\n"), said);
    /* Objects that are made for LTO and linked without it have no names of files. */
    assert_true(strstr(said, "test_crash.c:") || strstr(said, "<artificial>:"));
}

static void test_a_call_of_null(void **state)
{
    (void)state;
    OURS();
    check(call_null, SIGSEGV);
    expect("address 0x0; backtrace: 0x0 (no code), test_crash+0x");
    expect(" (call_null), ");
}

static void test_a_division_by_zero(void **state)
{
    (void)state;
    OURS();
    check(divide, SIGFPE);
    expect("signal 8 (SIGFPE), code 1 (division by zero), address 0x");
    expect(" (divide), ");
}

static void test_abort(void **state)
{
    (void)state;
    OURS();
    check(abort, SIGABRT);
    expect("signal 6 (SIGABRT), sent by this process; backtrace: libc.so.6+0x");
    expect(" (main)");
}

static void test_in_a_library(void **state)
{
    (void)state;
    OURS();
    check(bad_library_call, SIGSEGV);
    expect("address 0x1; backtrace: libc.so.6+0x");
    expect(" (bad_library_call), ");
}

static void test_a_stack_that_is_full(void **state)
{
    (void)state;
    OURS();
    check(overflow_the_stack, SIGSEGV);
    expect("signal 11 (SIGSEGV), code ");
    expect(" (overflow), test_crash+0x");
    check(thread_overflows, SIGSEGV);
    expect("crashed in worker 7: signal 11 (SIGSEGV), code ");
    expect(" (overflow), test_crash+0x");
}

/* The request's bytes are a stranger's: they write neither lines nor commands for a terminal. */
static void test_what_the_thread_was_doing(void **state)
{
    (void)state;
    OURS();
    check(thread_is_busy, SIGSEGV);
    expect("tidepool: [alert] crashed in worker 7: signal 11");
    expect("; POST /upload HTTP/1.1\\x1B[31m\\x0Asecond line\n");
}

/* What there is of the line is written, and the first crash is the one that counts. */
static void test_a_crash_in_the_handler(void **state)
{
    (void)state;
    OURS();
    check(thread_is_busy_with_what_is_broken, SIGSEGV);
    expect("crashed in worker 7: signal 11 (SIGSEGV), code 1 (nothing is mapped there), address 0x0; "
           "backtrace: ");
    expect(" (write_to_null), ");
    expect("; then signal 11 (SIGSEGV) in what makes this line\n");
}

static void crash_with_logs(void)
{
    int error;
    struct log_file *file = log_file_get("error.log", &error);
    struct log quiet = {LOG_LEVEL_EMERG, NULL, NULL},
               log = {LOG_LEVEL_ERROR, file ? &file->to : NULL, &quiet};

    log_thread_set(&log);
    write_to_null();
}

/* In the form of every line, where lines of this level go and nowhere else. */
static void test_the_line_is_in_the_error_log(void **state)
{
    char text[8192];
    unsigned pid, tid, year;
    int fd, end = 0;
    ssize_t length;

    (void)state;
    OURS();
    assert_true(WIFSIGNALED(crash(crash_with_logs, true)));
    assert_string_equal(line, "");
    fd = open("error.log", O_RDONLY);
    length = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(length > 0);
    text[length] = '\0';
    assert_int_equal(sscanf(text, "%u/%*2u/%*2u %*2u:%*2u:%*2u [alert] %u#%u: crashed in main: %n", &year,
                            &pid, &tid, &end),
                     3);
    assert_true(end > 0);
    assert_true(year > 2025);
    assert_int_equal(pid, tid);
}

/* Each thread takes its stack back. */
static void *live(void *data)
{
    (void)data;
    assert_int_equal(crash_thread_start("worker", 1, NULL), 0);
    crash_thread_end();
    crash_thread_end();
    return NULL;
}

static void test_threads_that_end(void **state)
{
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pthread_create(&thread, NULL, live, NULL), 0);
        pthread_join(thread, NULL);
    }
}

/* A sanitizer's handlers stay. */
static void test_sanitizers_keep_theirs(void **state)
{
    struct sigaction before, after;

    (void)state;
    if (CRASH_OURS)
        skip();
    sigaction(SIGSEGV, NULL, &before);
    assert_int_equal(crash_start("main"), 0);
    sigaction(SIGSEGV, NULL, &after);
    assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
}

static int set_up(void **state)
{
    (void)state;
    return !mkdtemp(folder) || chdir(folder);
}

static int unlink_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Cores, too, where the system puts them into the folder. */
static int tear_down(void **state)
{
    (void)state;
    return chdir("/") || nftw(folder, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_write_to_null),
        cmocka_unit_test(test_addr2line_takes_the_offsets),
        cmocka_unit_test(test_a_call_of_null),
        cmocka_unit_test(test_a_division_by_zero),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_in_a_library),
        cmocka_unit_test(test_a_stack_that_is_full),
        cmocka_unit_test(test_what_the_thread_was_doing),
        cmocka_unit_test(test_a_crash_in_the_handler),
        cmocka_unit_test(test_the_line_is_in_the_error_log),
        cmocka_unit_test(test_threads_that_end),
        cmocka_unit_test(test_sanitizers_keep_theirs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
