/* SPDX-License-Identifier: BSD-2-Clause */
/* The defects of PEERS.md that the plain pool of source document 3 has (test_pool shows them gone from ours),
 * and those of the list of chunks. Each test would fail if its baseline were repaired: then it would be none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "tests/baseline/chunk_list.h"
#include "tests/baseline/mp_pool.h"

static unsigned blocks_of(const struct mp_pool *pool)
{
    unsigned blocks = 0;

    for (const struct mp_node *node = pool->head; node != NULL; node = node->next)
        blocks++;
    return blocks;
}

static unsigned large_nodes_of(const struct mp_pool *pool)
{
    unsigned nodes = 0;

    for (const struct mp_large *large = pool->large; large != NULL; large = large->next)
        nodes++;
    return nodes;
}

static int create(void **state)
{
    *state = mp_create(1024);
    return *state == NULL;
}

static int destroy(void **state)
{
    mp_destroy(*state);
    return 0;
}

static void test_it_works_otherwise(void **state)
{
    struct mp_pool *pool = *state;

    /* Multiples of 16 alone: others lead to D3. */
    for (size_t size = 16; size < 3000; size += 16) {
        unsigned char *bytes = size % 32 == 0 ? mp_alloc(pool, size) : mp_calloc(pool, size);

        assert_non_null(bytes);
        for (size_t i = 0; size % 32 != 0 && i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xff, size);
    }
    mp_reset(pool);
    assert_null(pool->large);
}

/* D3: room for 10 bytes, the aligned start 6 bytes past the end: the difference wraps and anything fits. */
static void test_d3_memory_outside_the_block(void **state)
{
    struct mp_pool *pool = *state;
    size_t room = (size_t)(pool->head->end - pool->head->last);
    unsigned char *p;

    (void)mp_nalloc(pool, room - 1);
    assert_true((uintptr_t)pool->head->last % MP_ALIGNMENT != 0);
    p = mp_alloc(pool, 600);
    assert_true(p > pool->head->end - 1);
    assert_int_equal(blocks_of(pool), 1);
}

/* D4, as this one has it: a block sized by twice the client's size has no room for the node when that is
 * small. */
static void test_d4_an_undersized_pool_ends_behind_its_block(void **state)
{
    struct mp_pool *pool = mp_create(24);

    (void)state;
    assert_true(pool->head->end > (unsigned char *)pool + 24 + sizeof *pool + 24);
    mp_destroy(pool);
}

static void test_d5_blocks_stay(void **state)
{
    struct mp_pool *pool = *state;
    unsigned blocks;

    for (int i = 0; i < 100; i++)
        (void)mp_alloc(pool, 1000);
    blocks = blocks_of(pool);
    assert_int_equal(blocks, 100);
    for (int i = 0; i < 1000; i++) {
        mp_reset(pool);
        (void)mp_alloc(pool, 10);
    }
    assert_int_equal(blocks_of(pool), blocks);
}

/* D6: passed over six times, a block with 400 bytes of room is never looked at again; not even after a reset.
 */
static void test_d6_a_block_is_passed_over_for_ever(void **state)
{
    struct mp_pool *pool = *state;
    struct mp_node *first = pool->head;
    unsigned char *p;

    (void)mp_alloc(pool, 600);
    for (int i = 0; i < 7; i++)
        (void)mp_alloc(pool, 1000);
    assert_ptr_not_equal(pool->current, first);
    assert_true(first->end - first->last > 300);
    p = mp_alloc(pool, 16);
    assert_false(p >= (unsigned char *)first && p < first->end);

    mp_reset(pool);
    assert_ptr_not_equal(pool->current, first);
    assert_int_equal(first->failed, 6);
    p = mp_alloc(pool, 16);
    assert_false(p >= (unsigned char *)first && p < first->end);
}

/* D7: with five large ones alive at the front, each that comes and goes leaves a node. */
static void test_d7_large_nodes_pile_up(void **state)
{
    struct mp_pool *pool = *state;
    void *freed = mp_alloc(pool, 5000);
    unsigned nodes;

    for (int i = 0; i < MP_LARGE_LOOKS; i++)
        (void)mp_alloc(pool, 5000);
    mp_free(pool, freed);
    nodes = large_nodes_of(pool);
    for (int i = 0; i < 10; i++)
        (void)mp_alloc(pool, 5000);
    assert_int_equal(large_nodes_of(pool), nodes + 10);
}

/* D8: to free the oldest of n large ones, n nodes are looked at; and no size is recorded anywhere. */
static void test_d8_free_is_a_scan(void **state)
{
    struct mp_pool *pool = *state;
    void *oldest = mp_alloc(pool, 5000);
    unsigned before = 0;

    for (int i = 0; i < 50; i++)
        (void)mp_alloc(pool, 5000);
    for (struct mp_large *large = pool->large; large->alloc != oldest; large = large->next)
        before++;
    assert_int_equal(before, 50);
    mp_free(pool, oldest);
}

static void test_d10_the_large_threshold_is_a_page(void **state)
{
    struct mp_pool *pool = mp_create((size_t)16 * 1024);

    (void)state;
    (void)mp_alloc(pool, 4096);
    assert_int_equal(large_nodes_of(pool), 1);
    mp_destroy(pool);
}

static void test_d11_zero_bytes_alias_the_next(void **state)
{
    struct mp_pool *pool = *state;
    void *empty = mp_alloc(pool, 0);

    assert_ptr_equal(empty, mp_alloc(pool, 16));
}

static void test_d13_there_is_no_budget(void **state)
{
    struct mp_pool *pool = *state;

    for (int i = 0; i < 2000; i++)
        assert_non_null(mp_alloc(pool, 1000));
    assert_int_equal(blocks_of(pool), 2000);
}

/* E1: each request is a search, and what is used again for less stays small. */
static void test_e1_chunks_only_get_smaller(void **state)
{
    struct chunk_list *list = chunk_list_create();

    (void)state;
    for (size_t size = 1000; size > 0; size -= 10) {
        void *p = chunk_list_alloc(list, size);

        assert_non_null(p);
        chunk_list_free(list, p);
    }
    assert_int_equal(chunk_list_length(list), 1);
    assert_non_null(chunk_list_alloc(list, 20));
    assert_int_equal(chunk_list_length(list), 2);
    chunk_list_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_works_otherwise, create, destroy),
        cmocka_unit_test_setup_teardown(test_d3_memory_outside_the_block, create, destroy),
        cmocka_unit_test(test_d4_an_undersized_pool_ends_behind_its_block),
        cmocka_unit_test_setup_teardown(test_d5_blocks_stay, create, destroy),
        cmocka_unit_test_setup_teardown(test_d6_a_block_is_passed_over_for_ever, create, destroy),
        cmocka_unit_test_setup_teardown(test_d7_large_nodes_pile_up, create, destroy),
        cmocka_unit_test_setup_teardown(test_d8_free_is_a_scan, create, destroy),
        cmocka_unit_test(test_d10_the_large_threshold_is_a_page),
        cmocka_unit_test_setup_teardown(test_d11_zero_bytes_alias_the_next, create, destroy),
        cmocka_unit_test_setup_teardown(test_d13_there_is_no_budget, create, destroy),
        cmocka_unit_test(test_e1_chunks_only_get_smaller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
