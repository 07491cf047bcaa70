/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular expressions: groups, limits, and whose memory they take. */
#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/route/regex.h"
#include "pool/fault.h"
#include "pool/pool.h"
#include "pool/sysmem.h"

struct fixture {
    struct pool *pool;
    struct conf conf;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (!fixture)
        return -1;
    fixture->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "regex"});
    *state = fixture;
    return fixture->pool ? conf_init(&fixture->conf, fixture->pool, "/", NULL) : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    fault_arm(FAULT_SYSTEM, 0, false);
    http_regex_thread_release();
    pool_destroy(fixture->pool);
    free(fixture);
    return 0;
}

static struct http_regex *compile(struct fixture *fixture, const char *pattern)
{
    struct http_regex *regex = http_regex_compile(&fixture->conf, NULL, pattern, false);

    if (!regex)
        fail_msg("%s", fixture->conf.error);
    return regex;
}

static enum http_regex_result match(const struct http_regex *regex, const char *text,
                                    struct http_text *captures, unsigned *count)
{
    return http_regex_match(regex, (struct http_text){text, strlen(text)}, captures, count);
}

static void test_groups(void **state)
{
    const struct http_regex *regex = compile(*state, "(a)(?<two>b)?(?<three>c*)");
    struct http_text captures[HTTP_CAPTURES] = {{"kept", 4}};
    unsigned count = 77;

    assert_int_equal(http_regex_groups(regex), 3);
    assert_int_equal(http_regex_group(regex, "two"), 2);
    assert_int_equal(http_regex_group(regex, "three"), 3);
    assert_int_equal(http_regex_group(regex, "four"), 0);
    assert_int_equal(match(regex, "xxx", captures, &count), HTTP_REGEX_NO_MATCH);
    assert_int_equal(count, 77);
    assert_int_equal(captures[0].length, 4);
    assert_int_equal(match(regex, "xacc", captures, &count), HTTP_REGEX_MATCH);
    assert_int_equal(count, 4);
    assert_memory_equal(captures[0].bytes, "acc", 3);
    assert_int_equal(captures[2].length, 0);
    assert_non_null(captures[2].bytes);
    assert_int_equal(captures[3].length, 2);
}

/* $0 … $9; what is behind them is reached by name. */
static void test_many_groups(void **state)
{
    const struct http_regex *regex = compile(*state, "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(?<last>k)");
    struct http_text captures[HTTP_CAPTURES], last = {"", 0}, subject = {"abcdefghijk", 11};
    unsigned count = 0;
    char pattern[3 * HTTP_REGEX_GROUPS + 1] = "";

    assert_int_equal(http_regex_match(regex, subject, captures, &count), HTTP_REGEX_MATCH);
    assert_int_equal(count, HTTP_CAPTURES);
    assert_memory_equal(captures[9].bytes, "i", 1);
    assert_int_equal(http_regex_match_group(regex, subject, http_regex_group(regex, "last"), &last),
                     HTTP_REGEX_MATCH);
    assert_memory_equal(last.bytes, "k", 1);

    for (unsigned i = 0; i < HTTP_REGEX_GROUPS; i++)
        strcat(pattern, "(a)");
    assert_null(http_regex_compile(&((struct fixture *)*state)->conf, NULL, pattern, false));
    assert_non_null(strstr(((struct fixture *)*state)->conf.error, "has 64 groups, at most 63 are possible"));
}

/* Whatever a group did, its span is one: empty, and not null. */
static void test_empty_spans(void **state)
{
    struct http_text captures[HTTP_CAPTURES];
    unsigned count = 0;

    assert_int_equal(match(compile(*state, "^$()"), "", captures, &count), HTTP_REGEX_MATCH);
    assert_int_equal(captures[0].length, 0);
    assert_non_null(captures[1].bytes);
}

static void test_limit(void **state)
{
    const struct http_regex *regex = compile(*state, "^(a+)+$");
    struct http_text captures[HTTP_CAPTURES];
    unsigned count = 0;

    assert_int_equal(match(regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", captures, &count),
                     HTTP_REGEX_FAILED);
    assert_int_equal(match(regex, "aaa", captures, &count), HTTP_REGEX_MATCH);
}

/* After the first match nothing is asked of the system; the first may fail, wherever its memory runs out. */
static void test_memory(void **state)
{
    const struct http_regex *regex = compile(*state, "^/(.*)/(.*)$");
    struct http_text captures[HTTP_CAPTURES];
    struct sysmem_stats before, after;
    unsigned count = 0, nth = 0;

    sysmem_stats(&before);
    do {
        http_regex_thread_release();
        fault_arm(FAULT_SYSTEM, ++nth, false);
    } while (match(regex, "/a/b", captures, &count) == HTTP_REGEX_FAILED);
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_true(nth > 4); /* the scratch struct, three of PCRE2's, its stack */
    sysmem_stats(&after);
    uint64_t calls = after.calls[SYSMEM_ALLOC];
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(match(regex, "/a/b/c/d/e/f", captures, &count), HTTP_REGEX_MATCH);
    sysmem_stats(&after);
    assert_int_equal(after.calls[SYSMEM_ALLOC], calls);
    http_regex_thread_release();
    sysmem_stats(&after);
    assert_int_equal(after.live_bytes, before.live_bytes);
    assert_int_equal(after.live_count, before.live_count);
}

static void *match_once(void *regex)
{
    struct http_text captures[HTTP_CAPTURES];
    unsigned count = 0;

    return match(regex, "/a/b", captures, &count) == HTTP_REGEX_MATCH ? regex : NULL;
}

/* A thread that ends gives its scratch memory back without being asked. */
static void test_threads(void **state)
{
    struct http_regex *regex = compile(*state, "^/(.*)/(.*)$");
    struct sysmem_stats before, after;
    pthread_t threads[4];
    void *result;

    sysmem_stats(&before);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_once, regex), 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, regex);
    }
    sysmem_stats(&after);
    assert_true(after.calls[SYSMEM_ALLOC] > before.calls[SYSMEM_ALLOC]);
    assert_int_equal(after.live_bytes, before.live_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_spans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
