/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/log/log.h"
#include "server/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-logfile-XXXXXX";
static char path[80], moved[80], errors[80];

static const char *content(const char *name)
{
    static char text[65536];
    int fd = open(name, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    assert_true(length >= 0);
    close(fd);
    text[length] = '\0';
    return text;
}

static struct log_file *get(const char *name)
{
    int error = 0;
    struct log_file *file = log_file_get(name, &error);

    if (file == NULL)
        fail_msg("%s: %s", name, strerror(-error));
    return file;
}

static void put_line(struct log_file *file, const char *line)
{
    log_file_write(file, line, strlen(line));
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    log_thread_set(NULL);
    unlink(path);
    unlink(moved);
    unlink(errors);
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

static void test_shared_by_path_with_dense_ids(void **state)
{
    struct log_file *a = get(path), *b = get(moved), *again = get(path);
    struct log_file *c, *d;

    (void)state;
    assert_ptr_equal(a, again);
    assert_int_equal(a->id, 0);
    assert_int_equal(b->id, 1);
    log_file_put(again);
    put_line(a, "still open\n");
    log_file_put(a);
    c = get(errors); /* takes the free number */
    assert_int_equal(c->id, 0);
    d = get(path);
    assert_int_equal(d->id, 2);
    log_file_put(b);
    log_file_put(c);
    log_file_put(d);
    assert_string_equal(content(path), "still open\n");
}

static void test_how_it_is_opened(void **state)
{
    struct log_file *file = get(path);
    struct stat status;

    (void)state;
    assert_int_equal(fcntl(file->to.fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(file->to.fd, F_GETFL) & (O_APPEND | O_ACCMODE), O_APPEND | O_WRONLY);
    assert_int_equal(fstat(file->to.fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    log_file_put(file);
}

static void test_stderr(void **state)
{
    struct log_file *file = get("stderr");

    (void)state;
    assert_int_equal(file->to.fd, STDERR_FILENO);
    assert_int_equal(log_file_reopen_all((uid_t)-1, (gid_t)-1), 0);
    log_file_put(file);
    assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

static void test_what_cannot_be_opened(void **state)
{
    int error = 0;

    (void)state;
    assert_null(log_file_get("/no/such/folder/x.log", &error));
    assert_int_equal(error, -ENOENT);
    fault_arm(FAULT_SYSTEM, 1, false);
    assert_null(log_file_get(path, &error));
    assert_int_equal(error, -ENOMEM);
    fault_arm(FAULT_SYSTEM, 0, false);
}

static void test_reopen_follows_the_path(void **state)
{
    struct log_file *file = get(path);
    int fd = file->to.fd;

    (void)state;
    put_line(file, "old\n");
    assert_int_equal(rename(path, moved), 0);
    put_line(file, "old too\n");
    assert_int_equal(log_file_reopen_all((uid_t)-1, (gid_t)-1), 0);
    assert_int_equal(file->to.fd, fd);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    put_line(file, "new\n");
    assert_string_equal(content(moved), "old\nold too\n");
    assert_string_equal(content(path), "new\n");
    log_file_put(file);
}

static void test_reopen_that_fails_keeps_the_old_file(void **state)
{
    struct log_file *file = get(path), *said = get(errors);
    struct log log = {.level = LOG_LEVEL_NOTICE, .target = &said->to};

    (void)state;
    log_thread_set(&log);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(log_file_reopen_all((uid_t)-1, (gid_t)-1), 1);
    put_line(file, "goes on\n");
    assert_int_equal(rmdir(path), 0);
    assert_string_equal(content(moved), "goes on\n");
    assert_non_null(strstr(content(errors), "[emerg]"));
    assert_non_null(strstr(content(errors), path));
    log_file_put(file);
    log_file_put(said);
}

static void test_reopen_hands_to_the_user(void **state)
{
    struct log_file *file;
    struct stat status;

    (void)state;
    if (geteuid() != 0)
        skip();
    file = get(path);
    log_file_chown_all(65534, (gid_t)-1);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(log_file_reopen_all(65534, (gid_t)-1), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    log_file_put(file);
}

struct writer {
    struct log_file *file;
    atomic_bool stop;
    unsigned lines;
};

static void *write_lines(void *argument)
{
    struct writer *writer = argument;

    while (!atomic_load(&writer->stop) || writer->lines < 100) {
        put_line(writer->file, "a line of the thread\n");
        writer->lines++;
    }
    return NULL;
}

static unsigned count(const char *name)
{
    FILE *stream = fopen(name, "r");
    char line[64];
    unsigned lines = 0;

    assert_non_null(stream);
    for (; fgets(line, sizeof line, stream) != NULL; lines++)
        assert_string_equal(line, "a line of the thread\n");
    fclose(stream);
    return lines;
}

static void test_threads_write_on_while_it_is_reopened(void **state)
{
    struct writer writer = {.file = get(path)};
    unsigned seen;

    enum { ROUNDS = 20 };
    char names[ROUNDS][96];
    pthread_t thread;
    unsigned failed = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, write_lines, &writer), 0);
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(names[i], sizeof names[i], "%s.%d", moved, i);
        failed += rename(path, names[i]) != 0;
        failed += log_file_reopen_all((uid_t)-1, (gid_t)-1);
        usleep(200);
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(failed, 0);
    seen = count(path);
    for (int i = 0; i < ROUNDS; i++) {
        seen += count(names[i]);
        unlink(names[i]);
    }
    assert_int_equal(seen, writer.lines);
    assert_int_equal(writer.file->to.lost_lines, 0);
    log_file_put(writer.file);
}

static void test_a_full_disk_is_said_once(void **state)
{
    struct log_file *full, *said = get(errors);
    struct log log = {.level = LOG_LEVEL_NOTICE, .target = &said->to};
    struct stat status;
    const char *text;

    (void)state;
    assert_int_equal(stat("/dev/full", &status), 0); /* else opening would make a file of that name */
    assert_true(S_ISCHR(status.st_mode));
    full = get("/dev/full");
    log_thread_set(&log);
    put_line(full, "one\ntwo\n");
    for (int i = 0; i < 50; i++)
        put_line(full, "line\n");
    assert_int_equal(full->to.lost_lines, 52);
    text = content(errors);
    assert_non_null(strstr(text, "[alert]"));
    assert_non_null(
        strstr(text, "write() to \"/dev/full\" failed, 2 lines lost (28: No space left on device)\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    /* a minute later: all that were lost since */
    full->complained_at -= 61;
    put_line(full, "line\n");
    assert_non_null(strstr(content(errors), "51 lines lost"));
    log_file_put(full);
    log_file_put(said);
}

/* The limit on the size of files cuts a write as a full disk does. */
static void test_a_cut_line_does_not_swallow_the_next(void **state)
{
    struct rlimit old, limit;
    struct log_file *file = get(path);

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_file_lost(file, 0, EFBIG); /* its complaint goes out before, not into the middle */
    put_line(file, "first\nsecond\nthird\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(file->to.lost_lines, 2);
    assert_string_equal(content(path), "first\n"); /* the part of the second was taken back */
    put_line(file, "fourth\n");
    put_line(file, "fifth\n");
    assert_string_equal(content(path), "first\nfourth\nfifth\n");
    log_file_put(file);
}

int main(void)
{
    int failures;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shared_by_path_with_dense_ids, tear_down),
        cmocka_unit_test_teardown(test_how_it_is_opened, tear_down),
        cmocka_unit_test_teardown(test_stderr, tear_down),
        cmocka_unit_test_teardown(test_what_cannot_be_opened, tear_down),
        cmocka_unit_test_teardown(test_reopen_follows_the_path, tear_down),
        cmocka_unit_test_teardown(test_reopen_that_fails_keeps_the_old_file, tear_down),
        cmocka_unit_test_teardown(test_reopen_hands_to_the_user, tear_down),
        cmocka_unit_test_teardown(test_threads_write_on_while_it_is_reopened, tear_down),
        cmocka_unit_test_teardown(test_a_full_disk_is_said_once, tear_down),
        cmocka_unit_test_teardown(test_a_cut_line_does_not_swallow_the_next, tear_down),
    };

    umask(022);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/a.log", folder);
    snprintf(moved, sizeof moved, "%s/a.log.1", folder);
    snprintf(errors, sizeof errors, "%s/error.log", folder);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failures;
}
