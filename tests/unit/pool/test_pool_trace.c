/* SPDX-License-Identifier: BSD-2-Clause */
/* A traced pool gives what an ordinary one gives, at the same places, and writes all of it down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pool/fault.h"
#include "pool/pool_trace.h"

static const struct pool_options small = {.first_size = 512, .block_size = 1024, .name = "traced"};
static const struct pool_options plain = {.first_size = 512, .name = "memory"};

static void places_are_those_of_an_ordinary_pool(void **state)
{
    struct pool_stats traced, ordinary;
    char *after;

    static const struct {
        uint16_t size;
        bool text;
    } wanted[] = {{5, true},   {16, false}, {3, true},  {1, false},   {200, true},
                  {40, false}, {300, true}, {7, false}, {480, false}, {33, true}};
    struct pool *memory = pool_create(&plain), *one = pool_create(&small), *other = pool_create(&small);
    struct pool_trace trace;
    char *last_one = NULL, *last_other = NULL;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 32), 0);
    pool_trace_begin(&trace, one);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        size_t size = wanted[i].size;
        char *p = wanted[i].text ? pool_nalloc(one, size, "text") : pool_alloc(one, size, "struct");
        char *q = wanted[i].text ? pool_nalloc(other, size, "text") : pool_alloc(other, size, "struct");
        if (pool_mode() == POOL_NORMAL && last_one != NULL && p - last_one < 1024 && q - last_other < 1024)
            assert_int_equal(p - last_one, q - last_other);
        last_one = p;
        last_other = q;
        assert_ptr_equal(trace.entries[i].bytes, p);
        assert_int_equal(trace.entries[i].size, size);
        assert_int_equal(trace.entries[i].text, wanted[i].text);
        assert_string_equal(trace.entries[i].purpose, wanted[i].text ? "text" : "struct");
        assert_true(pool_owns(one, p));
    }
    pool_stats(one, &traced);
    pool_stats(other, &ordinary);
    assert_int_equal(traced.used_bytes, ordinary.used_bytes);
    assert_int_equal(traced.held_bytes, ordinary.held_bytes);
    assert_int_equal(traced.stranded_bytes, ordinary.stranded_bytes);
    pool_trace_end(&trace);
    assert_int_equal(trace.count, sizeof wanted / sizeof *wanted);
    assert_int_equal(trace.lost, 0);
    pool_reset(one);
    pool_reset(other);
    assert_int_equal(trace.count, sizeof wanted / sizeof *wanted);
    after = pool_alloc(one, 8, "after");
    assert_int_equal(trace.count, sizeof wanted / sizeof *wanted);
    assert_true(pool_owns(one, after));
    pool_destroy(one);
    pool_destroy(other);
    pool_destroy(memory);
}

static void an_entry_says_what_where_and_who(void **state)
{
    struct pool *memory = pool_create(&plain), *pool = pool_create(&small);
    struct pool_trace trace;
    char *text, *zeros, expected[64];
    size_t capacity;
    char *buffer, *large;
    const struct pool_trace_entry *entry;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 32), 0);
    pool_trace_begin(&trace, pool);
    text = pool_strndup(pool, "tide", 4, "a name");
    zeros = pool_alloc(pool, 64, "zeros");
    snprintf(expected, sizeof expected, "%s:%d", __FILE__, __LINE__ - 2);
    assert_string_equal(trace.entries[0].source, expected);
    assert_string_equal(trace.entries[0].purpose, "a name");
    assert_string_equal(text, "tide");
    for (int i = 0; i < 64; i++)
        assert_int_equal(zeros[i], 0);

    buffer = pool_take(pool, 900, &capacity, "buffer");
    large = pool_alloc(pool, 600, "large");
    assert_int_equal(trace.count, 4);
    entry = &trace.entries[2];
    assert_int_equal(trace.blocks[entry->block].kind, POOL_TRACE_BUFFER);
    assert_int_equal(entry->size, capacity);
    assert_int_equal(entry->offset, POOL_CHUNK_HEADER);
    for (size_t i = 0; i < capacity; i++)
        assert_int_equal(buffer[i], 0);
    assert_int_equal(trace.blocks[trace.entries[3].block].kind, POOL_TRACE_LARGE);
    assert_int_equal(pool_free(pool, large), 0);
    pool_put(pool, buffer);
    assert_int_equal(trace.entries[2].freed_after, 4);
    assert_int_equal(trace.entries[3].freed_after, 4);
    assert_true(trace.blocks[trace.entries[3].block].gone);
    assert_int_equal(trace.entries[0].freed_after, 0);
    pool_trace_end(&trace);
    pool_destroy(pool);
    pool_destroy(memory);
}

static void the_last_one_grows_and_shrinks(void **state)
{
    struct pool *memory = pool_create(&plain), *pool = pool_create(&small);
    struct pool_trace trace;
    char *p;
    bool grown;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 32), 0);
    pool_trace_begin(&trace, pool);
    p = pool_nalloc(pool, 20, "grows");
    grown = pool_extend(pool, p, 20, 50);
    assert_int_equal(grown, pool_mode() != POOL_PASSTHROUGH);
    if (grown) {
        assert_int_equal(trace.entries[0].size, 50);
        for (int i = 0; i < 50; i++)
            assert_int_equal(p[i], 0);
        assert_true(pool_give_back(pool, p, 50, 10));
        assert_int_equal(trace.entries[0].size, 10);
        assert_false(pool_extend(pool, p, 50, 60));
        assert_int_equal(trace.entries[0].size, 10);
    }
    pool_trace_end(&trace);
    pool_destroy(pool);
    pool_destroy(memory);
}

static void it_goes_on_behind_the_pin(void **state)
{
    struct pool *memory = pool_create(&plain), *pool = pool_create(&small);
    struct pool_trace trace;
    char *before;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 32), 0);
    pool_trace_begin(&trace, pool);
    before = pool_strndup(pool, "stays", 5, "before");
    pool_trace_end(&trace);
    pool_pin(pool);
    pool_trace_begin(&trace, pool);
    assert_non_null(pool_alloc(pool, 10, "behind"));
    pool_trace_end(&trace);
    assert_int_equal(trace.count, 2);
    if (pool_mode() != POOL_PASSTHROUGH) {
        assert_int_equal(trace.entries[0].block, trace.entries[1].block);
        assert_true(trace.entries[1].offset >= pool_trace_pin(pool));
        assert_true(trace.entries[0].offset + trace.entries[0].size <= pool_trace_pin(pool));
    }
    pool_reset(pool);
    assert_string_equal(before, "stays");
    pool_destroy(pool);
    pool_destroy(memory);
}

static void what_does_not_fit_is_counted(void **state)
{
    struct pool *memory = pool_create(&plain), *pool = pool_create(&small);
    struct pool_trace trace;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 100), 0);
    pool_trace_begin(&trace, pool);
    for (int i = 0; i < 70; i++)
        assert_non_null(pool_alloc(pool, 600, "large"));
    assert_int_equal(trace.count, POOL_TRACE_BLOCKS);
    assert_int_equal(trace.lost, 70 - POOL_TRACE_BLOCKS);
    pool_trace_end(&trace);
    pool_destroy(pool);
    pool_destroy(memory);
}

static void a_refusal_is_no_entry(void **state)
{
    struct pool *memory = pool_create(&plain);
    struct pool *pool =
        pool_create(&(struct pool_options){.first_size = 512, .block_size = 512, .budget = 512});
    struct pool_trace trace;

    (void)state;
    assert_int_equal(pool_trace_init(&trace, memory, 8), 0);
    pool_trace_begin(&trace, pool);
    assert_null(pool_alloc(pool, 4000, "too much"));
    assert_int_equal(pool_failure(pool), POOL_FAILURE_BUDGET);
    assert_null(pool_take(pool, 4000, NULL, "too much"));
    assert_int_equal(trace.count, 0);
    pool_trace_end(&trace);
    pool_destroy(pool);
    pool_destroy(memory);
}

static int in_all_modes(void)
{
    static const enum pool_mode modes[] = {POOL_NORMAL, POOL_POISON, POOL_PASSTHROUGH};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_those_of_an_ordinary_pool),
        cmocka_unit_test(an_entry_says_what_where_and_who),
        cmocka_unit_test(the_last_one_grows_and_shrinks),
        cmocka_unit_test(it_goes_on_behind_the_pin),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(a_refusal_is_no_entry),
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (pool_mode_set(modes[i]) != 0)
            return 1;
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}

int main(void)
{
    fault_from_environment();
    return in_all_modes();
}
