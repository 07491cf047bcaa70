/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/head.h"

const struct http_field *http_head_next(const struct http_head *head, const struct http_field *field)
{
    const struct http_field *end = head->fields + head->field_count;
    for (const struct http_field *next = field + 1; next < end; next++) {
        if (next->id == field->id)
            return next;
    }
    return NULL;
}

const struct http_field *http_head_find_name(const struct http_head *head, const char *name, size_t length)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        struct http_text have = http_field_name(head, &head->fields[i]);
        if (have.length != length)
            continue;
        size_t at = 0;
        while (at < length && http_lower(have.bytes[at]) == http_lower(name[at]))
            at++;
        if (at == length)
            return &head->fields[i];
    }
    return NULL;
}

bool http_head_repeats_singleton(const struct http_head *head)
{
    const uint64_t singletons =
        UINT64_C(1) << HTTP_FIELD_AUTHORIZATION | UINT64_C(1) << HTTP_FIELD_PROXY_AUTHORIZATION |
        UINT64_C(1) << HTTP_FIELD_CONTENT_TYPE | UINT64_C(1) << HTTP_FIELD_CONTENT_RANGE;

    return (head->repeated & singletons) != 0;
}
