/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on a pool against a record of what must be alive and what must stand in it, in every
 * mode. */
#include "tests/unit/pool/pool_fixture.h"

#include "tests/unit/pool/seed.h"

enum { OBJECTS = 800, STEPS = 2000 };

enum kind { SMALL, LARGE, BUFFER };

struct object {
    unsigned char *p;
    size_t size;
    enum kind kind;
    bool pinned;
    unsigned char mark;
};

struct model {
    struct pool *pool;
    uint64_t seed;
    struct object objects[OBJECTS];
    size_t count;
    uint64_t cleanups, pinned_cleanups; /* to come at the next reset, at destroy */
    uint64_t ran;
    uint32_t resets;
};

static void count_run(void *data)
{
    ++*(uint64_t *)data;
}

static void model_check(const struct object *object)
{
    for (size_t i = 0; i < object->size; i++)
        if (object->p[i] != object->mark)
            fail_msg("byte %zu of %zu has changed", i, object->size);
}

static void model_add(struct model *model, void *p, size_t size, enum kind kind)
{
    unsigned char mark;

    if (p == NULL) { /* the budget; nothing may have changed, which later checks see */
        assert_int_equal(pool_failure(model->pool), POOL_FAILURE_BUDGET);
        return;
    }
    mark = (unsigned char)seed_next(&model->seed);
    model->objects[model->count++] = (struct object){p, size, kind, false, mark};
    memset(p, mark, size);
    assert_true(size == 0 || (pool_owns(model->pool, p) && pool_owns(model->pool, (char *)p + size - 1)));
}

static void model_allocate(struct model *model)
{
    size_t size = seed_below(&model->seed, (size_t)1 << (3 + seed_below(&model->seed, 12)));
    struct pool *pool = model->pool;

    if (model->count == OBJECTS)
        return;
    switch (seed_below(&model->seed, 6)) {
    case 0:
        model_add(model, pool_nalloc(pool, size, "model"), size, SMALL);
        break;
    case 1:
        model_add(model, pool_calloc(pool, size, "model"), size, SMALL);
        break;
    case 2:
        model_add(model, pool_memalign(pool, (size_t)8 << seed_below(&model->seed, 8), size, "model"), size,
                  LARGE);
        break;
    case 3: {
        size_t capacity = 0;
        void *p = pool_take(pool, size, &capacity, "model");
        assert_true(p == NULL || capacity >= size);
        model_add(model, p, capacity, BUFFER);
        break;
    }
    default:
        model_add(model, pool_alloc(pool, size, "model"), size, SMALL);
    }
}

static void model_remove(struct model *model, size_t i)
{
    model->objects[i] = model->objects[--model->count];
}

static void model_free(struct model *model)
{
    size_t i;
    struct object *object;
    int result;

    if (model->count == 0)
        return;
    i = seed_below(&model->seed, model->count);
    object = &model->objects[i];

    model_check(object);
    if (object->kind == BUFFER) {
        pool_put(model->pool, object->p);
        model_remove(model, i);
        return;
    }
    result = pool_free(model->pool, object->p);
    assert_true(result == 0 || (result == -ENOENT && object->kind == SMALL));
    if (result == 0)
        model_remove(model, i);
}

static void model_resize_last(struct model *model)
{
    struct object *object;
    size_t size;
    bool moved;

    if (model->count == 0)
        return;
    object = &model->objects[model->count - 1];
    size = seed_below(&model->seed, 600);

    if (object->kind == BUFFER)
        return;
    moved = size >= object->size ? pool_extend(model->pool, object->p, object->size, size)
                                 : pool_give_back(model->pool, object->p, object->size, size);
    if (!moved)
        return;
    assert_false(object->pinned && object->size > 0);
    object->pinned = false; /* one of no bytes grows behind the pin, and goes with the next reset */
    object->size = object->size < size ? object->size : size;
    model_check(object);
    object->size = size;
    memset(object->p, object->mark, size);
}

static void model_reset(struct model *model, bool idle)
{
    uint64_t ran = model->ran;

    for (size_t i = 0; i < model->count; i++)
        model_check(&model->objects[i]);
    if (idle)
        pool_idle(model->pool);
    else
        pool_reset(model->pool);
    model->resets++;
    assert_int_equal(model->ran - ran, model->cleanups);
    model->cleanups = 0;
    for (size_t i = 0; i < model->count;) {
        if (model->objects[i].pinned || model->objects[i].kind == BUFFER)
            model_check(&model->objects[i++]);
        else
            model_remove(model, i);
    }
}

static void model_pin(struct model *model)
{
    pool_pin(model->pool);
    for (size_t i = 0; i < model->count; i++)
        model->objects[i].pinned = true;
    model->pinned_cleanups += model->cleanups;
    model->cleanups = 0;
}

static void model_step(struct model *model)
{
    size_t dice = seed_below(&model->seed, 200);

    if (dice < 140)
        model_allocate(model);
    else if (dice < 165)
        model_free(model);
    else if (dice < 185)
        model_resize_last(model);
    else if (dice < 193)
        model->cleanups += pool_cleanup_add(model->pool, count_run, &model->ran) != NULL;
    else if (dice < 199)
        model_reset(model, dice < 194);
    else if (model->count < 100)
        model_pin(model);
}

static void model_check_figures(const struct model *model)
{
    struct pool_stats stats = stats_of(model->pool);
    size_t sum = 0;
    uint32_t buffers = 0;

    for (size_t i = 0; i < model->count; i++) {
        sum += model->objects[i].size;
        buffers += model->objects[i].kind == BUFFER;
    }
    assert_int_equal(stats.buffers, buffers);
    assert_int_equal(stats.resets, model->resets);
    assert_true(stats.held_bytes >= sum && stats.peak_bytes >= stats.held_bytes);
    assert_true(stats.budget_bytes == 0 || stats.held_bytes <= stats.budget_bytes);
    assert_true(stats.pinned_bytes <= stats.used_bytes && stats.reserve <= 1 + stats.peak_bytes / 512);
}

static void test_random_operations(void **state)
{
    static struct model model;
    static const size_t budgets[] = {0, 50000, 2000000};

    for (size_t round = 0; round < 3; round++) {
        uint64_t expected;

        model = (struct model){.seed = seed_start("pool model")};
        model.pool =
            pool_of(state, seed_below(&model.seed, 2000), seed_below(&model.seed, 9000) + 1, budgets[round]);
        for (int step = 0; step < STEPS; step++) {
            model_step(&model);
            if (step % 50 == 0)
                model_check_figures(&model);
        }
        expected = model.ran + model.cleanups + model.pinned_cleanups;
        pool_destroy(model.pool);
        assert_int_equal(model.ran, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_POOLS(test_random_operations)};

    return fixture_run_everywhere("pool model", tests);
}
