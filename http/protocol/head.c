/* SPDX-License-Identifier: BSD-2-Clause */
/* The lookups in a head that are too long for inlining. */
#include "http/protocol/head.h"

const struct http_field *http_head_next(const struct http_head *head, const struct http_field *field)
{
    const struct http_field *end = head->fields + head->field_count;

    for (const struct http_field *next = field + 1; next < end; next++)
        if (next->id == field->id)
            return next;
    return NULL;
}

bool http_head_repeats_singleton(const struct http_head *head)
{
    const uint64_t singletons =
        UINT64_C(1) << HTTP_FIELD_AUTHORIZATION | UINT64_C(1) << HTTP_FIELD_PROXY_AUTHORIZATION |
        UINT64_C(1) << HTTP_FIELD_CONTENT_TYPE | UINT64_C(1) << HTTP_FIELD_CONTENT_RANGE;

    return (head->repeated & singletons) != 0;
}
