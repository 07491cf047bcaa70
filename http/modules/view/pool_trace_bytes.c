/* SPDX-License-Identifier: BSD-2-Clause */
/* Decides which words may be addresses; in doubt a word is one. */
#include "http/modules/view/pool_trace_bytes.h"

#include <string.h>

#include "server/output.h"

/* With the usual 47 or 48 bits, randomised mappings lie between 2^44 and 2^48. With fewer bits, or without
 * randomisation, addresses lie near a known one. */
#define ADDRESS_LEAST (UINT64_C(1) << 44)
#define ADDRESS_LIMIT (UINT64_C(1) << 48)
#define ADDRESS_NEAR  (UINT64_C(1) << 36)
#define ADDRESS_PAGE  65536 /* no address is below, and numbers mostly are */

size_t pool_trace_written(const struct pool_trace_entry *entry)
{
    size_t length = entry->size;

    while (length && !entry->bytes[length - 1])
        length--;
    return length;
}

/* Only before this offset there may be addresses. */
static size_t trace_hide_end(const struct pool_trace_entry *entry)
{
    if (entry->text || !strcmp(entry->purpose, "input"))
        return 0;
    return strcmp(entry->purpose, "output") != 0 ? entry->size : sizeof(struct output_block);
}

static bool trace_is_near(uint64_t value, const void *known)
{
    uint64_t place = (uint64_t)(uintptr_t)known;

    return (value > place ? value - place : place - value) < ADDRESS_NEAR;
}

static bool trace_is_address(uint64_t value, const void *of_pool)
{
    static const char program;

    if (value < ADDRESS_PAGE || value >= ADDRESS_LIMIT)
        return false;
    return value >= ADDRESS_LEAST || trace_is_near(value, &program) || trace_is_near(value, of_pool) ||
           trace_is_near(value, &value);
}

bool pool_trace_hides(const struct pool_trace_entry *entry, size_t offset)
{
    size_t left = entry->size - offset;
    uint64_t value = 0;

    if (offset >= trace_hide_end(entry))
        return false;
    memcpy(&value, entry->bytes + offset, left < sizeof value ? left : sizeof value);
    return trace_is_address(value, entry->bytes);
}
