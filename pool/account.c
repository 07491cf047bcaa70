/* SPDX-License-Identifier: BSD-2-Clause */
/* The account at the end of the process. */
#include "pool/account.h"

#include <inttypes.h>
#include <stdio.h>

#include "pool/mode.h"
#include "pool/sizeclass.h"
#include "pool/sysmem.h"

bool account_settled(char *text, size_t size)
{
    struct sysmem_stats system;
    uint64_t objects = sizeclass_lost();
    size_t pools = pool_live();

    sysmem_stats(&system);
    if (size > 0)
        text[0] = '\0';
    if (pools == 0 && objects == 0 && system.live_count == 0)
        return true;
    snprintf(text, size,
             "memory not given back: %zu pools, %" PRIu64 " size-class objects, %" PRIu64
             " system allocations of %" PRIu64 " bytes",
             pools, objects, system.live_count, system.live_bytes);
    return false;
}
