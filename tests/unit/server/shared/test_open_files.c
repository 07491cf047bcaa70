/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/open_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-files-XXXXXX";
static char path[64], other[64];
static struct sgi *sgi;
static unsigned descriptors; /* open before the test */
static const struct open_file_options options = {.valid_ms = 1000, .min_uses = 1};

static unsigned count_descriptors(void)
{
    DIR *listing = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(listing);
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count;
}

static void write_file(const char *name, const char *text)
{
    FILE *stream = fopen(name, "w");

    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static int set_up(void **state)
{
    (void)state;
    write_file(path, "hello");
    descriptors = count_descriptors();
    sgi = sgi_create();
    return sgi == NULL || sgi_thread_attach(sgi) != 0;
}

static int tear_down(void **state)
{
    struct sgi_stats left;
    struct sysmem_stats stats;

    (void)state;
    sgi_thread_detach(sgi);
    sgi_stats(sgi, &left);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    unlink(path);
    unlink(other);
    return left.out_bytes != 0 || left.large_count != 0 || stats.live_count != 0 ||
           count_descriptors() != descriptors;
}

static struct open_file_cache *create(unsigned max)
{
    struct open_file_cache *cache = open_files_create(sgi, max, 60000);

    assert_non_null(cache);
    return cache;
}

static struct open_file *get(struct open_file_cache *cache, const char *name, int64_t now_ms)
{
    struct open_file *file;

    assert_int_equal(open_files_get(sgi, cache, name, &options, now_ms, &file), 0);
    return file;
}

static void assert_content(const struct open_file *file, const char *expected)
{
    char text[64] = "";

    assert_int_equal(file->size, strlen(expected));
    assert_true(pread(file->fd, text, sizeof text - 1, 0) >= 0);
    assert_string_equal(text, expected);
}

static void test_without_a_cache(void **state)
{
    struct open_file *a = get(NULL, path, 0), *b = get(NULL, path, 0), *missing;
    struct stat status;

    (void)state;
    assert_ptr_not_equal(a, b);
    assert_content(a, "hello");
    assert_true(a->is_regular);
    assert_int_equal(fcntl(a->fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstat(a->fd, &status), 0);
    assert_int_equal(a->ino, status.st_ino);
    assert_int_equal(a->mtime.tv_nsec, status.st_mtim.tv_nsec);
    open_files_put(a);
    assert_content(b, "hello");
    assert_ptr_equal(open_files_hold(b), b);
    open_files_put(b);
    assert_content(b, "hello");
    open_files_put(b);
    assert_int_equal(open_files_get(sgi, NULL, other, NULL, 0, &missing), -ENOENT);
    assert_null(missing);
}

static void test_directories_and_strange_things(void **state)
{
    struct open_file *directory = get(NULL, folder, 0), *device = get(NULL, "/dev/null", 0), *fifo;

    (void)state;
    assert_true(directory->is_directory);
    assert_false(directory->is_regular);
    assert_int_equal(directory->fd, -1);
    assert_false(device->is_regular);
    assert_int_equal(device->fd, -1);
    open_files_put(directory);
    open_files_put(device);
    assert_int_equal(mkfifo(other, 0600), 0);
    fifo = get(NULL, other, 0); /* does not wait for a writer */
    assert_false(fifo->is_regular || fifo->is_directory);
    open_files_put(fifo);
}

static void test_shared_and_kept(void **state)
{
    struct open_file_cache *cache = create(100);
    struct open_file *a = get(cache, path, 1000), *b = get(cache, path, 1500);

    (void)state;
    assert_ptr_equal(a, b);
    open_files_put(a);
    open_files_put(b);
    assert_int_equal(count_descriptors(), descriptors + 1); /* kept without users */
    assert_ptr_equal(get(cache, path, 1900), a);
    open_files_destroy(cache);
    assert_content(a, "hello"); /* outlives the cache */
    open_files_put(a);
}

static void test_believed_then_checked(void **state)
{
    struct open_file_cache *cache = create(100);
    struct open_file *old = get(cache, path, 1000), *now;

    (void)state;
    write_file(other, "another file");
    assert_int_equal(rename(other, path), 0);
    now = get(cache, path, 1999);
    assert_ptr_equal(now, old);
    open_files_put(now);
    now = get(cache, path, 2000);
    assert_ptr_not_equal(now, old);
    assert_content(now, "another file");
    assert_content(old, "hello"); /* for who began with it */
    open_files_put(old);
    open_files_put(now);
    /* unchanged: the same, and believed for another while from the check on */
    assert_ptr_equal(get(cache, path, 3500), now);
    open_files_put(now);
    assert_int_equal(unlink(path), 0);
    assert_ptr_equal(get(cache, path, 4499), now);
    open_files_put(now);
    assert_int_equal(open_files_get(sgi, cache, path, &options, 4500, &now), -ENOENT);
    assert_int_equal(open_files_count(cache), 0);
    open_files_destroy(cache);
}

static void test_grown_in_place(void **state)
{
    struct open_file_cache *cache = create(100);
    struct open_file *file = get(cache, path, 1000);

    (void)state;
    open_files_put(file);
    write_file(path, "hello, longer");
    file = get(cache, path, 2000);
    assert_content(file, "hello, longer");
    open_files_put(file);
    open_files_destroy(cache);
}

static void test_errors_are_remembered_when_asked(void **state)
{
    struct open_file_options with = {.valid_ms = 1000, .min_uses = 1, .cache_errors = true};
    struct open_file_cache *cache = create(100);
    struct open_file *file;

    (void)state;
    assert_int_equal(open_files_get(sgi, cache, other, &options, 1000, &file), -ENOENT);
    assert_int_equal(open_files_count(cache), 0);
    assert_int_equal(open_files_get(sgi, cache, other, &with, 1000, &file), -ENOENT);
    assert_int_equal(open_files_count(cache), 1);
    write_file(other, "there");
    assert_int_equal(open_files_get(sgi, cache, other, &with, 1999, &file), -ENOENT);
    assert_null(file);
    /* a location without cache_errors does not believe it */
    assert_int_equal(open_files_get(sgi, cache, other, &options, 1999, &file), 0);
    open_files_put(file);
    unlink(other);
    assert_int_equal(open_files_get(sgi, cache, other, &with, 5000, &file), -ENOENT);
    write_file(other, "again");
    assert_int_equal(open_files_get(sgi, cache, other, &with, 6000, &file), 0);
    assert_content(file, "again");
    open_files_put(file);
    open_files_destroy(cache);
}

static void test_min_uses(void **state)
{
    struct open_file_options twice = {.valid_ms = 1000, .min_uses = 2};
    struct open_file_cache *cache = create(100);
    struct open_file *file;

    (void)state;
    assert_int_equal(open_files_get(sgi, cache, path, &twice, 1000, &file), 0);
    open_files_put(file);
    assert_int_equal(open_files_count(cache), 1);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(open_files_get(sgi, cache, path, &twice, 1000, &file), 0);
    open_files_put(file);
    assert_int_equal(count_descriptors(), descriptors + 1);
    open_files_destroy(cache);
}

static void test_bounded_and_least_recently_used(void **state)
{
    struct open_file_cache *cache = create(2);
    struct open_file *file;
    char name[96];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%s/%d", folder, i);
        write_file(name, "x");
        file = get(cache, name, 1000 + i);
        open_files_put(file);
        assert_in_range(open_files_count(cache), 1, 2);
        assert_in_range(count_descriptors(), descriptors + 1, descriptors + 2);
    }
    /* the newest is still there: not opened anew though it is gone */
    assert_int_equal(unlink(name), 0);
    open_files_put(get(cache, name, 1040));
    for (int i = 0; i < 39; i++) {
        snprintf(name, sizeof name, "%s/%d", folder, i);
        unlink(name);
    }
    open_files_destroy(cache);
}

static void test_unused_ones_go(void **state)
{
    struct open_file_cache *cache = create(1000);
    struct open_file *held;
    char name[96];

    (void)state;
    for (int i = 0; i < 200; i++) { /* more than one hold of a lock takes out */
        snprintf(name, sizeof name, "%.40s%.*s", folder, i % 50 + 1,
                 "//////////////////////////////////////////////////");
        open_files_put(get(cache, name, 1000));
    }
    held = get(cache, path, 50000);
    open_files_expire(cache, 60999);
    assert_int_equal(open_files_count(cache), 51);
    open_files_expire(cache, 61000);
    assert_int_equal(open_files_count(cache), 1);
    open_files_expire(cache, 110000);
    assert_int_equal(open_files_count(cache), 0);
    assert_content(held, "hello");
    open_files_put(held);
    open_files_destroy(cache);
}

static void test_no_memory_at_any_point(void **state)
{
    struct open_file_cache *cache;
    struct open_file *file;

    (void)state;
    fault_arm(FAULT_SYSTEM, 1, false);
    assert_null(open_files_create(sgi, 10, 1000));
    fault_arm(FAULT_SYSTEM, 0, false);
    cache = create(10);
    fault_arm(FAULT_SGI, 1, false);
    assert_int_equal(open_files_get(sgi, cache, path, &options, 1000, &file), -ENOMEM);
    assert_null(file);
    fault_arm(FAULT_SGI, 2, false); /* the entry: the file is served, and not remembered */
    assert_int_equal(open_files_get(sgi, cache, path, &options, 1000, &file), 0);
    fault_arm(FAULT_SGI, 0, false);
    assert_content(file, "hello");
    open_files_put(file);
    assert_int_equal(open_files_count(cache), 0);
    assert_int_equal(count_descriptors(), descriptors);
    /* while something is known already */
    open_files_put(get(cache, path, 1000));
    for (unsigned nth = 1; nth <= 2; nth++) {
        int error;

        write_file(path, nth == 1 ? "hallo!" : "hello");
        fault_arm(FAULT_SGI, nth, false);
        error = open_files_get(sgi, cache, path, &options, 5000 * nth, &file);
        fault_arm(FAULT_SGI, 0, false);
        assert_int_equal(error, nth == 1 ? -ENOMEM : 0);
        if (error == 0)
            open_files_put(file);
    }
    open_files_destroy(cache);
}

int main(void)
{
    int failures;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_a_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directories_and_strange_things, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared_and_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_believed_then_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_grown_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors_are_remembered_when_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_min_uses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded_and_least_recently_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unused_ones_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory_at_any_point, set_up, tear_down),
    };

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failures;
}
