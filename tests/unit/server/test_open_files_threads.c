/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that use one cache while files come and go: every answer is a whole file or ENOENT, and all goes
 * back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/sgi.h"
#include "pool/sysmem.h"
#include "server/shared/open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/tidepool-cache-XXXXXX";
static struct sgi *sgi;

struct worker {
    struct open_file_cache *cache;
    unsigned seed;
    int64_t now_ms;
    int failures;
};

static void *serve(void *argument)
{
    struct worker *worker = argument;
    struct open_file_options all = {.valid_ms = 3, .min_uses = 1, .cache_errors = true};

    if (sgi_thread_attach(sgi) != 0)
        return NULL;
    for (int i = 0; i < 4000; i++) {
        struct open_file *file;
        char name[96], byte;
        worker->seed = worker->seed * 1103515245 + 12345;
        snprintf(name, sizeof name, "%s/%u", folder, worker->seed >> 16 & 31);
        worker->now_ms++;
        int error = open_files_get(sgi, worker->cache, name, &all, worker->now_ms, &file);
        if (error != 0 && error != -ENOENT)
            worker->failures++;
        if (error == 0) {
            worker->failures += pread(file->fd, &byte, 1, 0) != 1 || byte != 'x' || file->size != 1;
            open_files_put(file);
        }
        if (i % 64 == 0)
            open_files_expire(worker->cache, worker->now_ms);
        if (i % 16 == 0) { /* files come and go meanwhile */
            unlink(name);
        } else if (i % 16 == 8) {
            char fresh[112];
            snprintf(fresh, sizeof fresh, "%s.%u", name, worker->seed);
            int fd = open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            worker->failures += write(fd, "x", 1) != 1;
            close(fd);
            worker->failures += rename(fresh, name) != 0;
        }
    }
    sgi_thread_detach(sgi);
    return worker;
}

static void test_threads(void **state)
{
    struct sysmem_stats stats;
    struct open_file_cache *cache;
    struct worker workers[4];
    pthread_t threads[4];
    char name[96];
    int first_free = dup(0);

    close(first_free);
    (void)state;
    sgi = sgi_create();
    assert_non_null(sgi);
    cache = open_files_create(sgi, 20, 40);
    assert_non_null(cache);
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){.cache = cache, .seed = i + 1, .now_ms = 1000};
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_non_null(result);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_in_range(open_files_count(cache), 0, 20);
    open_files_destroy(cache);
    sgi_destroy(sgi);
    sysmem_stats(&stats);
    assert_int_equal(stats.live_count, 0);
    int next = dup(0);
    assert_int_equal(next, first_free); /* every descriptor was closed */
    close(next);
    for (unsigned i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "%s/%u", folder, i);
        unlink(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };

    if (mkdtemp(folder) == NULL)
        return 1;
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failures;
}
