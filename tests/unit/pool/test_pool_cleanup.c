/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/pool/pool_fixture.h"

#include <fcntl.h>

struct record {
    char text[16];
    struct pool *pool;
    char *large;
};

static struct record log_of_runs;

static void note_run(void *data)
{
    strcat(log_of_runs.text, data);
    if (log_of_runs.large != NULL) /* memory goes after the cleanups */
        assert_int_equal(log_of_runs.large[9999], 'z');
}

static void note_and_add(void *data)
{
    strcat(log_of_runs.text, data);
    assert_non_null(pool_cleanup_add(log_of_runs.pool, note_run, data));
}

static void test_cleanups_run_newest_first_on_their_side_of_the_pin(void **state)
{
    static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
    struct pool *pool = pool_of(state, 512, 1024, 0);
    struct pool_cleanup *early;

    log_of_runs = (struct record){.pool = pool};
    assert_non_null(pool_cleanup_add(pool, note_run, a));
    assert_non_null(pool_cleanup_add(pool, note_run, b));
    pool_pin(pool);
    assert_non_null(pool_cleanup_add(pool, note_run, c));
    early = pool_cleanup_add(pool, note_run, b);
    assert_non_null(early);
    assert_non_null(pool_cleanup_add(pool, note_and_add, d));
    log_of_runs.large = pool_alloc(pool, 10000, "test");
    memset(log_of_runs.large, 'z', 10000);
    pool_cleanup_run(pool, early);
    assert_string_equal(log_of_runs.text, "b");
    pool_cleanup_run(pool, early);
    pool_reset(pool);
    assert_string_equal(log_of_runs.text, "bddc"); /* one that a cleanup adds runs too */
    log_of_runs.large = NULL;
    pool_reset(pool);
    pool_idle(pool);
    assert_string_equal(log_of_runs.text, "bddc");
    pool_destroy(pool);
    assert_string_equal(log_of_runs.text, "bddcba");
}

static char failed_call[16];

static void note_file_error(const char *call, const char *name, int error)
{
    snprintf(failed_call, sizeof failed_call, "%s %d", call, error);
    (void)name;
}

static void test_file_cleanups_close_and_delete(void **state)
{
    struct pool *pool = pool_of(state, 512, 1024, 0);
    char name[] = "/tmp/tidepool-test-XXXXXX";
    int kept = mkstemp(name), open_too = open("/dev/null", O_RDONLY), early = open("/dev/null", O_RDONLY);
    struct pool_cleanup *cleanup;

    assert_true(kept >= 0 && open_too >= 0 && early >= 0);
    pool_on_file_error(note_file_error);
    assert_non_null(pool_cleanup_fd(pool, open_too, NULL));
    assert_non_null(pool_cleanup_unlink(pool, kept, name));
    cleanup = pool_cleanup_fd(pool, early, "early");
    assert_non_null(cleanup);
    pool_cleanup_run(pool, cleanup);
    assert_int_equal(fcntl(early, F_GETFD), -1);
    assert_int_equal(fcntl(kept, F_GETFD), 0);
    pool_reset(pool);
    assert_int_equal(fcntl(open_too, F_GETFD), -1);
    assert_int_equal(fcntl(kept, F_GETFD), -1);
    assert_int_equal(access(name, F_OK), -1);
    assert_string_equal(failed_call, "");
    assert_non_null(pool_cleanup_fd(pool, 100000, "none")); /* no such descriptor */
    pool_destroy(pool);
    assert_string_equal(failed_call, "close 9");
    pool_on_file_error(NULL);
    failed_call[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOLS(test_cleanups_run_newest_first_on_their_side_of_the_pin),
        WITH_POOLS(test_file_cleanups_close_and_delete),
    };

    return fixture_run_everywhere("cleanups", tests);
}
