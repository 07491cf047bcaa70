/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads each range, compares it with the size, and counts it. */
#include "http/protocol/range.h"

#include "http/protocol/list.h"

enum spec {
    SPEC_INSIDE,
    SPEC_OUTSIDE,
    SPEC_MALFORMED,
};

/* range-spec = first-pos "-" [ last-pos ] / "-" suffix-length (RFC 9110 14.1.2), against `size` bytes. */
static enum spec read_spec(struct http_text text, int64_t size, struct http_range *range)
{
    int64_t first, last;
    bool above; /* unused: the part behind the end is cut off */
    const char *end = text.bytes + text.length, *dash = http_read_number(text.bytes, end, &first, &above),
               *at;
    bool has_first = dash > text.bytes, has_last;

    if (dash == end || *dash != '-')
        return SPEC_MALFORMED;
    at = http_read_number(dash + 1, end, &last, &above);
    has_last = at > dash + 1;
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
    struct http_text rest, member;
    int64_t total = 0;

    *count = 0;
    /* An empty file has no parts: it is answered 200, as in nginx. */
    if (size == 0 || capacity == 0 || value.length < 6 || !http_text_is(value.bytes, 6, "bytes="))
        return HTTP_RANGE_NONE;
    rest = (struct http_text){value.bytes + 6, value.length - 6};
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
