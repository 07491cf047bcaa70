/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/process/settings.h"
#include "server/process/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/tidepool-temp-XXXXXX";

/* One file; its name goes to `name`. */
static void make(const struct temp_folder *folder, uint32_t salt, char *name, size_t size)
{
    int fd;

    assert_true(temp_name_size(folder) <= size);
    fd = temp_file_open(folder, salt, name);
    assert_true(fd >= 0);
    assert_int_equal(strlen(name) + 1, temp_name_size(folder));
    close(fd);
}

static void test_names(void **state)
{
    char path[300], name[400], expected[400], number[11];
    struct temp_folder folder = {.path = path};
    struct stat status;

    (void)state;
    snprintf(path, sizeof path, "%s/flat", base);
    make(&folder, 1, name, sizeof name);
    snprintf(expected, sizeof expected, "%s/0000000001", path);
    assert_string_equal(name, expected);
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);

    /* Three levels, the one between left out. */
    snprintf(path, sizeof path, "%s/deep", base);
    memcpy(folder.digits, ((uint8_t[]){1, 0, 3}), sizeof folder.digits);
    make(&folder, 1, name, sizeof name);
    memcpy(number, name + strlen(name) - TEMP_NUMBER, sizeof number);
    assert_string_equal(number, "0000000002");
    snprintf(expected, sizeof expected, "%s/%s/%.3s/%s", path, number + 9, number + 6, number);
    assert_string_equal(name, expected);
}

static void *make_many(void *data)
{
    char name[400];

    for (int i = 0; i < 200; i++)
        make(data, (uint32_t)(uintptr_t)pthread_self(), name, sizeof name);
    return NULL;
}

/* Threads that count alike find names of their own, and those of an earlier life stay as they are. */
static void test_collisions(void **state)
{
    char path[300], command[400];
    struct temp_folder folder = {.path = path};
    pthread_t threads[4];
    FILE *list;
    int count;

    (void)state;
    snprintf(path, sizeof path, "%s/many", base);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &folder), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    snprintf(command, sizeof command, "ls '%s' | wc -l", path);
    list = popen(command, "r");
    assert_non_null(list);
    assert_int_equal(fscanf(list, "%d", &count), 1);
    pclose(list);
    assert_int_equal(count, 800);
}

/* A failure names what could not be made. */
static void test_failures(void **state)
{
    char path[300], name[400], expected[400];
    struct temp_folder folder = {.path = path};
    struct settings settings = {0};

    (void)state;
    snprintf(path, sizeof path, "%s/none/none", base);
    assert_int_equal(temp_folder_make(&folder, &settings), -ENOENT);
    assert_int_equal(temp_file_open(&folder, 1, name), -ENOENT);
    assert_string_equal(name, path);

    snprintf(path, sizeof path, "%s/file", base);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    folder.digits[0] = 2;
    assert_int_equal(temp_file_open(&folder, 1, name), -ENOTDIR);
    snprintf(expected, sizeof expected, "%s/", path);
    assert_memory_equal(name, expected, strlen(expected));
}

static void test_folder(void **state)
{
    char path[300], user[] = "root";
    struct temp_folder folder = {.path = path};
    struct settings settings = {.user = user};
    struct stat status;

    (void)state;
    snprintf(path, sizeof path, "%s/made", base);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(temp_folder_make(&folder, &settings), 0);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0700);
        assert_int_equal(status.st_uid, geteuid());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_collisions),
                                       cmocka_unit_test(test_failures), cmocka_unit_test(test_folder)};
    char command[80];
    int failed;

    if (!mkdtemp(base))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf %s", base);
    return system(command) ? 1 : failed;
}
