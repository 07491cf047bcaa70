/* SPDX-License-Identifier: BSD-2-Clause */
/* The spare of a sizeclass: objects that may be taken when the budgets say no, and their way home. */
#include "pool/sizeclass_arena.h"

void *sizeclass_get_spare(struct sizeclass *classes, size_t size)
{
    void *p = classes->spare && size <= SIZECLASS_MAX ? sizeclass_get(classes->spare, size, NULL) : NULL;

    if (p)
        classes->spare_out++;
    return p;
}

struct sizeclass *sizeclass_giver_slow(struct sizeclass *classes, void *p, size_t size)
{
    if (size > SIZECLASS_MAX || arena_of(p)->owner == classes)
        return classes;
    classes->spare_out--;
    return classes->spare;
}
