/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of a file: one is sent as it is, several as multipart/byteranges (RFC 9110 14.6). */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "http/filters.h"
#include "http/flow.h"
#include "http/protocol/condition.h"
#include "http/protocol/range.h"
#include "http/protocol/status.h"

enum {
    BOUNDARY_DIGITS = 20, /* as nginx */
    PART_HEAD = 128,      /* bytes of a part's head without its type: names, boundary and three numbers */
};

static void take_one(struct http_response *response, const struct http_range *range, int64_t size)
{
    response->offset += range->first;
    response->range_first = range->first;
    response->range_size = size;
    response->content_length = range->last - range->first + 1;
    response->left = (uint64_t)response->content_length;
}

/* Unlike any bytes of the file: nobody can know the number before it is used. */
static uint64_t next_boundary(const struct http_request *request)
{
    static atomic_uint_fast64_t count;
    uint64_t number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);

    return (number * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)(http_now(request) * 1e6) << 12) ^
           (uint64_t)(uintptr_t)request;
}

static int take_several(struct http_request *request, const struct http_range *ranges, unsigned count)
{
    struct http_response *response = &request->response;
    struct http_text type = response->content_type;
    struct http_part *parts = pool_array(request->pool, count + 1, sizeof *parts, "ranges");
    size_t room = PART_HEAD + type.length;
    char *heads = pool_nalloc(request->pool, (count + 1) * room, "ranges");
    char *own_type = pool_nalloc(request->pool, PART_HEAD, "ranges");
    uint64_t boundary = next_boundary(request);
    int64_t size = response->content_length, total = 0;
    int length;

    if (!parts || !heads || !own_type)
        return -ENOMEM;
    for (unsigned i = 0; i <= count; i++, heads += room) {
        if (i == count)
            length =
                snprintf(heads, room, "\r\n--%0*llu--\r\n", BOUNDARY_DIGITS, (unsigned long long)boundary);
        else
            length =
                snprintf(heads, room, "\r\n--%0*llu\r\n%s%.*s%sContent-Range: bytes %lld-%lld/%lld\r\n\r\n",
                         BOUNDARY_DIGITS, (unsigned long long)boundary, type.length ? "Content-Type: " : "",
                         (int)type.length, type.bytes, type.length ? "\r\n" : "", (long long)ranges[i].first,
                         (long long)ranges[i].last, (long long)size);
        parts[i] = (struct http_part){.before = {heads, (size_t)length}};
        if (i < count) {
            parts[i].offset = response->offset + ranges[i].first;
            parts[i].size = ranges[i].last - ranges[i].first + 1;
        }
        total += length + parts[i].size;
    }
    length = snprintf(own_type, PART_HEAD, "multipart/byteranges; boundary=%0*llu", BOUNDARY_DIGITS,
                      (unsigned long long)boundary);
    response->content_type = (struct http_text){own_type, (size_t)length};
    response->content_length = total;
    response->left = 0;
    response->part = parts;
    response->piecewise = true;
    return 0;
}

static int refuse(struct http_request *request)
{
    int64_t size = request->response.content_length;

    (void)http_answer_status(request, 416);
    request->response.range_size = size;
    return 0;
}

static unsigned count_commas(struct http_text value)
{
    unsigned count = 0;

    for (size_t i = 0; i < value.length; i++)
        count += value.bytes[i] == ',';
    return count;
}

int http_ranges_take(struct http_request *request)
{
    const struct http_field *field = http_head_find(&request->head, HTTP_FIELD_RANGE);
    struct http_response *response = &request->response;
    struct http_validators validators = {.etag = response->etag, .last_modified = response->last_modified};
    int64_t most = request->location->core.max_ranges;
    struct http_range one, *ranges = &one;
    struct http_text value;
    unsigned count;

    /* RFC 9110 14.2: of other methods than GET it must be ignored; two lines make no valid value together. */
    if (!field || !most || request->head.method != HTTP_GET ||
        http_head_repeats(&request->head, HTTP_FIELD_RANGE) ||
        !http_condition_range(&request->head, &validators))
        return 0;
    value = http_field_value(&request->head, field);
    if (count_commas(value) < most)
        most = count_commas(value) + 1;
    if (most > 1) {
        ranges = pool_array(request->pool, (size_t)most, sizeof *ranges, "ranges");
        if (!ranges)
            return -ENOMEM;
    }
    switch (http_range_parse(value, response->content_length, ranges, (unsigned)most, &count)) {
    case HTTP_RANGE_NONE:
        return 0;
    case HTTP_RANGE_UNSATISFIABLE:
        return refuse(request);
    case HTTP_RANGE_OK:
        break;
    }
    request->status = 206;
    request->route.final_status = 0; /* error_page's =200 is for the whole */
    if (count > 1)
        return take_several(request, ranges, count);
    take_one(response, ranges, response->content_length);
    return 0;
}
