/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/list.h"
#include "http/protocol/range.h"

/* 1*DIGIT at *at: moves it behind and returns true. A number above INT64_MAX becomes that. */
static bool read_number(const char **at, const char *end, int64_t *number)
{
    const char *start = *at;
    *number = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        int64_t next;
        if (__builtin_mul_overflow(*number, 10, &next) || __builtin_add_overflow(next, **at - '0', &next))
            next = INT64_MAX;
        *number = next;
    }
    return *at > start;
}

enum spec {
    SPEC_INSIDE,
    SPEC_OUTSIDE,
    SPEC_MALFORMED,
};

/* range-spec = first-pos "-" [ last-pos ] / "-" suffix-length (RFC 9110 14.1.2), against `size` bytes. */
static enum spec read_spec(struct http_text text, int64_t size, struct http_range *range)
{
    const char *at = text.bytes, *end = text.bytes + text.length;
    int64_t first, last;
    bool has_first = read_number(&at, end, &first);
    if (at == end || *at++ != '-')
        return SPEC_MALFORMED;
    bool has_last = read_number(&at, end, &last);
    if (at != end || (!has_first && !has_last) || (has_first && has_last && last < first))
        return SPEC_MALFORMED;
    if (!has_first) { /* the last `last` bytes */
        if (last == 0)
            return SPEC_OUTSIDE;
        *range = (struct http_range){last < size ? size - last : 0, size - 1};
        return SPEC_INSIDE;
    }
    if (first >= size)
        return SPEC_OUTSIDE;
    *range = (struct http_range){first, has_last && last < size ? last : size - 1};
    return SPEC_INSIDE;
}

enum http_range_result http_range_parse(struct http_text value, int64_t size, struct http_range *ranges,
                                        unsigned capacity, unsigned *count)
{
    *count = 0;
    /* Nothing is a part of nothing: an empty file is answered 200, as by nginx. */
    if (size == 0 || capacity == 0 || value.length < 6 || !http_text_is(value.bytes, 6, "bytes="))
        return HTTP_RANGE_NONE;
    struct http_text rest = {value.bytes + 6, value.length - 6}, member;
    int64_t total = 0;
    while (list_next(&rest, &member)) {
        struct http_range range;
        switch (read_spec(member, size, &range)) {
        case SPEC_MALFORMED:
            return HTTP_RANGE_UNSATISFIABLE;
        case SPEC_OUTSIDE:
            continue;
        case SPEC_INSIDE:
            break;
        }
        /* RFC 9110 14.2 lets a server ignore many small or overlapping ranges; nginx draws the line here. */
        if (*count == capacity)
            return HTTP_RANGE_NONE;
        if (__builtin_add_overflow(total, range.last - range.first + 1, &total) || total > size)
            return HTTP_RANGE_NONE;
        ranges[(*count)++] = range;
    }
    return *count > 0 ? HTTP_RANGE_OK : HTTP_RANGE_UNSATISFIABLE;
}
