/* SPDX-License-Identifier: BSD-2-Clause */
/* A hold that is broken ends a child process, with a sentence that names everyone who holds the object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/annotate.h"
#include "pool/holds.h"

enum { THREADS = 3, ROUNDS = 2000, OBJECTS = 5, MANY = 20000 };

static int object, one, other;

/* What a child says on stderr before abort() ends it; "": it did not. */
static const char *last_words(void (*mistake)(void))
{
    static char said[4096];
    size_t length = 0;
    int ends[2], status = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL); /* cmocka would go on */
#ifdef ANNOTATE_VALGRIND
        VALGRIND_CLO_CHANGE("--leak-check=no");
#endif
        mistake();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + length, sizeof said - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    said[length] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? said : "";
}

static void free_what_is_held(void)
{
    holds_take(&object, &one, "a viewer");
    holds_take(&object, &other, "a tenure");
    holds_take(&object, &other, "a tenure");
    holds_none(&object, "a worker");
}

static void give_what_is_not_held(void)
{
    holds_take(&object, &one, "a viewer");
    holds_give(&object, &other, "a viewer");
}

static void give_twice(void)
{
    holds_take(&object, &one, "a viewer");
    holds_give(&object, &one, "a viewer");
    holds_give(&object, &one, "a viewer");
}

static void follow_another_s(void)
{
    holds_take(&object, &one, "a viewer");
    holds_must(&object, "a worker", &other, "a stranger");
}

static void break_a_rule(void)
{
    holds_rule(true, "water is wet");
    holds_rule(false, "the tide goes out");
}

static void test_what_is_freed_names_its_holders(void **state)
{
    const char *said = last_words(free_what_is_held);

    (void)state;
    assert_non_null(strstr(said, "a worker ("));
    assert_non_null(strstr(said, "is freed while it is held; 3 hold it:"));
    assert_non_null(strstr(said, "a viewer ("));
    assert_non_null(strstr(said, "a tenure ("));
    assert_non_null(strstr(said, ") 2 times"));
}

static void test_each_mistake_is_said(void **state)
{
    (void)state;
    assert_non_null(strstr(last_words(give_what_is_not_held), "gives back what it does not hold; 1 hold it"));
    assert_non_null(strstr(last_words(give_twice), "gives back what it does not hold; 0 hold it"));
    assert_non_null(strstr(last_words(follow_another_s), "a stranger ("));
    assert_non_null(strstr(last_words(follow_another_s), "follows what it does not hold: a worker ("));
    assert_non_null(strstr(last_words(break_a_rule), "a lifetime is broken: the tide goes out"));
    assert_null(strstr(last_words(break_a_rule), "water"));
}

static void test_what_is_kept_says_nothing(void **state)
{
    (void)state;
    holds_take(&object, &one, "a viewer");
    holds_take(&object, &one, "a tenure");
    holds_must(&object, "a worker", &one, "a tenure");
    holds_give(&object, &one, "a viewer");
    holds_must(&object, "a worker", &one, "a tenure");
    holds_give(&object, &one, "a tenure");
    holds_none(&object, "a worker");
}

/* Neighbours in the table come and go in any order. */
static void test_thousands_come_and_go(void **state)
{
    static char objects[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        holds_take(&objects[i], &objects[(i * 7) % MANY], "a connection");
    for (int i = 1; i < MANY; i += 2)
        holds_give(&objects[i], &objects[(i * 7) % MANY], "a connection");
    for (int i = 0; i < MANY; i += 2)
        holds_must(&objects[i], "a tenure", &objects[(i * 7) % MANY], "a connection");
    for (int i = MANY - 2; i >= 0; i -= 2)
        holds_give(&objects[i], &objects[(i * 7) % MANY], "a connection");
    for (int i = 0; i < MANY; i++)
        holds_none(&objects[i], "a tenure");
}

static char shared[OBJECTS];

static void *come_and_go(void *who)
{
    for (int i = 0; i < ROUNDS; i++) {
        holds_take(&shared[i % OBJECTS], who, "a thread");
        holds_must(&shared[i % OBJECTS], "an object", who, "a thread");
        holds_give(&shared[i % OBJECTS], who, "a thread");
    }
    return NULL;
}

static void test_threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[THREADS];
    int holders[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &holders[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < OBJECTS; i++)
        holds_none(&shared[i], "an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_freed_names_its_holders),
        cmocka_unit_test(test_each_mistake_is_said),
        cmocka_unit_test(test_what_is_kept_says_nothing),
        cmocka_unit_test(test_thousands_come_and_go),
        cmocka_unit_test(test_threads_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
