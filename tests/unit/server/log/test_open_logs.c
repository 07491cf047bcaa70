/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs that stay open: nginx's documentation of open_log_file_cache. Which file is open shows when its
 * name goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/log/open_logs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-logs-XXXXXX";
static struct sgi *sgi;
static struct open_logs *logs;
static int first_free; /* descriptor before the test */

static const char *path_of(unsigned name)
{
    static char path[96];

    snprintf(path, sizeof path, "%s/%u", folder, name);
    return path;
}

static int set_up(void **state)
{
    const struct open_logs_limits limits = {.max = 2, .min_uses = 2, .inactive_ms = 100, .valid_ms = 50};

    (void)state;
    first_free = dup(0);
    close(first_free);
    sgi = sgi_create();
    if (!sgi || sgi_thread_attach(sgi) != 0)
        return -1;
    logs = open_logs_create(sgi, &limits);
    return logs ? 0 : -1;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;
    int next;

    (void)state;
    open_logs_destroy(logs);
    sgi_thread_detach(sgi);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    next = dup(0);
    close(next);
    for (unsigned i = 0; i < 32; i++)
        unlink(path_of(i));
    return stats.live_count || next != first_free; /* memory and descriptors are back */
}

static ino_t use(unsigned name, int64_t now)
{
    struct open_log *log;
    ino_t inode;

    assert_int_equal(open_logs_get(sgi, logs, path_of(name), now, &log), 0);
    assert_int_equal(write(log->fd, "x", 1), 1);
    inode = log->inode;
    open_log_put(log);
    return inode;
}

static ino_t inode_of(unsigned name)
{
    struct stat about;

    return stat(path_of(name), &about) ? 0 : about.st_ino;
}

/* Another file takes the name; the one that had it stays on the disk, so that its inode is not given
 * again. */
static void replace(unsigned name)
{
    char old[112];

    snprintf(old, sizeof old, "%s/%u", folder, name + 16);
    assert_int_equal(rename(path_of(name), old), 0);
}

static void test_min_uses(void **state)
{
    (void)state;
    use(1, 0);
    replace(1);
    assert_true(use(1, 1) == inode_of(1)); /* the first use kept nothing; this one does */
    replace(1);
    use(1, 2);
    assert_int_equal(inode_of(1), 0); /* nobody has made it anew */
}

static void test_valid(void **state)
{
    ino_t first;

    (void)state;
    use(1, 0);
    first = use(1, 1);
    assert_true(use(1, 60) == first); /* looked at, and still the one */
    replace(1);
    assert_true(use(1, 109) == first);
    assert_true(use(1, 111) == inode_of(1) && inode_of(1) != first);
}

static void test_max(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        use(1 + i / 2, i);
    for (unsigned name = 1; name <= 3; name++)
        replace(name);
    use(2, 10);
    use(3, 10);
    use(1, 10);
    assert_true(inode_of(1) && !inode_of(2) && !inode_of(3)); /* the third took the room of the first */
}

static void test_inactive(void **state)
{
    (void)state;
    use(1, 0);
    use(1, 1);
    use(2, 90);
    use(2, 102); /* lets go of what was not written to for long */
    replace(1);
    replace(2);
    use(2, 103);
    assert_int_equal(inode_of(2), 0);
    use(1, 103); /* counted anew */
    assert_true(inode_of(1) != 0);
    replace(1);
    assert_int_equal(rename(path_of(17), path_of(18)), 0);
    use(1, 203); /* the second, but after too long */
    replace(1);
    use(1, 204);
    assert_true(inode_of(1) != 0);
}

static void test_cannot(void **state)
{
    struct open_log *log;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open_logs_get(sgi, logs, "/no/such/folder/log", i, &log), -ENOENT);
        assert_null(log);
    }
}

static void test_none(void **state)
{
    struct open_log *log;

    (void)state;
    assert_int_equal(open_logs_get(sgi, NULL, path_of(1), 0, &log), 0);
    open_log_put(log);
}

enum { THREADS = 4, ROUNDS = 4000, NAMES = 8 };

static void *serve(void *argument)
{
    unsigned seed = *(unsigned *)argument, written = 0;

    if (sgi_thread_attach(sgi) != 0)
        return NULL;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct open_log *log;
        char name[96], old[112];

        seed = seed * 1103515245 + 12345;
        snprintf(name, sizeof name, "%s/%u", folder, seed >> 16 & (NAMES - 1));
        snprintf(old, sizeof old, "%s/%u", folder, (seed >> 16 & (NAMES - 1)) + 16);
        if (open_logs_get(sgi, logs, name, i / 8, &log))
            continue;
        written += write(log->fd, "x", 1) == 1;
        open_log_put(log);
        if (i % 64 == 0)
            (void)rename(name, old);
    }
    sgi_thread_detach(sgi);
    *(unsigned *)argument = written;
    return argument;
}

static void test_threads(void **state)
{
    unsigned work[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        work[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &work[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_non_null(result);
        assert_int_equal(work[i], ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_min_uses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_valid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_max, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inactive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };
    int failures;

    if (!mkdtemp(folder))
        return 1;
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failures;
}
