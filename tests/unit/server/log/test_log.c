/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/sysmem.h"
#include "server/log/log.h"
#include "server/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-log-XXXXXX";
static char path[64], other_path[64], stderr_path[64];
static struct log_file *file;
static int real_stderr;

static const char *content(const char *name)
{
    static char text[8192];
    int fd = open(name, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    assert_true(length >= 0);
    close(fd);
    text[length] = '\0';
    return text;
}

static int set_up(void **state)
{
    int error, fd;

    (void)state;
    file = log_file_get(path, &error);
    fd = open(stderr_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    real_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    return file == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_stderr_copy(false);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    log_file_put(file);
    unlink(path);
    unlink(stderr_path);
    return 0;
}

static void test_the_line(void **state)
{
    struct log log = {.level = LOG_LEVEL_ERROR, .target = &file->to};
    char expected[200];
    int year, month, day, hour, minute, second, at = 0;
    const char *line;

    (void)state;
    errno = EAGAIN;
    log_write(&log, LOG_LEVEL_ERROR, ENOENT, "open() \"%s\" failed", "/x");
    assert_int_equal(errno, EAGAIN);
    line = content(path);
    assert_int_equal(
        sscanf(line, "%4d/%2d/%2d %2d:%2d:%2d %n", &year, &month, &day, &hour, &minute, &second, &at), 6);
    assert_int_equal(at, 20);
    snprintf(expected, sizeof expected,
             "[error] %d#%d: open() \"/x\" failed (2: No such file or directory)\n", (int)getpid(),
             (int)gettid());
    assert_string_equal(line + at, expected);
    assert_string_equal(content(stderr_path), "");
}

static void test_levels_and_chains(void **state)
{
    int error;
    struct log_file *other = log_file_get(other_path, &error);
    struct log second = {.level = LOG_LEVEL_DEBUG, .target = &other->to};
    struct log log = {.level = LOG_LEVEL_CRIT, .target = &file->to, .next = &second};

    (void)state;
    assert_true(log_enabled(&log, LOG_LEVEL_DEBUG));
    second.level = LOG_LEVEL_INFO;
    assert_false(log_enabled(&log, LOG_LEVEL_DEBUG));
    log_write(&log, LOG_LEVEL_DEBUG, 0, "nobody");
    log_write(&log, LOG_LEVEL_INFO, 0, "second");
    log_write(&log, LOG_LEVEL_CRIT, 0, "both");
    assert_null(strstr(content(path), "second"));
    assert_non_null(strstr(content(path), "[crit]"));
    assert_non_null(strstr(content(path), "both\n"));
    assert_non_null(strstr(content(other_path), "second\n"));
    assert_non_null(strstr(content(other_path), "both\n"));
    assert_null(strstr(content(other_path), "nobody"));
    log_file_put(other);
}

static void test_control_bytes_cannot_forge_lines(void **state)
{
    struct log log = {.level = LOG_LEVEL_INFO, .target = &file->to};

    (void)state;
    log_write(&log, LOG_LEVEL_INFO, 0, "a\nb\x1b[2J\x7f\r\xc3\xa4");
    assert_non_null(strstr(content(path), ": a\\x0Ab\\x1B[2J\\x7F\\x0D\xc3\xa4\n"));
    /* ECMA-48 8.3: a terminal takes 0x9b for ESC [, as a byte of its own or as U+009B. */
    log_write(&log, LOG_LEVEL_INFO, 0,
              "c\x9b"
              "2J\xc2\x9b"
              "2J\xc2\x85\xe2\x82\xac\xc0\x9b\xff\xe2\x82");
    assert_non_null(
        strstr(content(path), ": c\\x9B2J\\xC2\\x9B2J\\xC2\\x85\xe2\x82\xac\\xC0\\x9B\\xFF\\xE2\\x82\n"));
}

static void test_long_lines_are_cut(void **state)
{
    struct log log = {.level = LOG_LEVEL_INFO, .target = &file->to};
    static char text[3000];

    (void)state;
    for (size_t length = 1900; length < 2100; length += 7) {
        const char *line;

        memset(text, length % 2 ? 'x' : '\n', length); /* escaping makes it longer still */
        text[length] = '\0';
        assert_int_equal(truncate(path, 0), 0);
        log_write(&log, LOG_LEVEL_INFO, EACCES, "%s", text);
        line = content(path);
        assert_true(strlen(line) <= LOG_LINE_MAX);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    }
    assert_int_equal(strlen(content(path)), LOG_LINE_MAX);
}

static void test_before_a_configuration(void **state)
{
    (void)state;
    assert_ptr_equal(log_thread(), log_before_config());
    log_write(log_before_config(), LOG_LEVEL_EMERG, 0, "unknown directive \"x\"");
    log_write(log_before_config(), LOG_LEVEL_INFO, 0, "chatter");
    log_write(log_before_config(), LOG_LEVEL_STDERR, 0, "usage");
    assert_string_equal(content(stderr_path), "tidepool: [emerg] unknown directive \"x\"\ntidepool: usage\n");
}

static void test_the_copy_on_stderr(void **state)
{
    int error;
    struct log_file *on_stderr = log_file_get("stderr", &error);
    struct log log = {.level = LOG_LEVEL_EMERG, .target = &file->to};
    struct log plain = {.level = LOG_LEVEL_WARN, .target = &on_stderr->to};
    const char *text;

    (void)state;
    log_set_stderr_copy(true);
    assert_true(log_enabled(&log, LOG_LEVEL_WARN));
    assert_false(log_enabled(&log, LOG_LEVEL_NOTICE));
    log_write(&log, LOG_LEVEL_EMERG, EADDRINUSE, "bind() to 0.0.0.0:80 failed");
    log_write(&log, LOG_LEVEL_NOTICE, 0, "not this");
    assert_string_equal(content(stderr_path),
                        "tidepool: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n");
    assert_non_null(strstr(content(path), "bind()"));
    /* a log that goes to stderr anyway is not said twice */
    assert_int_equal(truncate(stderr_path, 0), 0);
    log_write(&plain, LOG_LEVEL_WARN, 0, "once");
    text = content(stderr_path);
    assert_null(strstr(text, "tidepool:"));
    assert_non_null(strstr(text, "[warn]"));
    log_set_stderr_copy(false);
    log_write(&log, LOG_LEVEL_WARN, 0, "no more");
    assert_null(strstr(content(stderr_path), "no more"));
    log_file_put(on_stderr);
}

static void test_the_thread_s_log(void **state)
{
    struct log log = {.level = LOG_LEVEL_INFO, .target = &file->to};

    (void)state;
    log_thread_set(&log);
    assert_ptr_equal(log_thread(), &log);
    log_thread_set(NULL);
    assert_ptr_equal(log_thread(), log_before_config());
}

static void test_severities(void **state)
{
    (void)state;
    assert_int_equal(log_level_of_errno(ECONNRESET), LOG_LEVEL_INFO);
    assert_int_equal(log_level_of_errno(-EPIPE), LOG_LEVEL_INFO);
    assert_int_equal(log_level_of_errno(ETIMEDOUT), LOG_LEVEL_INFO);
    assert_int_equal(log_level_of_errno(ENOTCONN), LOG_LEVEL_INFO);
    assert_int_equal(log_level_of_errno(-EMFILE), LOG_LEVEL_CRIT);
    assert_int_equal(log_level_of_errno(ENOSPC), LOG_LEVEL_CRIT);
    assert_int_equal(log_level_of_errno(EBADF), LOG_LEVEL_ALERT);
    assert_int_equal(log_level_of_errno(EIO), LOG_LEVEL_ERROR);
}

static void test_nothing_is_allocated(void **state)
{
    struct log log = {.level = LOG_LEVEL_INFO, .target = &file->to};
    struct sysmem_stats before, after;

    (void)state;
    sysmem_stats(&before);
    log_write(&log, LOG_LEVEL_INFO, ENOENT, "quiet");
    sysmem_stats(&after);
    assert_memory_equal(before.calls, after.calls, sizeof before.calls);
}

int main(void)
{
    int failures;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels_and_chains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_control_bytes_cannot_forge_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_before_a_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_copy_on_stderr, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_thread_s_log, set_up, tear_down),
        cmocka_unit_test(test_severities),
        cmocka_unit_test_setup_teardown(test_nothing_is_allocated, set_up, tear_down),
    };

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/error.log", folder);
    snprintf(other_path, sizeof other_path, "%s/other.log", folder);
    snprintf(stderr_path, sizeof stderr_path, "%s/stderr", folder);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(other_path);
    rmdir(folder);
    return failures;
}
