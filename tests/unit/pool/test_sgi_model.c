/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/pool/seed.h"
#include "tests/unit/pool/sgi_fixture.h"

enum { MODEL_LIVE = 400, MODEL_STEPS = 60000 };

struct model {
    unsigned char *object;
    size_t size;
    unsigned char fill;
};

static void model_check(const struct model *slot)
{
    for (size_t i = 0; i < slot->size; i++)
        assert_int_equal(slot->object[i], slot->fill);
}

static size_t model_size(uint64_t *seed)
{
    return seed_below(seed, 20) == 0 ? seed_below(seed, 600) : seed_below(seed, SGI_SMALL_MAX + 1);
}

static void model_replace(struct sgi *sgi, struct model *slot, uint64_t *seed)
{
    size_t size = model_size(seed);
    unsigned char *object;

    if (slot->object == NULL) {
        object = sgi_alloc(sgi, size);
    } else if (seed_below(seed, 3) == 0) {
        struct model cut = *slot;

        model_check(slot);
        object = sgi_realloc(sgi, slot->object, slot->size, size);
        if (object == NULL)
            return;
        cut.object = object;
        cut.size = size < slot->size ? size : slot->size;
        model_check(&cut);
    } else {
        model_check(slot);
        sgi_free(sgi, slot->object, slot->size);
        object = NULL;
    }
    *slot = (struct model){object, object != NULL ? size : 0, (unsigned char)seed_next(seed)};
    if (object == NULL)
        return;
    assert_int_equal((uintptr_t)object % ((size + 7) / 8 % 2 == 0 && size > 0 ? 16 : 8), 0);
    memset(object, slot->fill, size);
}

static void test_model(void **state)
{
    static struct model slots[MODEL_LIVE];
    struct sgi *sgi = *state;
    uint64_t seed = seed_start("model");

    memset(slots, 0, sizeof slots);
    for (int step = 0; step < MODEL_STEPS; step++) {
        size_t dice = seed_below(&seed, 1000);

        if (dice == 0)
            (void)sgi_trim(sgi);
        else if (dice == 1)
            (void)sgi_thread_attach(sgi);
        else if (dice == 2)
            sgi_thread_detach(sgi);
        else if (dice == 3)
            fault_arm(FAULT_SYSTEM, 1 + seed_below(&seed, 3), seed_below(&seed, 2) == 0);
        else if (dice < 20)
            fault_arm(FAULT_SYSTEM, 0, false);
        else
            model_replace(sgi, &slots[seed_below(&seed, MODEL_LIVE)], &seed);
    }
    fault_arm(FAULT_SYSTEM, 0, false);
    for (int i = 0; i < MODEL_LIVE; i++) {
        if (slots[i].object != NULL) {
            model_check(&slots[i]);
            sgi_free(sgi, slots[i].object, slots[i].size);
        }
    }
    assert_goes_back(sgi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup_poison, teardown_mode),
        cmocka_unit_test_setup_teardown(test_model, setup_passthrough, teardown_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
